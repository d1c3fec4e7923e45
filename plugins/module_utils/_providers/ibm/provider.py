# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IBM's block storage CSI driver: csi-addons' VolumeReplications, with what the driver means by them.

It answers a wrong configuration with FailedPrecondition, upon which csi-addons forces. So what it would refuse is
looked for before each order, and a promotion that was forced all the same is no success.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar, cast

from ..._errors import Refused, TerminalState, Unsupported
from ..._model.group_status import SyncProof, VolumeStatus
from ..._model.plan import Group
from ..base import Capabilities, Provider
from ..csi_addons.checks import at_peer, existing, require_primary
from ..csi_addons.listing import Unit
from ..csi_addons.options import IBM_DRIVER
from ..csi_addons.provider import CsiAddonsProvider
from ..csi_addons.side import Side
from ..csi_addons.status import ASKED, describe, is_primary, judge, may_write
from ..csi_addons.takeover import ours
from ..custom_resource import CustomResource
from .configuration import Mode, against_classes, against_handle
from .resources import RESOURCES
from .side import IbmSide
from .status import as_told_by_ibm, reports_syncs

PROOF: dict[Mode, str] = {
    "mirror": "the storage system switched a consistent, synchronized relationship to the other side",
    "policy": "the driver set a checkpoint at the demotion, which the other side has reached",
}

TELLS_NOTHING = (
    "the driver tells of no sync, as those before 1.14: by a policy they demote nothing, and say that they have done it"
)


class IbmProvider(CsiAddonsProvider):
    """`options` of a group: see ibm_options. A claim has the same namespace and name at both sites."""

    name = "ibm"
    capabilities = Capabilities(final_sync=True, force=True, reports_lag=True)
    resources: ClassVar[tuple[CustomResource, ...]] = RESOURCES
    # its driver fences by ownership groups of one storage system, and answers an unfencing with the same
    fence = Provider.fence
    unfence = Provider.unfence

    def enable(self, group: Group, source: str, target: str) -> bool:
        """The first promotion makes the relationship, from here to the copy: it has to be the right one."""
        here, there = self._side(group, source), self._side(group, target)
        here.check_class()
        self._check_pair(here, there)
        for side in (here, there):
            self._check_copies(side, side.units())
        return super().enable(group, source, target)

    def release(self, group: Group, site: str, claims: Sequence[str]) -> None:
        """A claim leaves a policy with its volume's membership in the volume group, on the storage system only."""
        side = self._side(group, site)
        mine = [unit.volume for unit in ours(side, side.units()) if unit.volume in claims]
        if mine and side.settings.mode == "policy":
            raise Unsupported(
                "end the replication of single claims",
                site=site,
                on=f"group {group.name}: {', '.join(mine)}",
                seen="a replication policy: deleting one VolumeReplication ends it for the whole volume group",
                next_step="remove these claims by hand, as IBM says for a volume group with a replication policy",
            )
        super().release(group, site, claims)

    def demote(self, group: Group, site: str) -> bool:
        side = self._side(group, site)
        if todo := [unit for unit in side.units() if unit.item and not judge(unit.item, "secondary").done]:
            side.check_class()
            self._check_demotion(side, todo)
        return super().demote(group, site)

    def check_movable(self, groups: Sequence[Group], source: str, target: str) -> None:
        """Also what the driver would answer with an error that csi-addons forces, at both sites."""
        super().check_movable(groups, source, target)
        since = self._moment()
        for group in groups:
            here, there = self._side(group, source), self._side(group, target)
            self._check_demotion(here, existing(here, "demote", since), since)
            self._check_copies(there, there.units(since))

    def final_sync(self, group: Group, source: str, target: str) -> SyncProof:
        return replace(super().final_sync(group, source, target), source=PROOF[self._side(group, source).settings.mode])

    def resync(self, group: Group, site: str) -> bool:
        """A mirror that was failed over stands still, and each verb would start it from the side that was given up."""
        side = self._side(group, site)
        if side.settings.mode == "policy":
            return super().resync(group, site)
        units = existing(side, "resynchronise")
        peer = side.site.plan.peer_of(site)
        require_primary(side, peer, at_peer(side, self._peer(side), units))
        self._refuse_restart("resynchronise the group", side, site, [unit for unit in units if _asked_primary(unit)])
        side.settle(units, "follows")
        return False

    @classmethod
    def _drives(cls, driver: str | None) -> bool:
        return driver == IBM_DRIVER

    def _side(self, group: Group, site: str) -> IbmSide:
        handle = self.sites[site]
        return IbmSide(group, handle, self.sites[handle.plan.peer_of(site)], self._reads)

    def _status_of(self, side: Side, unit: Unit) -> VolumeStatus:
        status = super()._status_of(side, unit)
        return as_told_by_ibm(status, unit.item, _of_ibm(side).settings.mode) if unit.item else status

    def _check_promotion(self, side: Side, units: Sequence[Unit], forced: bool) -> None:
        """Also what only a demoted peer can show: that both sites mean the same relationship."""
        super()._check_promotion(side, units, forced)
        here = _of_ibm(side)
        here.by_force = forced
        if forced:
            return
        peer = side.site.plan.peer_of(side.site.name)
        there = self._side(side.group, peer)
        self._check_pair(here, there)
        self._check_copies(here, units)
        for mine, theirs in zip(units, there.matched([unit.key for unit in units]), strict=True):
            if theirs.item is not None:
                # this handle the driver has taken: the demotion has found the relationship by it
                why = against_handle(here.settings.mode, theirs.item, here.handle(mine))
                there.check_configuration(why, theirs)

    def _check_force(self, side: Side, units: Sequence[Unit]) -> None:
        here = _of_ibm(side)
        here.by_force = True
        super()._check_force(here, units)
        for unit in units:
            here.handle_to_write(unit)

    def _stands_down_first(self, unit: Unit) -> bool:
        """What the driver has not taken as a secondary, too: a demotion makes no relationship, a promotion does."""
        if unit.item is None:
            return True
        untaken = not _asked_primary(unit) and not judge(unit.item, "secondary").done
        return untaken or super()._stands_down_first(unit)

    def _make_primary(self, side: Side, units: Sequence[Unit], forced: bool) -> None:
        try:
            super()._make_primary(side, units, forced)
        except TerminalState:
            _of_ibm(side).mark_forced(units)
            raise

    def _check_pair(self, here: IbmSide, there: IbmSide) -> None:
        why = against_classes(here.settings, there.settings, here.site.name, there.site.name)
        here.check_configuration(why)

    def _check_copies(self, side: IbmSide, units: Sequence[Unit]) -> None:
        """Of a forced promotion nobody asks this: that the driver has taken the handle has to do."""
        for unit in units:
            side.check_configuration(against_handle(side.settings.mode, unit.item, side.copy_of(unit)), unit)

    def _check_demotion(self, side: IbmSide, units: Sequence[Unit], since: int | None = None) -> None:
        peer = side.site.plan.peer_of(side.site.name)
        there = self._side(side.group, peer)
        theirs = at_peer(side, there, units, since)
        self._check_pair(side, there)
        self._check_copies(side, units)
        if side.settings.mode == "mirror":
            writable = [unit for unit in theirs if unit.item and may_write(unit.item)]
            self._refuse_restart("demote the group", side, peer, writable)
            return
        for unit in units:
            if unit.item and is_primary(unit.item) and not reports_syncs(unit.item):
                side.check_configuration(TELLS_NOTHING, unit)

    def _refuse_restart(self, tried: str, side: IbmSide, at: str, units: Sequence[Unit]) -> None:
        for unit in units:
            raise Refused(
                tried,
                site=side.site.name,
                on=f"group {side.group.name}, {unit.volume}",
                seen=f"not secondary at {at}: {describe(unit.item or {})}",
                wanted="one side demoted: a relationship that was failed over stands still, and the driver would start"
                " it from the copy that is given up, over the newer data",
                next_step="on the storage system start it from the side that holds the data (startrcrelationship"
                f" -primary -force); when it copies, set spec.replicationState to secondary at {side.site.name}, then"
                " start again",
            )


def _of_ibm(side: Side) -> IbmSide:
    """All of this provider's are."""
    return cast(IbmSide, side)


def _asked_primary(unit: Unit) -> bool:
    return unit.item is not None and ASKED.read(unit.item) == "primary"
