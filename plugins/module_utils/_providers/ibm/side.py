# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One group's VolumeReplications at one site, as IBM's driver wants them: each names its copy at the other site."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from ..._errors import DrError, Refused, Unreachable
from ..._model.plan import Group
from ..csi_addons.listing import Listing, Unit
from ..csi_addons.options import CsiAddonsOptions
from ..csi_addons.side import Side
from ..csi_addons.status import Goal
from ..object_wait import Key
from ..shared_reads import SharedReads
from ..site_handle import ClaimedVolume, SiteHandle
from ..verdict import Verdict
from .configuration import HANDLE, ClassSettings, against_handle, settings_of, with_handle
from .options import csi_addons_options_of, options_of
from .status import FORCED_MARK, forced_attempt, forced_mark, marked_as_forced

Object = dict[str, Any]


class IbmSide(Side):
    """peer: the other site, whose volumes are the copies. by_force: that the product forces a promotion is wanted."""

    def __init__(self, group: Group, site: SiteHandle, peer: SiteHandle, reads: SharedReads[Listing]) -> None:
        super().__init__(group, site, reads)
        self.own = options_of(group, site.name)
        self.peer = peer
        self.by_force = False

    def _read_options(self) -> CsiAddonsOptions:
        return csi_addons_options_of(self.group, self.site.name)

    def check_class(self) -> None:
        super().check_class()
        provisioner = self.provisioner()
        if provisioner != self.own.driver:
            raise self.refused(
                f"use the VolumeReplicationClass {self.options.class_name}",
                f"its provisioner is {provisioner}",
                self.own.driver,
                "correct the options, or take provider csi_addons for other drivers",
            )
        self.check_configuration(self.settings.wrong)

    @property
    def settings(self) -> ClassSettings:
        item = self.replication_class()
        if item is None:
            raise self.refused(
                "read the VolumeReplicationClass",
                f"{self.options.class_name} is absent",
                self.options.class_name,
                "create it, or correct the options",
            )
        return settings_of(item)

    def check_configuration(self, why: str, unit: Unit | None = None) -> None:
        """Before anything is asked for: the driver's own refusal would be taken for a reason to force."""
        if not why:
            return
        raise Refused(
            "see that the replication is configured right",
            site=self.site.name,
            on=f"group {self.group.name}" + (f", {unit.volume}" if unit else ""),
            seen=why,
            wanted="what the driver takes: docs/providers/ibm.md",
            next_step="correct the VolumeReplicationClass, or the objects and the plan; nothing was written",
        )

    def handle(self, unit: Unit) -> str:
        """Of the unit's own volume here; empty where its claim is not bound."""
        return _handles(self.claims).get(unit.key, "")

    def copy_of(self, unit: Unit) -> str:
        """The handle of the unit's copy, as the claim at the peer or an annotation here has it; empty: neither does."""
        told = self._told.get(unit.key, "")
        real = self._copies.get(unit.key, "")
        if told and real and told != real:
            why = f"annotation {self.own.peer_handle} says {told}, and the claim at {self.peer.name} is bound to {real}"
            self.check_configuration(why, unit)
        return told or real

    def judge(self, item: Mapping[str, Any], goal: Goal, generation: int) -> Verdict:
        verdict = super().judge(item, goal, generation)
        if goal == "primary" and not verdict.done and not self.by_force and (why := forced_attempt(item)):
            return Verdict(False, verdict.seen, f"the product went on by force, which nobody has asked for: {why}")
        return verdict

    def completed(self, unit: Unit, body: Object) -> Object:
        if unit.item and marked_as_forced(unit.item) and body["spec"]["replicationState"] != "primary":
            annotations = {**(body["metadata"].get("annotations") or {}), FORCED_MARK: None}
            body = {**body, "metadata": {**body["metadata"], "annotations": annotations}}
        copy = self.handle_to_write(unit)
        return with_handle(body, copy) if copy else body

    def handle_to_write(self, unit: Unit) -> str:
        """Empty where its object names its copy, or needs not."""
        if self.settings.mode == "policy" or (unit.item and HANDLE.read(unit.item)):
            return ""
        copy = self.copy_of(unit)
        self.check_configuration(against_handle("mirror", None, copy), unit)
        return copy

    def is_given_back(self, item: Object) -> bool:
        """Of a policy all: one deletion takes the policy off the whole volume group, and the copies with it."""
        return self.settings.mode == "policy" or super().is_given_back(item)

    def given_back(self) -> Object:
        body = super().given_back()
        meta = body["metadata"]
        return {"metadata": {**meta, "annotations": {**meta["annotations"], FORCED_MARK: None}}}

    def mark_forced(self, units: Sequence[Unit]) -> None:
        """For whoever looks later: of a forced promotion that succeeded the product shows nothing."""
        for unit in self.matched([unit.key for unit in units]):
            if unit.item and (why := forced_attempt(unit.item)):
                self.api.patch(self.kind, unit.object_key[1], unit.key[0], forced_mark(why))

    @cached_property
    def _copies(self) -> dict[Key, str]:
        try:
            return _handles(self.peer.volumes(self.group))
        except Unreachable:
            return {}
        except DrError:
            # a site that was declared lost may answer, and with nonsense
            if not self.by_force:
                raise
            return {}

    @cached_property
    def _told(self) -> dict[Key, str]:
        name = self.own.peer_handle
        found = {}
        for item in self.claims if name else ():
            annotations = [(of["metadata"].get("annotations") or {}) for of in (item.pvc, item.pv) if of]
            found[_key(item)] = next((notes[name] for notes in annotations if name in notes), "")
        return found


def _handles(volumes: list[ClaimedVolume]) -> dict[Key, str]:
    bound = [(_key(item), item.pv["spec"].get("csi")) for item in volumes if item.pv]
    return {key: str(csi["volumeHandle"]) for key, csi in bound if csi}


def _key(item: ClaimedVolume) -> Key:
    return item.pvc["metadata"]["namespace"], item.pvc["metadata"]["name"]
