# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""csi-addons: a VolumeReplication per claim, or a VolumeGroupReplication per group, at each site."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

from ..._cluster.kinds import VOLUME_REPLICATION_CLASS
from ..._errors import NotFound, Refused, Unreachable
from ..._model.group_status import GroupStatus, SyncProof, VolumeStatus, combine
from ..._model.plan import Group
from ..base import Capabilities, FenceProof, at_once
from ..ceph_rbd.images import is_rbd
from ..custom_resource import CustomResource
from ..listing_provider import ListingProvider
from ..object_wait import Key
from ..shared_reads import SharedReads
from ..site_handle import SiteHandle
from .fence import Fence
from .guard import against_enabling, against_promotion
from .options import IBM_DRIVER, options_of
from .resources import RESOURCES
from .side import Listing, Side, Unit, listing
from .status import (
    ASKED,
    PROVISIONER,
    cannot_follow,
    demotion,
    is_primary,
    judge,
    may_write,
    owner,
    stands_down_first,
    volume_status,
)

# objects that the manager works on at once, unless it is told otherwise
SWITCHED_AT_ONCE = 100
LAST_SYNC_SOURCE = "lastSyncTime of the primary's replication objects, the oldest of the group"
REMEDY = "install csi-addons with its definitions there, or correct the plan's provider"


class CsiAddonsProvider(ListingProvider):
    """`options` of a group: see csi_addons_options. A claim has the same namespace and name at both sites."""

    name = "csi_addons"
    capabilities = Capabilities(final_sync=True, force=True, reports_lag=True, groups=True, fencing=True)
    resources: ClassVar[tuple[CustomResource, ...]] = RESOURCES

    def __init__(self, sites: Mapping[str, SiteHandle]) -> None:
        super().__init__(sites)
        self._reads: SharedReads[Listing] = SharedReads(listing, REMEDY)

    @classmethod
    def detect(cls, group: Group, site: SiteHandle) -> str:
        volumes = [item.pv for item in site.candidates(group) if item.pv]
        drivers = {(pv["spec"].get("csi") or {}).get("driver") for pv in volumes}
        if len(drivers) != 1 or drivers == {None}:
            return ""
        driver = drivers.pop()
        if not cls._drives(driver):
            return ""
        try:
            classes = site.api.list(VOLUME_REPLICATION_CLASS)
        except NotFound:
            return ""
        names = sorted(item["metadata"]["name"] for item in classes if PROVISIONER.read(item) == driver)
        return f"{VOLUME_REPLICATION_CLASS.kind} {', '.join(names)} of {driver}" if names else ""

    def covers(self, group: Group, site: str, pv: Mapping[str, Any]) -> bool:
        side = self._side(group, site)
        csi = pv["spec"].get("csi")
        return bool(csi) and csi["driver"] == side.provisioner()

    def needed_by(self, group: Group, site: str, claim: tuple[str, str]) -> str:
        """Its VolumeReplication, or the VolumeGroupReplication of its namespace."""
        side = self._side(group, site)
        for unit in side.units():
            if unit.item and unit.key[0] == claim[0] and (side.per_group or unit.key == claim):
                return f"{side.kind.kind}/{'/'.join(unit.object_key)}"
        return ""

    def clone_remedy(self, pv: Mapping[str, Any]) -> str:
        remedy = "set the VolumeReplicationClass's parameter flattenMode to force, or flatten the image (rbd flatten)"
        return remedy if is_rbd(pv) else ""

    def enable(self, group: Group, source: str, target: str) -> bool:
        """Primary at the source; secondary at the target where its claims are there already."""
        here, there = self._side(group, source), self._side(group, target)
        keys = self._keys(here, "replicate")
        here.check_class()
        if there.keys():
            there.check_class()
        units, peers = here.matched(keys), there.matched(keys)
        self._refuse("replicate", here, units, peers, partial(against_enabling, peer=target))
        followers = [unit for unit in there.units() if unit.item is None or not owner(unit.item)]
        here.check_ours(units)
        there.check_ours(followers)
        todo = [unit for unit in units if unit.item is None or not is_primary(unit.item) or not owner(unit.item)]
        here.settle(here.ask(todo, "primary"), "primary")
        there.settle(there.ask(followers, "secondary"), "secondary")
        return bool(todo or followers)

    def enabled(self, group: Group, site: str) -> bool:
        return bool(self._mine(self._side(group, site)))

    def disable(self, group: Group, site: str) -> bool:
        side = self._side(group, site)
        mine = self._mine(side)
        if not mine:
            return False
        side.check_class()
        side.delete(mine)
        return True

    def release(self, group: Group, site: str, claims: Sequence[str]) -> None:
        """With an object per group, taking the plan's label from the claim takes it out of the group."""
        side = self._side(group, site)
        if side.per_group:
            return
        units = side.matched([(namespace, name) for namespace, _slash, name in (key.partition("/") for key in claims)])
        mine = [unit for unit in units if unit.item and owner(unit.item) == side.site.plan.name]
        if mine:
            side.check_class()
            side.delete(mine)

    def promote(self, group: Group, site: str, forced: bool) -> bool:
        side = self._side(group, site)
        units = side.matched(self._keys(side, "promote"))
        todo = [unit for unit in units if unit.item is None or not is_primary(unit.item)]
        if not todo:
            return False
        side.check_class()
        side.check_ours(todo)
        self._check_promotion(side, todo, forced)
        if stuck := [unit for unit in todo if self._stands_down_first(unit)]:
            side.settle(side.ask(stuck, "secondary"), "secondary")
            todo = side.matched([unit.key for unit in todo])
        self._make_primary(side, todo, forced)
        return True

    def promote_all(self, groups: Sequence[Group], site: str, forced: bool) -> list[bool]:
        """Asked for at once: with nothing left to do the product would lose the time until we see that it has ended."""
        return at_once(lambda group: self.promote(group, site, forced), groups, SWITCHED_AT_ONCE)

    def demote(self, group: Group, site: str) -> bool:
        side = self._side(group, site)
        units = self._existing(side, "demote")
        todo = [unit for unit in units if not judge(unit.item or {}, "secondary").done]
        if not todo:
            return False
        side.check_class()
        side.check_ours(todo)
        side.settle(side.ask(todo, "secondary", self._count(side, todo)), "secondary")
        return True

    def final_sync(self, group: Group, source: str, target: str) -> SyncProof:
        side, there = self._side(group, source), self._side(group, target)
        units = self._existing(side, "prove the final sync of")
        for unit in units:
            if may_write(unit.item or {}):
                raise Refused(
                    "prove the final sync",
                    site=source,
                    on=f"group {group.name}, {unit.volume}",
                    seen=volume_status(unit.volume, unit.item, side.kind.kind).message or "role primary",
                    wanted="secondary: what is still writable proves nothing",
                    next_step="demote it first",
                )
        side.settle(units, "synced")
        peers = there.matched([unit.key for unit in units])
        writable = [unit.volume for unit in peers if unit.item and may_write(unit.item)]
        return SyncProof(
            group.name,
            holds=not writable,
            compared=f"conditions of each {side.kind.kind} at {source} after its demotion; no content was compared",
            source="state Secondary, Degraded=False, Resyncing=False: both sides are secondary and hold the same",
            target=f"not secondary: {', '.join(writable)}" if writable else "no copy is or becomes primary",
            at=side.api.clock.now().isoformat(),
            volumes=len(units) if not side.per_group else len(side.claims),
        )

    def resync(self, group: Group, site: str) -> bool:
        """Demote, see whether the copy follows by itself, and throw it away only where it does not.

        Whether it then gets all, only the peer shows: its last sync is later than its promotion.
        """
        side = self._side(group, site)
        units = self._existing(side, "resynchronise")
        peer = side.site.plan.peer_of(site)
        sources = self._at_peer(side, peer, units)
        if all(judge(unit.item or {}, "follows").done for unit in units) and all(
            judge(unit.item or {}, "sends").done for unit in sources
        ):
            return False
        side.check_class()
        side.check_ours(units)
        self._check_source(side, peer, sources)
        todo = [unit for unit in units if not judge(unit.item or {}, "secondary").done]
        # a copy that gives way to its peer was not primary last, whatever was counted
        forgotten = {unit.key: 0 for unit in units}
        side.settle(side.ask(todo, "secondary", forgotten), "secondary")
        side.settle(units, "reported")
        there = self._side(group, peer)
        ordered: set[Key] = set()

        def unable() -> list[Unit]:
            # that the sides have diverged may show only after the report, when they reach each other again: not of
            # all copies at once
            looked_at = side.matched([unit.key for unit in units if unit.key not in ordered])
            return [unit for unit in looked_at if unit.item and cannot_follow(unit.item)]

        while True:
            there.settle(sources, "sends", unless=lambda: bool(unable()))
            broken = unable()
            if not broken:
                break
            side.settle(side.ask(broken, "resync", forgotten), "resyncing")
            side.settle(side.ask(broken, "secondary"), "follows")
            ordered |= {unit.key for unit in broken}
        return bool(todo or ordered)

    def fence(self, group: Group, survivor: str, lost: str) -> FenceProof:
        return FenceProof(group.name, self._fence(group, survivor, lost).close())

    def unfence(self, group: Group, survivor: str, lost: str) -> bool:
        return self._fence(group, survivor, lost).lift()

    # what a driver with a mind of its own has differently

    @classmethod
    def _drives(cls, driver: str | None) -> bool:
        return driver != IBM_DRIVER

    def _check_promotion(self, side: Side, units: Sequence[Unit], forced: bool) -> None:
        if not forced:
            peer = side.site.plan.peer_of(side.site.name)
            theirs = self._at_peer(side, peer, units)
            self._refuse("promote", side, units, theirs, partial(against_promotion, peer=peer))

    def _stands_down_first(self, unit: Unit) -> bool:
        return bool(unit.item) and stands_down_first(unit.item or {})

    def _make_primary(self, side: Side, units: Sequence[Unit], forced: bool) -> None:
        side.settle(side.ask(units, "primary"), "primary")

    def _status_of(self, side: Side, unit: Unit) -> VolumeStatus:
        return volume_status(unit.volume, unit.item, side.kind.kind)

    def _moment(self) -> int:
        return self._reads.moment()

    def _look(self, group: Group, site: str, since: int) -> GroupStatus:
        side = self._side(group, site)
        units = side.units(since)
        found = [self._status_of(side, unit) for unit in units]
        status = combine(group.name, site, found, LAST_SYNC_SOURCE)
        return replace(status, present=any(unit.item for unit in units))

    def _side(self, group: Group, site: str) -> Side:
        return Side(group, self.sites[site], self._reads)

    def _fence(self, group: Group, survivor: str, lost: str) -> Fence:
        return Fence(group, self.sites[survivor], lost, options_of(group, survivor).timeout)

    def _mine(self, side: Side) -> list[Unit]:
        return [unit for unit in side.units() if unit.item and owner(unit.item) == side.site.plan.name]

    def _keys(self, side: Side, tried: str) -> list[tuple[str, str]]:
        keys = side.keys()
        if not keys:
            raise Refused(
                f"{tried} the group",
                site=side.site.name,
                on=f"group {side.group.name}",
                seen="none of its claims is here",
                wanted="its claims with their volumes: csi-addons reaches a volume through its claim",
                next_step="create the claims first (they bind while the volume is secondary), then start again",
            )
        return keys

    def _existing(self, side: Side, tried: str) -> list[Unit]:
        units = side.matched(self._keys(side, tried))
        for unit in units:
            if unit.item is None:
                raise NotFound(
                    f"{tried} the group",
                    site=side.site.name,
                    on=f"group {side.group.name}, {unit.volume}",
                    seen=f"it has no {side.kind.kind}",
                    next_step="run protect where the plan lives first",
                )
        return units

    def _at_peer(self, side: Side, peer: str, units: Sequence[Unit]) -> list[Unit]:
        """The peer's objects, asked now. Its silence is no permission."""
        try:
            there = self._side(side.group, peer)
            return there.matched([unit.key for unit in units])
        except Unreachable as error:
            raise Refused(
                "ask the peer",
                site=peer,
                on=f"group {side.group.name}",
                seen=f"no answer: {error}",
                wanted=f"its state; nothing was written at {side.site.name}",
                next_step=f"bring {peer} back, or declare it lost",
            ) from error

    def _refuse(
        self,
        verb: str,
        side: Side,
        mine: Sequence[Unit],
        theirs: Sequence[Unit],
        reason: Callable[[Any, Any], str],
    ) -> None:
        for here, there in zip(mine, theirs, strict=True):
            if why := reason(here.item, there.item):
                raise Refused(
                    f"{verb} the group",
                    site=side.site.name,
                    on=f"group {side.group.name}, {here.volume}",
                    seen=why,
                    wanted="the peer secondary and in sync, or this copy demoted last; nothing was written",
                    next_step="demote the peer and prove its final sync, or declare it lost and force",
                )

    def _check_source(self, side: Side, peer: str, units: Sequence[Unit]) -> None:
        """A copy is thrown away only for one that is primary."""
        for unit in units:
            if unit.item is None or not is_primary(unit.item):
                seen = volume_status(unit.volume, unit.item, side.kind.kind)
                raise Refused(
                    "resynchronise the group",
                    site=side.site.name,
                    on=f"group {side.group.name}, {unit.volume}",
                    seen=f"at {peer}: role {seen.role}, {seen.message or seen.health}",
                    wanted=f"primary at {peer}: its data replaces this copy",
                    next_step=f"promote {peer} first, or find out which side holds the data",
                )

    def _count(self, side: Side, units: Sequence[Unit]) -> dict[tuple[str, str], int]:
        """The next count for each copy that is the only primary now. A silent peer is not demoted meanwhile."""
        try:
            peers = self._at_peer(side, side.site.plan.peer_of(side.site.name), units)
        except (Refused, NotFound):
            peers = [Unit(unit.key, None) for unit in units]
        return {
            unit.key: max(demotion(unit.item), demotion(there.item)) + 1
            for unit, there in zip(units, peers, strict=True)
            if unit.item and ASKED.read(unit.item) == "primary" and not (there.item and may_write(there.item))
        }
