# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One group's replication objects at one site: found, matched with its claims, written, waited for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from ..._cluster.api import Api
from ..._cluster.bulk import for_each
from ..._cluster.kinds import (
    VOLUME_GROUP_REPLICATION,
    VOLUME_GROUP_REPLICATION_CLASS,
    VOLUME_REPLICATION,
    VOLUME_REPLICATION_CLASS,
    Kind,
)
from ..._errors import Refused
from ..._model.plan import Group
from ..object_wait import Awaited, Key, await_absent, settle
from ..shared_reads import SharedReads
from ..site_handle import ClaimedVolume, SiteHandle
from ..sure_writes import create_surely, patch_surely
from ..verdict import Verdict
from .classes import Classes
from .listing import Listing, Unit
from .objects import (
    MOST_CLAIMS_OF_A_GROUP,
    State,
    group_object_name,
    group_replication,
    is_adopted,
    release_patch,
    state_patch,
    volume_replication,
)
from .options import CsiAddonsOptions, options_of
from .schedule import latest_report
from .status import (
    IN_WORDS,
    PARAMETERS,
    PROVISIONER,
    Goal,
    judge,
    left_out,
    owner,
)

Object = dict[str, Any]
# seconds; how old a list may be that a wait looks at
WAIT_AGE = 1.0
HINT = "look at the object's conditions, the csi-addons manager's log and the driver; then start again"


class Side:
    """claims: the group's at this site; without any there is nothing that could be written here."""

    def __init__(self, group: Group, site: SiteHandle, reads: SharedReads[Listing]) -> None:
        self.group = group
        self.site = site
        self.options = self._read_options()
        self.per_group = self.options.per == "group"
        self.kind: Kind = VOLUME_GROUP_REPLICATION if self.per_group else VOLUME_REPLICATION
        self._reads = reads
        self._classes = Classes(group, site, reads)

    def _read_options(self) -> CsiAddonsOptions:
        return options_of(self.group, self.site.name)

    @property
    def api(self) -> Api:
        return self.site.api

    @property
    def claims(self) -> list[ClaimedVolume]:
        return self.site.volumes(self.group)

    def units(self, since: int | None = None) -> list[Unit]:
        """Of this site's claims, as listed after the moment, or after now."""
        return self.matched(self.keys(), since)

    def keys(self) -> list[Key]:
        """What the claims of this site make necessary."""
        claims = self.claims
        if not self.per_group:
            return [(item.pvc["metadata"]["namespace"], item.pvc["metadata"]["name"]) for item in claims]
        namespaces = sorted({item.pvc["metadata"]["namespace"] for item in claims})
        if len(namespaces) > 1:
            wanted = "one: a VolumeGroupReplication selects claims of its own namespace"
            raise self.refused(
                "replicate the group as one",
                f"claims in {len(namespaces)} namespaces: {', '.join(namespaces)}",
                wanted,
                "make a group of the plan for each namespace, or set per: volume",
            )
        if len(claims) > MOST_CLAIMS_OF_A_GROUP:
            raise self.refused(
                "replicate the group as one",
                f"{len(claims)} claims",
                f"at most {MOST_CLAIMS_OF_A_GROUP}: a VolumeGroupReplication holds no more",
                "split the group, or set per: volume",
            )
        return [(namespace, group_object_name(self.site.plan.name, self.group.name)) for namespace in namespaces]

    def matched(self, keys: Sequence[Key], since: int | None = None) -> list[Unit]:
        """The keys with their objects here. One claim with two objects is refused: the controller obeys one of them."""
        moment = self._reads.moment() if since is None else since
        lists = {namespace: self._list(namespace, moment) for namespace in dict.fromkeys(key[0] for key in keys)}
        return [Unit(key, self._object_of(lists[key[0]], key)) for key in keys]

    def check_class(self) -> None:
        """Refuse before anything is written."""
        self._classes.check(VOLUME_REPLICATION_CLASS, self.options.class_name)
        if self.per_group:
            self._classes.check(VOLUME_GROUP_REPLICATION_CLASS, self.options.group_class)

    def ask(self, units: Sequence[Unit], state: State, demotions: Mapping[Key, int] | None = None) -> list[Unit]:
        """Create or patch the objects in parallel; the units with what the server stored. Some may fail: then all are
        tried, and the first failure is raised."""
        outcome = for_each(units, partial(self._ask, state=state, demotions=demotions or {}))
        for _unit, error in outcome.failed:
            raise error
        return [replace(unit, item=item) for unit, item in outcome.done]

    def settle(
        self, units: Sequence[Unit], goal: Goal, unless: Callable[[], bool] = lambda: False, later: float = 0.0
    ) -> None:
        """later: seconds by which the product tells of it after it is so."""
        wanted = {unit.object_key: unit.item["metadata"]["generation"] for unit in units if unit.item}
        tried = f"wait until group {self.group.name} is {IN_WORDS[goal]}"
        awaited = Awaited(IN_WORDS[goal], lambda item, generation: self.judge(item, goal, generation), HINT)
        seconds = self.options.timeout + later
        settle(self.api, self.kind, wanted, awaited, self._look_up(units), seconds, tried, unless)

    def judge(self, item: Mapping[str, Any], goal: Goal, generation: int) -> Verdict:
        found = judge(item, goal, generation)
        out = self.left_out(item)
        return Verdict(False, f"{found.seen}; {out}", found.terminal) if out else found

    def left_out(self, item: Mapping[str, Any]) -> str:
        """In words: claims that are here and that a group's object does not hold. A claim's own object holds it."""
        return left_out(item, [claim.pvc["metadata"]["name"] for claim in self.claims]) if self.per_group else ""

    def delete(self, units: Sequence[Unit]) -> None:
        """What is given back is not deleted."""

        def end(unit: Unit) -> None:
            if unit.item and self.is_given_back(unit.item):
                self.api.patch(self.kind, unit.object_key[1], unit.key[0], self.given_back())
            elif unit.item:
                self.api.delete(self.kind, unit.object_key[1], unit.key[0], unit.item["metadata"]["uid"])

        for _unit, error in for_each(units, end).failed:
            raise error
        keys = [unit.object_key for unit in units if unit.item and not self.is_given_back(unit.item)]
        tried = f"end the replication of group {self.group.name}"
        await_absent(self.api, self.kind, keys, self._look_up(units), self.options.timeout, tried, HINT)

    def is_given_back(self, item: Object) -> bool:
        """Whether it stays when we go, without our marks."""
        return is_adopted(item)

    def given_back(self) -> Object:
        """The patch by which it is."""
        return release_patch()

    def provisioner(self) -> str:
        """Of the group's VolumeReplicationClass here; empty when there is no such class."""
        item = self.replication_class()
        return str(PROVISIONER.read(item)) if item else ""

    def replication_class(self) -> Object | None:
        return self._classes.find(VOLUME_REPLICATION_CLASS, self.options.class_name)

    def latest_report(self) -> float:
        """Seconds until this site's product tells of a sync; see there."""
        item = self.replication_class()
        return latest_report((PARAMETERS.read(item) if item else None) or {})

    def _ask(self, unit: Unit, state: State, demotions: Mapping[Key, int]) -> Object:
        plan, options = self.site.plan.name, self.options
        if unit.item is None:
            return create_surely(self.api, self.kind, self.completed(unit, self._new(unit, state)))
        adopted = not owner(unit.item)
        patch = state_patch(plan, self.group.name, state, demotions.get(unit.key), options.auto_resync, adopted)
        return patch_surely(self.api, self.kind, unit.object_key[1], unit.key[0], self.completed(unit, patch))

    def completed(self, unit: Unit, body: Object) -> Object:
        """An object or a patch as it is written, with what only one driver wants in it."""
        return body

    def _new(self, unit: Unit, state: State) -> Object:
        plan, options = self.site.plan.name, self.options
        if self.per_group:
            classes = (options.group_class, options.class_name)
            return group_replication(plan, self.group, unit.key[0], classes, state, options.auto_resync)
        return volume_replication(plan, self.group.name, *unit.key, options.class_name, state, options.auto_resync)

    def _look_up(self, units: Sequence[Unit]) -> Callable[[], Mapping[Key, Object]]:
        namespaces, since = sorted({unit.key[0] for unit in units}), self._reads.moment()

        def look() -> Mapping[Key, Object]:
            lists = [self._list(namespace, since, WAIT_AGE).by_name for namespace in namespaces]
            return {key: item for found in lists for key, item in found.items()} if len(lists) > 1 else lists[0]

        return look

    def _list(self, namespace: str, since: int, age: float | None = None) -> Listing:
        return self._reads.read(self.api, self.kind, namespace, since, age)

    def _object_of(self, found: Listing, key: Key) -> Object | None:
        if self.per_group:
            return found.by_name.get(key)
        items = found.by_source.get(key, ())
        if len(items) > 1:
            names = ", ".join(sorted(item["metadata"]["name"] for item in items))
            raise self.refused(
                "find what replicates the claim",
                f"PersistentVolumeClaim/{'/'.join(key)} has {len(items)} {self.kind.kind}s: {names}",
                "one: the controller ignores all others without a word",
                "delete those that the claim's annotation does not name",
            )
        return items[0] if items else None

    def refused(self, tried: str, seen: str, wanted: str, next_step: str, unit: Unit | None = None) -> Refused:
        on = f"group {self.group.name}" + (f", {unit.volume}" if unit else "")
        return Refused(tried, site=self.site.name, on=on, seen=seen, wanted=wanted, next_step=next_step)
