# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All disks of a VM from one moment, by KubeVirt's own snapshot: it freezes the guest and thaws it whatever happens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..._cluster.api import Api, Object, describe
from ..._cluster.clock import Deadline
from ..._cluster.kinds import VM_SNAPSHOT, VM_SNAPSHOT_CONTENT
from ..._cluster.waiting import wait_for
from ..._errors import Conflict, Refused, TerminalState
from ..._model.clone import Consistency
from ..._model.finding import Finding
from ..._planning.clones.manifests import differences, is_ours, vm_snapshot
from ..._planning.clones.quiesced import consistency_of, freeze_failed, unfrozen
from ..._planning.clones.sets import CloneSet

# KubeVirt thaws the guest after this at the latest, also when nobody of us is alive any more
FROZEN_AT_MOST = 300


@dataclass(frozen=True)
class Taken:
    """snapshots: name of a claim to that of its VolumeSnapshot. moment: ISO 8601, empty where it is not known."""

    snapshots: Mapping[str, str]
    moment: str
    consistency: Consistency
    findings: tuple[Finding, ...] = field(default=())


@dataclass(frozen=True)
class VmSnapshots:
    """Of one recovery point of a plan."""

    plan: str
    api: Api
    point: str

    def take(self, wanted: CloneSet, deadline: Deadline) -> Taken:
        body = vm_snapshot(self.plan, self.point, wanted, min(FROZEN_AT_MOST, max(1, int(deadline.left))))
        on = describe(VM_SNAPSHOT, wanted.namespace, body["metadata"]["name"])
        self._ensure(body, on, deadline)
        ready = self._await_ready(body, on, deadline)
        status = ready["status"]
        content = self.api.get(VM_SNAPSHOT_CONTENT, status["virtualMachineSnapshotContentName"], wanted.namespace)
        snapshots = {
            item["persistentVolumeClaim"]["metadata"]["name"]: item["volumeSnapshotName"]
            for item in content["spec"].get("volumeBackups") or []
            if item.get("volumeSnapshotName")
        }
        missing = sorted(set(wanted.claims) - snapshots.keys())
        if missing:
            raise TerminalState(
                "snapshot all disks of the VM",
                site=self.api.site,
                on=on,
                seen=f"KubeVirt left out {', '.join(missing)}",
                wanted=f"all of {', '.join(wanted.claims)}",
                next_step="see status.volumeSnapshotStatuses of the VM for the reason",
            )
        how = consistency_of(status)
        return Taken(snapshots, str(status.get("creationTime") or ""), how, tuple(unfrozen(wanted.owner, status)))

    def _ensure(self, body: Object, on: str, deadline: Deadline) -> None:
        """One that has failed is of no use any more: ours is made anew."""
        meta = body["metadata"]
        seen = self._find(meta)
        if seen and self._is_ours(seen) and (_failed(seen) or "deletionTimestamp" in seen["metadata"]):
            self.api.delete(VM_SNAPSHOT, meta["name"], meta["namespace"], seen["metadata"].get("uid"))

            def gone() -> tuple[bool, str]:
                return self._find(meta) is None, "it is still there"

            wait_for(self.api.clock, deadline.left, gone, "snapshot the VM anew", self.api.site, on)
            seen = None
        if seen is None:
            try:
                seen = self.api.create(VM_SNAPSHOT, body)
            except Conflict:
                # made by another attempt a moment ago
                seen = self.api.get(VM_SNAPSHOT, meta["name"], meta["namespace"])
        wrong = differences(body, seen)
        if wrong:
            raise Refused(
                "snapshot the VM",
                site=self.api.site,
                on=on,
                seen="; ".join(wrong),
                wanted="absent, or as this recovery point needs it",
                next_step="it was not touched: find out whose it is, and remove it; then start again",
            )

    def _await_ready(self, body: Object, on: str, deadline: Deadline) -> Object:
        meta = body["metadata"]

        def look() -> tuple[list[Object], str]:
            found = self._find(meta)
            if found is None or _failed(found):
                raise TerminalState(
                    "snapshot the VM",
                    site=self.api.site,
                    on=on,
                    seen=_state(found),
                    waited=deadline.elapsed,
                    next_step=_remedy(found),
                )
            ready = (found.get("status") or {}).get("readyToUse")
            return ([found] if ready else []), _state(found)

        (taken,) = wait_for(self.api.clock, deadline.left, look, "snapshot the VM", self.api.site, on, _remedy(None))
        return taken

    def _find(self, meta: Mapping[str, Any]) -> Object | None:
        return self.api.find(VM_SNAPSHOT, meta["name"], meta["namespace"])

    def _is_ours(self, seen: Object) -> bool:
        return is_ours(seen, self.plan, self.point)


def _failed(seen: Object) -> bool:
    return bool((seen.get("status") or {}).get("phase") == "Failed")


def _state(seen: Object | None) -> str:
    """In KubeVirt's words: phase, error, and what its conditions say."""
    if seen is None:
        return "absent"
    status = seen.get("status") or {}
    error = (status.get("error") or {}).get("message", "")
    said = [item.get("reason", "") for item in status.get("conditions") or [] if item.get("type") != "Ready"]
    parts = [f"phase {status.get('phase') or '(none)'}", error, *said]
    return "; ".join(dict.fromkeys(part for part in parts if part))


def _remedy(seen: Object | None) -> str:
    if seen and freeze_failed(seen.get("status") or {}):
        return (
            "mend the guest's agent (its log names the file system), or halt the VM for the snapshot; then start again"
        )
    return "look at the events of the VirtualMachineSnapshot and of its VolumeSnapshots, then start again"
