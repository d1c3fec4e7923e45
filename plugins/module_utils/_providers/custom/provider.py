# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A product with custom resources that the plan describes: its objects, a patch per verb, what their status means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from ..._errors import DrError
from ..._model.group_status import GroupStatus, SyncProof, combine
from ..._model.plan import Group
from ..base import Capabilities
from ..last_primary import against_enabling, against_promotion, count_of_demotion, is_split
from ..listing_provider import ListingProvider
from ..ownership import DEMOTION
from ..shared_reads import SharedReads
from ..site_handle import SiteHandle
from .checks import (
    absent,
    at_peer,
    check_no_split,
    existing,
    matched,
    named,
    refuse,
    require_objects,
    require_promotable,
    require_proof,
    require_role,
    undescribed,
)
from .description import Description
from .guard import DescribedCopy
from .side import Listing, Side, by_name
from .status import Sight, Unit, role_of, volume_status
from .steps import looked_at, run_steps, to_role

REMEDY = "install the product there, or correct resource in the plan"


class CustomProvider(ListingProvider):
    """`options` of a group: see plan_custom_fields. What the plan does not describe is refused as unsupported."""

    name = "custom"
    capabilities = Capabilities(final_sync=True, force=True, pause=True, reports_lag=True, groups=True)

    def __init__(self, sites: Mapping[str, SiteHandle]) -> None:
        super().__init__(sites)
        self._reads: SharedReads[Listing] = SharedReads(by_name, REMEDY)

    @classmethod
    def detect(cls, group: Group, site: SiteHandle) -> str:
        """Never: a plan that describes a product names this provider."""
        return ""

    def covers(self, group: Group, site: str, pv: Mapping[str, Any]) -> bool:
        return self._side(group, site).covers(pv)

    def needed_by(self, group: Group, site: str, claim: tuple[str, str]) -> str:
        side = self._side(group, site)
        for unit in side.units():
            if unit.item and unit.claim in (None, claim):
                return f"{side.described.kind.kind}/{'/'.join(part for part in unit.key if part)}"
        return ""

    def enable(self, group: Group, source: str, target: str) -> bool:
        """Without `create` in the plan the objects have to be there, in their roles."""
        here, there = self._side(group, source), self._side(group, target)
        mine, theirs = named(here, "replicate"), there.units()
        here.check_not_of_others(mine)
        there.check_not_of_others(theirs)
        mine, theirs = looked_at(here, mine), looked_at(there, theirs)
        refuse("replicate", here, mine, there, matched(mine, theirs), against_enabling)
        primaries = [unit for unit in mine if unit.item is None]
        secondaries = [unit for unit in theirs if unit.item is None]
        require_objects(here, primaries)
        require_objects(there, secondaries)
        here.create(primaries, "primary")
        run_steps(here, "replicate", [here.described.waiting("create")], primaries, _is_primary)
        there.create(secondaries, "secondary")
        run_steps(there, "replicate", [there.described.waiting("create")], secondaries, _is_secondary)
        return bool(primaries or secondaries)

    def enabled(self, group: Group, site: str) -> bool:
        return bool(self._side(group, site).ours())

    def disable(self, group: Group, site: str) -> bool:
        side = self._side(group, site)
        ours = side.ours()
        side.delete(ours)
        return bool(ours)

    def release(self, group: Group, site: str, claims: Sequence[str]) -> None:
        """An object per group knows no claims of its own."""
        side = self._side(group, site)
        side.delete([unit for unit in side.ours() if unit.claim and "/".join(unit.claim) in claims])

    def promote(self, group: Group, site: str, forced: bool) -> bool:
        side = self._side(group, site)
        units = named(side, "promote")
        primaries = {unit.key for unit in units if role_of(side.described, unit) == "primary"}
        todo = [unit for unit in units if unit.key not in primaries]
        if not forced:
            check_no_split(side, self._peer(side), [unit for unit in units if unit.key in primaries])
        if not todo:
            return False
        side.check_not_of_others(todo)
        if not forced:
            there = self._peer(side)
            refuse("promote", side, todo, there, at_peer(there, todo), against_promotion)
        missing = [unit for unit in todo if unit.item is None]
        if missing and side.described.create is None:
            raise absent(side, "promote", missing[0])
        side.create(missing, "primary")
        steps = (side.described.steps("force") if forced else ()) or side.described.steps("promote")
        run_steps(side, "promote", to_role(side, steps), todo, _is_primary)
        return True

    def demote(self, group: Group, site: str) -> bool:
        side = self._side(group, site)
        todo = [unit for unit in existing(side, "demote") if role_of(side.described, unit) != "secondary"]
        if not todo:
            return False
        side.check_not_of_others(todo)
        steps = to_role(side, side.described.steps("demote"))
        run_steps(side, "demote", steps, todo, _is_secondary, self._count(side, todo))
        return True

    def check_movable(self, groups: Sequence[Group], source: str, target: str) -> None:
        """What a demotion, its proof or a promotion would refuse with all VMs off."""
        since = self._moment()
        for group in groups:
            side, there = self._side(group, source), self._side(group, target)
            require_proof(side)
            side.check_not_of_others(existing(side, "move", since))
            require_promotable(there, since)

    def check_forceable(self, groups: Sequence[Group], site: str) -> None:
        since = self._moment()
        for group in groups:
            require_promotable(self._side(group, site), since)

    def final_sync(self, group: Group, source: str, target: str) -> SyncProof:
        side, there = self._side(group, source), self._side(group, target)
        require_proof(side)
        tried = "prove the final sync"
        units = existing(side, f"{tried} of")
        require_role(side, units, "secondary", tried, "what is still writable proves nothing", "demote it first")
        steps = (*side.described.steps("final_sync"), side.described.waiting("status.proof"))
        run_steps(side, f"{tried} of", steps, units, lambda sight: bool(sight.proof))
        peers = at_peer(there, units)
        writable = [unit.volume for unit in peers if unit.item and role_of(there.described, unit) != "secondary"]
        return SyncProof(
            group.name,
            holds=not writable,
            compared=f"status.proof of each {side.described.kind.kind} at {source} after its demotion, as the plan"
            " describes it; no content was compared",
            source=volume_status(side.described, side.look(units)[0]).sync_proof,
            target=f"not secondary: {', '.join(writable)}" if writable else "no copy is primary",
            at=side.api.clock.now().isoformat(),
            volumes=None if side.described.per_group else len(units),
        )

    def resync(self, group: Group, site: str) -> bool:
        side = self._side(group, site)
        if not side.described.steps("resync"):
            raise undescribed(group, "resynchronise", "verbs.resync")
        tried = "resynchronise"
        units = existing(side, tried)
        there = self._peer(side)
        why = "its data replaces this copy"
        remedy = f"promote {there.site.name} first, or find out which side holds the data"
        theirs = at_peer(there, units)
        require_role(there, theirs, "primary", f"{tried} the group", why, remedy)
        follow = all(_follows(side.described, unit) and not is_split(unit.item) for unit in units)
        if follow and all(map(partial(_sends, there.described), theirs)):
            return False
        side.check_not_of_others(units)
        # a copy that gives way to its peer was not primary last, whatever was counted
        forgotten = {unit.key: {DEMOTION: "0"} for unit in units}
        steps = to_role(side, side.described.steps("resync"))
        run_steps(side, tried, steps, units, _is_secondary, forgotten)
        # that the sides have diverged may show only when they reach each other again
        if broken := self._await_sent(side, units, there, theirs):
            run_steps(side, tried, steps, broken, _is_secondary)
            self._await_sent(side, [], there, theirs)
        return True

    def pause(self, group: Group, site: str) -> bool:
        return self._optional(group, site, "pause")

    def resume(self, group: Group, site: str) -> bool:
        return self._optional(group, site, "resume")

    def _optional(self, group: Group, site: str, verb: str) -> bool:
        side = self._side(group, site)
        steps = side.described.steps(verb)
        if not steps:
            raise undescribed(group, f"{verb} replication", f"verbs.{verb}")
        units = existing(side, verb)
        side.check_not_of_others(units)
        return run_steps(side, verb, steps, units, lambda _sight: True)

    def _await_sent(self, side: Side, units: Sequence[Unit], there: Side, theirs: Sequence[Unit]) -> list[Unit]:
        """Until the primary's data arrives, where the plan lets anybody see it; or the copies that cannot take it."""

        def broken() -> list[Unit]:
            return [unit for unit in side.look(units) if volume_status(side.described, unit).health == "error"]

        def left_of(seen: list[Unit]) -> list[Unit]:
            return [] if broken() else [unit for unit in seen if not _sends(there.described, unit)]

        if "direction" in there.described.status:
            there.wait(theirs, left_of, side.described.timeout, f"wait until group {side.group.name} is sent")
        return broken()

    def _moment(self) -> int:
        return self._reads.moment()

    def _look(self, group: Group, site: str, since: int) -> GroupStatus:
        side = self._side(group, site)
        units = side.units(since)
        found = [volume_status(side.described, unit) for unit in units]
        last_sync = f"{side.described.kind.kind}: {side.described.status.get('last_sync', '')}"
        return replace(combine(group.name, site, found, last_sync), present=any(unit.item for unit in units))

    def _side(self, group: Group, site: str) -> Side:
        return Side(group, self.sites[site], self._reads)

    def _peer(self, side: Side) -> Side:
        return self._side(side.group, side.site.plan.peer_of(side.site.name))

    def _count(self, side: Side, units: Sequence[Unit]) -> dict[tuple[str, str], dict[str, str]]:
        """For each copy that is primary now. A silent peer is not demoted meanwhile."""
        there = self._peer(side)
        try:
            peers = at_peer(there, units)
        except DrError:
            peers = [replace(unit, item=None) for unit in units]
        counts = {
            unit.key: count_of_demotion(DescribedCopy(unit, side.described), DescribedCopy(peer, there.described))
            for unit, peer in zip(units, peers, strict=True)
            if role_of(side.described, unit) == "primary"
        }
        return {key: {DEMOTION: str(count)} for key, count in counts.items()}


def _is_primary(sight: Sight) -> bool:
    return sight.role == "primary"


def _is_secondary(sight: Sight) -> bool:
    return sight.role == "secondary"


def _sends(description: Description, unit: Unit) -> bool:
    return volume_status(description, unit).direction == "outgoing"


def _follows(description: Description, unit: Unit) -> bool:
    seen = volume_status(description, unit)
    return (seen.role, seen.health, seen.direction) == ("secondary", "healthy", "incoming")
