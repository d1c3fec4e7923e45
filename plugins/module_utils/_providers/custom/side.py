# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One group's objects of a described product at one site: named by the plan, read, made, deleted."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..._cluster.api import Api, describe
from ..._cluster.bulk import for_each
from ..._cluster.waiting import wait_for
from ..._errors import Conflict, Refused
from ..._model.expression import is_true
from ..._model.filled_text import fill
from ..._model.group_status import Role
from ..._model.plan import Group
from ..object_wait import patient
from ..ownership import ownership
from ..shared_reads import SharedReads
from ..site_handle import ClaimedVolume, SiteHandle
from ..sure_writes import create_surely
from .description import Description, description_of
from .status import Unit, asked, described_state, owner

Object = dict[str, Any]
Listing = Mapping[tuple[str, str], Object]
# seconds; how old a list may be that a wait looks at
WAIT_AGE = 1.0
SHOWN = 3


def by_name(items: Iterable[Object]) -> Listing:
    return {(item["metadata"].get("namespace", ""), item["metadata"]["name"]): item for item in items}


class Side:
    def __init__(self, group: Group, site: SiteHandle, reads: SharedReads[Listing]) -> None:
        self.group = group
        self.site = site
        self.described: Description = description_of(group, site.name)
        self._reads = reads

    @property
    def api(self) -> Api:
        return self.site.api

    def covers(self, pv: Mapping[str, Any]) -> bool:
        return is_true(asked("covers", self.described.covers, pv))

    def moment(self) -> int:
        """Now, for `look`."""
        return self._reads.moment()

    def units(self, since: int | None = None) -> list[Unit]:
        """Of this site's claims, or of the group, as listed after the moment, or after now."""
        return self.look(self.named(), since)

    def named(self) -> list[Unit]:
        """What the plan says there should be, without looking for it."""
        if self.described.per_group:
            places = self._places()
            return [Unit(self.described.key(places), places)]
        return [self._of_claim(volume) for volume in self.site.volumes(self.group)]

    def look(self, units: Sequence[Unit], since: int | None = None, age: float | None = None) -> list[Unit]:
        """These with their objects as they are now."""
        moment = self.moment() if since is None else since
        spaces, kind = dict.fromkeys(unit.key[0] for unit in units), self.described.kind
        found = {space: self._reads.read(self.api, kind, space or None, moment, age) for space in spaces}
        return [replace(unit, item=found[unit.key[0]].get(unit.key)) for unit in units]

    def ours(self, units: Sequence[Unit] | None = None) -> list[Unit]:
        """Of these, or of all that are named, what was made for the plan."""
        found = self.units() if units is None else units
        return [unit for unit in found if unit.item and owner(unit.item) == self.site.plan.name]

    def check_not_of_others(self, units: Iterable[Unit]) -> None:
        for unit in units:
            plan = owner(unit.item) if unit.item else ""
            if plan not in ("", self.site.plan.name):
                raise Conflict(
                    "change what replicates the volume",
                    site=self.site.name,
                    on=describe(self.described.kind, *unit.key),
                    seen=f"it belongs to plan {plan}",
                    wanted="an object of this plan",
                    next_step="it was not touched: correct the name in the plan, or end the other plan's protection",
                )

    def create(self, units: Sequence[Unit], role: Role) -> None:
        self.each(units, lambda unit: create_surely(self.api, self.described.kind, self._new(unit, role)))

    def delete(self, units: Sequence[Unit]) -> None:
        """And wait until they are gone: a finalizer may have to end the replication first."""

        def end(unit: Unit) -> None:
            uid = unit.item["metadata"]["uid"] if unit.item else None
            self.api.delete(self.described.kind, unit.key[1], unit.key[0] or None, uid)

        self.each(units, end)
        self.wait(
            units,
            lambda found: [unit for unit in found if unit.item],
            self.described.timeout,
            f"end the replication of group {self.group.name}",
        )

    def each(self, units: Iterable[Unit], verb: Callable[[Unit], Any]) -> None:
        """In parallel. Some may fail: then all are tried, and the first failure is raised."""
        for _unit, error in for_each(units, verb).failed:
            raise error

    def wait(
        self, units: Sequence[Unit], left_of: Callable[[list[Unit]], list[Unit]], seconds: float, tried: str
    ) -> None:
        """Until none is left; an API server that does not answer meanwhile is waited for, too."""
        since = self.moment()

        def look() -> tuple[bool, str]:
            left = left_of(self.look(units, since, WAIT_AGE))
            words = [described_state(self.described, unit) for unit in left[:SHOWN]]
            more = [f"and {len(left) - SHOWN} more"] if len(left) > SHOWN else []
            return not left, "; ".join([f"{len(units) - len(left)} of {len(units)} are", *words, *more])

        hint = f"look at the status of the {self.described.kind.kind} and at the product's operator; then start again"
        if units:
            wait_for(self.api.clock, seconds, patient(look), tried, self.site.name, f"group {self.group.name}", hint)

    def refused(self, tried: str, seen: str, wanted: str, next_step: str) -> Refused:
        on = f"group {self.group.name}"
        return Refused(tried, site=self.site.name, on=on, seen=seen, wanted=wanted, next_step=next_step)

    def _of_claim(self, volume: ClaimedVolume) -> Unit:
        meta = volume.pvc["metadata"]
        places = {**self._places(), "claim.namespace": meta["namespace"], "claim.name": meta["name"]}
        if volume.pv:
            places["pv.name"] = volume.pv["metadata"]["name"]
        try:
            return Unit(self.described.key(places), places, (meta["namespace"], meta["name"]))
        except KeyError as error:
            raise self._unbound(volume.claim) from error

    def _places(self) -> dict[str, str]:
        plan, site = self.site.plan, self.site.name
        values = {f"values.{name}": text for name, text in self.described.values.items()}
        names = {"plan": plan.name, "group": self.group.name, "site": site, "peer": plan.peer_of(site)}
        return {**values, **names, "unique": uuid.uuid4().hex[:12]}

    def _new(self, unit: Unit, role: Role) -> Object:
        try:
            body = fill(self.described.create or {}, {**unit.places, "role": role})
        except KeyError as error:
            raise self._unbound(unit.volume) from error
        meta = body.get("metadata", {})
        labels = {**meta.get("labels", {}), **ownership(self.site.plan.name, self.group.name)}
        named = {"name": unit.key[1], **({"namespace": unit.key[0]} if unit.key[0] else {})}
        kind = self.described.kind
        return {
            "apiVersion": kind.api_version,
            "kind": kind.kind,
            **body,
            "metadata": {**meta, **named, "labels": labels},
        }

    def _unbound(self, claim: str) -> Refused:
        wanted = "a claim that is bound: the plan uses {pv.name}"
        return self.refused(
            "name what replicates the claim", f"{claim} has no volume", wanted, "wait until it is bound"
        )
