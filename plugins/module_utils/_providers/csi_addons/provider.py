# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""csi-addons: a VolumeReplication per claim, or a VolumeGroupReplication per group, at each site."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from ..._cluster.kinds import VOLUME_REPLICATION_CLASS
from ..._errors import NotFound, Refused
from ..._model.group_status import GroupStatus, SyncProof, VolumeStatus, combine
from ..._model.plan import Group
from ..base import Capabilities, FenceProof, at_once
from ..ceph_rbd.images import is_rbd
from ..custom_resource import CustomResource
from ..last_primary import against_enabling, against_promotion, count_of_demotion
from ..listing_provider import ListingProvider
from ..object_wait import Key
from ..shared_reads import SharedReads
from ..site_handle import SiteHandle
from .checks import at_peer, check_no_split, copy_of, existing, refuse, require_claims, require_demoted
from .fence import Fence
from .listing import Listing, Unit, listing
from .options import IBM_DRIVER, has_fence, options_of
from .resources import RESOURCES
from .resync import resync_group
from .side import Side
from .status import (
    ASKED,
    PROVISIONER,
    is_primary,
    judge,
    may_write,
    owner,
    stands_down_first,
    volume_status,
)
from .takeover import check_adoptable, check_ours, ours, permits_otherwise
from .unfence import Unfence

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
        keys = require_claims(here, "replicate")
        here.check_class()
        if there.keys():
            there.check_class()
        units, peers = here.matched(keys), there.matched(keys)
        refuse("replicate", here, units, there, peers, against_enabling)
        followers = [unit for unit in there.units() if _is_new(there, unit)]
        check_adoptable(here, units)
        check_adoptable(there, followers)
        todo = [unit for unit in units if _is_new(here, unit) or not is_primary(unit.item or {})]
        here.settle(here.ask(todo, "primary"), "primary")
        there.settle(there.ask(followers, "secondary"), "secondary")
        return bool(todo or followers)

    def enabled(self, group: Group, site: str) -> bool:
        side = self._side(group, site)
        return bool(ours(side, side.units()))

    def disable(self, group: Group, site: str) -> bool:
        side = self._side(group, site)
        return _end(side, side.units())

    def release(self, group: Group, site: str, claims: Sequence[str]) -> None:
        """With an object per group, taking the plan's label from the claim takes it out of the group."""
        side = self._side(group, site)
        if side.per_group:
            return
        keys = [(namespace, name) for namespace, _slash, name in (key.partition("/") for key in claims)]
        _end(side, side.matched(keys))

    def promote(self, group: Group, site: str, forced: bool) -> bool:
        side = self._side(group, site)
        units = side.matched(require_claims(side, "promote"))
        primaries = {unit.key for unit in units if unit.item and is_primary(unit.item)}
        todo = [unit for unit in units if unit.key not in primaries]
        if not forced:
            check_no_split(side, self._peer(side), [unit for unit in units if unit.key in primaries])
        if not todo:
            return False
        side.check_class()
        check_ours(side, todo)
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
        units = existing(side, "demote")
        todo = [unit for unit in units if not judge(unit.item or {}, "secondary").done]
        if not todo:
            return False
        side.check_class()
        check_ours(side, todo)
        side.settle(side.ask(todo, "secondary", self._count(side, todo)), "secondary")
        return True

    def check_movable(self, groups: Sequence[Group], source: str, target: str) -> None:
        """What a demotion or a promotion would refuse with all VMs off. Claims at the target may come later."""
        since = self._reads.moment()
        for group in groups:
            for side in (self._side(group, source), self._side(group, target)):
                side.check_class()
                check_ours(side, side.units(since))

    def check_forceable(self, groups: Sequence[Group], site: str) -> None:
        """What a promotion by force would refuse. Claims may come with the run, objects with the promotion."""
        since = self._reads.moment()
        for group in groups:
            side = self._side(group, site)
            units = side.units(since)
            todo = [unit for unit in units if not unit.item or not is_primary(unit.item)]
            if todo or not units:
                self._check_force(side, todo)

    def final_sync(self, group: Group, source: str, target: str) -> SyncProof:
        side, there = self._side(group, source), self._side(group, target)
        units = existing(side, "prove the final sync of")
        require_demoted(side, units)
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
        side = self._side(group, site)
        return resync_group(side, self._peer(side))

    def fence(self, group: Group, survivor: str, lost: str) -> FenceProof:
        fence = Fence(group, self.sites[survivor], lost, options_of(group, survivor).timeout)
        return FenceProof(group.name, fence.close())

    def unfence(self, group: Group, survivor: str, lost: str) -> bool:
        seconds = options_of(group, survivor).timeout
        return Unfence(self.sites[survivor], lost, seconds, has_fence(group, survivor, lost)).lift()

    # what a driver with a mind of its own has differently

    @classmethod
    def _drives(cls, driver: str | None) -> bool:
        return driver != IBM_DRIVER

    def _side(self, group: Group, site: str) -> Side:
        return Side(group, self.sites[site], self._reads)

    def _status_of(self, side: Side, unit: Unit) -> VolumeStatus:
        status = volume_status(unit.volume, unit.item, side.kind.kind)
        if not unit.item or not (out := side.left_out(unit.item)):
            return status
        return replace(status, role="unknown", health="error", direction="none", sync_proof="", message=out)

    def _check_promotion(self, side: Side, units: Sequence[Unit], forced: bool) -> None:
        if not forced:
            there = self._peer(side)
            theirs = at_peer(side, there, units)
            refuse("promote", side, units, there, theirs, against_promotion)

    def _check_force(self, side: Side, units: Sequence[Unit]) -> None:
        side.check_class()
        check_ours(side, units)

    def _stands_down_first(self, unit: Unit) -> bool:
        return bool(unit.item) and stands_down_first(unit.item or {})

    def _make_primary(self, side: Side, units: Sequence[Unit], forced: bool) -> None:
        side.settle(side.ask(units, "primary"), "primary")

    # what all of them share

    def _moment(self) -> int:
        return self._reads.moment()

    def _look(self, group: Group, site: str, since: int) -> GroupStatus:
        side = self._side(group, site)
        units = side.units(since)
        found = [self._status_of(side, unit) for unit in units]
        status = combine(group.name, site, found, LAST_SYNC_SOURCE)
        return replace(status, present=any(unit.item for unit in units))

    def _peer(self, side: Side) -> Side:
        return self._side(side.group, side.site.plan.peer_of(side.site.name))

    def _count(self, side: Side, units: Sequence[Unit]) -> dict[Key, int]:
        """For each copy that is primary now. A silent peer is not demoted meanwhile."""
        there = self._peer(side)
        try:
            peers = at_peer(side, there, units)
        except (Refused, NotFound):
            peers = [Unit(unit.key, None) for unit in units]
        return {
            unit.key: count_of_demotion(copy_of(side, unit), copy_of(there, peer))
            for unit, peer in zip(units, peers, strict=True)
            if unit.item and ASKED.read(unit.item) == "primary"
        }


def _is_new(side: Side, unit: Unit) -> bool:
    """Whether the plan has still to be written to it."""
    return unit.item is None or not owner(unit.item) or permits_otherwise(side, unit)


def _end(side: Side, units: Sequence[Unit]) -> bool:
    """The replication by what is ours of these; whether there was any."""
    mine = ours(side, units)
    if mine:
        side.check_class()
        side.delete(mine)
    return bool(mine)
