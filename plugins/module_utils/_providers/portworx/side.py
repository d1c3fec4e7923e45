# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One group's Stork objects at one site: found, made, patched, deleted, waited for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from ..._cluster.api import Api
from ..._cluster.api import describe as describe_object
from ..._cluster.kinds import MIGRATION, MIGRATION_SCHEDULE, STORK_ACTION, Kind
from ..._cluster.waiting import wait_for
from ..._errors import Conflict, Refused
from ..._model.plan import Group
from ..object_wait import await_absent, patient
from ..shared_reads import SharedReads
from ..site_handle import SiteHandle
from ..sure_writes import create_surely
from .drift import TEMPLATE, changes
from .objects import (
    Object,
    deactivate_patch,
    migration_schedule,
    schedule_name,
    schedule_spec,
    selectors,
    suspend_patch,
)
from .options import PortworxOptions, options_of
from .status import (
    ACTIVATED,
    NAMESPACES,
    REFERENCE,
    Key,
    Standing,
    is_copy,
    is_last_mile_of,
    is_scheduled_by,
    newest_last,
    owner,
    state,
)

Listing = tuple[Object, ...]
WAIT_AGE = 1.0
HINT = "look at the events of Stork's objects at both sites, and at the log of its pods; then start again"


class Side:
    def __init__(self, group: Group, site: SiteHandle, reads: SharedReads[Listing]) -> None:
        self.group = group
        self.site = site
        self.options: PortworxOptions = options_of(group, site.name)
        self._reads = reads
        plan, peer = site.plan.name, site.plan.peer_of(site.name)
        self.out_name = schedule_name(plan, group.name, site.name)
        self.copy_name = schedule_name(plan, group.name, peer)

    @property
    def api(self) -> Api:
        return self.site.api

    @property
    def namespace(self) -> str:
        """Of all Stork objects of the group, at both sites."""
        if self.options.namespace:
            return self.options.namespace
        if len(self.site.plan.namespaces) == 1:
            return self.site.plan.namespaces[0]
        raise self.refused(
            "find what replicates the group",
            f"the plan protects {len(self.site.plan.namespaces)} namespaces",
            "options.namespace: that of the group's claims; Stork's admin namespace where they are in several",
            "set it in the plan",
        )

    def claims(self) -> frozenset[Key]:
        """That are here, or that a run is going to make here."""
        volumes = self.site.volumes(self.group) or self.site.expected(self.group)
        return frozenset((item.pvc["metadata"]["namespace"], item.pvc["metadata"]["name"]) for item in volumes)

    def moment(self) -> int:
        return self._reads.moment()

    def standing(self, since: int | None = None, age: float | None = None) -> Standing:
        """As listed after the moment, or after now."""
        moment = self.moment() if since is None else since
        schedules = {item["metadata"]["name"]: item for item in self._list(MIGRATION_SCHEDULE, moment, age)}
        out, copy = schedules.get(self.out_name), schedules.get(self.copy_name)
        migrations = newest_last(self._list(MIGRATION, moment, age)) if out else ()
        actions = newest_last(self._list(STORK_ACTION, moment, age)) if copy else ()
        return Standing(
            out,
            copy,
            tuple(item for item in migrations if is_scheduled_by(item, self.out_name)),
            tuple(item for item in migrations if is_last_mile_of(item, self.out_name)),
            tuple(item for item in actions if REFERENCE.read(item) == self.copy_name),
            self.claims(),
        )

    def check_alone(self) -> None:
        """P8: an Action is of whole namespaces. It activates the copies of all schedules that migrate them."""
        mine = {self.out_name, self.copy_name}
        spaces = {self.namespace, *(key[0] for key in self.claims())}
        for space in sorted(spaces):
            for item in self._list(MIGRATION_SCHEDULE, self.moment(), None, space):
                name, strange = item["metadata"]["name"], owner(item) != self.site.plan.name
                ours = space == self.namespace and name in mine
                if (ours and strange) or (not ours and spaces & set(NAMESPACES.read(item) or ())):
                    whose = f"plan {owner(item)}" if owner(item) else "somebody else"
                    raise Conflict(
                        "take over what replicates the group",
                        site=self.site.name,
                        on=describe_object(MIGRATION_SCHEDULE, space, name),
                        seen=f"it belongs to {whose}, and migrates {', '.join(NAMESPACES.read(item) or ['nothing'])}"
                        if strange
                        else "it is of another group of this plan",
                        wanted="no other schedule for the namespaces of this group: Stork fails over whole namespaces",
                        next_step="it was not touched: delete it, or give each group namespaces of its own",
                    )

    def send(self, namespaces: Collection[str]) -> bool:
        """Make the schedule of this direction, or bring it to what the plan says; whether something was changed."""
        if self.group.selector.match_expressions:
            raise self.refused(
                "replicate the group",
                f"its selector has matchExpressions ({self.group.selector.to_query()})",
                "matchLabels only: Stork's selectors know equality",
                "give the group's claims a label of their own, and select that",
            )
        if set(namespaces) - {self.namespace} and not self.options.namespace:
            raise self.refused(
                "replicate the group",
                f"its claims are in {', '.join(sorted(namespaces))}",
                f"claims in {self.namespace}, or options.namespace",
                "name Stork's admin namespace: elsewhere a MigrationSchedule migrates its own namespace only",
            )
        labels = selectors(self.site.plan.name, self.group.selector.match_labels)
        spec = schedule_spec(self.options.cluster_pair, self.options.schedule_policy, sorted(namespaces), labels)
        found = self.standing().out
        if found is None:
            name = (self.site.plan.name, self.group.name, self.namespace, self.site.name)
            create_surely(self.api, MIGRATION_SCHEDULE, migration_schedule(*name, spec))
            return True
        return self._bring(found, spec)

    def follow(self, original: Object) -> bool:
        """Bring Stork's copy here to what it was made of: Stork copies a schedule once."""
        copy = self.standing().copy
        return copy is not None and self._bring(copy, {"template": {"spec": TEMPLATE.read(original)}})

    def _bring(self, stored: Object, spec: Object) -> bool:
        if patch := changes(stored, spec):
            self.api.patch(MIGRATION_SCHEDULE, stored["metadata"]["name"], self.namespace, patch)
        return bool(patch)

    def set_suspended(self, suspended: bool) -> None:
        self.api.patch(MIGRATION_SCHEDULE, self.out_name, self.namespace, suspend_patch(suspended))

    def deactivate(self) -> None:
        """Nobody has used what was failed over to here."""
        seen = self.api.patch(MIGRATION_SCHEDULE, self.copy_name, self.namespace, deactivate_patch())
        if ACTIVATED.read(seen):
            raise Conflict(
                "take the failover back",
                site=self.site.name,
                on=describe_object(MIGRATION_SCHEDULE, self.namespace, self.copy_name),
                seen="status.applicationActivated stays true",
                wanted="false",
                next_step="storkctl deactivate migrations there, then start again",
            )

    def await_copy(self) -> None:
        """Of the peer's schedule, which Stork there makes here."""
        self.settle(
            lambda seen: seen.receives and is_copy(seen.copy or {}),
            f"wait until Stork has made its copy of {self.copy_name}",
            "look whether Stork runs at the peer, and at the ClusterPair there: storkctl get clusterpair",
        )

    def settle(self, done: Callable[[Standing], bool], tried: str, hint: str = HINT) -> None:
        """An API server that does not answer meanwhile is waited for, too."""
        since = self.moment()

        def look() -> tuple[bool, str]:
            seen = self.standing(since, WAIT_AGE)
            return done(seen), state(seen)

        on = describe_object(MIGRATION_SCHEDULE, self.namespace, None)
        wait_for(self.api.clock, self.options.timeout, patient(look), tried, self.site.name, on, hint)

    def delete(self, kind: Kind, items: Iterable[Object | None]) -> bool:
        """Until they are gone: Stork has a finalizer on all of them. Whether there were any."""
        gone = [item["metadata"] for item in items if item]
        for meta in gone:
            self.api.delete(kind, meta["name"], self.namespace, meta.get("uid"))
        since = self.moment()

        def left() -> dict[Key, Object]:
            found = self._list(kind, since, WAIT_AGE)
            return {(self.namespace, item["metadata"]["name"]): item for item in found}

        keys = [(self.namespace, meta["name"]) for meta in gone]
        tried = f"end what Stork does for group {self.group.name}"
        await_absent(self.api, kind, keys, left, self.options.timeout, tried, HINT)
        return bool(gone)

    def refused(self, tried: str, seen: str, wanted: str, next_step: str) -> Refused:
        on = f"group {self.group.name}"
        return Refused(tried, site=self.site.name, on=on, seen=seen, wanted=wanted, next_step=next_step)

    def _list(self, kind: Kind, since: int, age: float | None, namespace: str = "") -> Listing:
        return self._reads.read(self.api, kind, namespace or self.namespace, since, age)
