# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One set of clones: the snapshot, a claim from each of its volumes, bound, then protected like the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..._cluster.api import Api, Object, describe
from ..._cluster.bulk import for_each
from ..._cluster.clock import Deadline
from ..._cluster.kinds import PV, PVC, VOLUME_SNAPSHOT, Kind
from ..._cluster.waiting import wait_for
from ..._errors import Conflict, DrError, Refused, TerminalState
from ..._model.clone import CloneFacts, read_clone
from ..._model.finding import Finding
from ..._model.names import RECLAIM_POLICY, protected_label
from ..._model.plan import Plan
from ..._planning.clones.manifests import Source, clone_claim, differences, is_ours, volume_snapshot
from ..._planning.clones.sets import CloneSet
from ..._planning.clones.snapshot_support import SnapshotStorage, clone_class, snapshot_class
from .removal import remove_clone
from .vm_snapshot import Taken, VmSnapshots

PENDING = "look at the claim's events and at the driver's provisioner"


@dataclass(frozen=True)
class CloneMaker:
    """Makes sets of one recovery point. claims: of the plan, by namespace/name. timeout: seconds for each set."""

    plan: Plan
    api: Api
    point: str
    claims: Mapping[str, Object]
    storage: SnapshotStorage
    timeout: float
    vm_snapshots: VmSnapshots = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "vm_snapshots", VmSnapshots(self.plan.name, self.api, self.point))

    def make(self, wanted: CloneSet) -> list[Finding]:
        """Idempotent: what an earlier attempt made is gone on with. Findings: what the clones are worth."""
        deadline = Deadline(self.api.clock, self.timeout)
        taken = self.vm_snapshots.take(wanted, deadline) if wanted.vm else self._snapshot_claim(wanted, deadline)
        clones = [self._clone(wanted, taken, claim, deadline) for claim in wanted.claims]
        bound = [self._await_bound(clone, deadline) for clone in clones]
        for clone in bound:
            self._keep_volume(clone)
        for clone in bound:
            self._protect(clone)
        return list(taken.findings)

    def _snapshot_claim(self, wanted: CloneSet, deadline: Deadline) -> Taken:
        claim = wanted.claims[0]
        name = str(self.claims[wanted.keys[0]]["spec"].get("storageClassName") or "")
        chosen, _reason = snapshot_class(self.storage, name)
        body = volume_snapshot(self.plan.name, self.point, wanted, chosen)
        ensure(self.api, VOLUME_SNAPSHOT, body, self.plan.name, self.point)
        found = self._await_snapshot(wanted.namespace, body["metadata"]["name"], deadline)
        return Taken({claim: body["metadata"]["name"]}, str(found["status"].get("creationTime") or ""), "crash")

    def _clone(self, wanted: CloneSet, taken: Taken, claim: str, deadline: Deadline) -> Object:
        pvc = self.claims[f"{wanted.namespace}/{claim}"]
        snapshot = self._await_snapshot(wanted.namespace, taken.snapshots[claim], deadline)
        moment = taken.moment or str(snapshot["status"].get("creationTime") or "")
        facts = CloneFacts(claim, wanted.owner, wanted.claims, moment, taken.consistency)
        source = Source(pvc, taken.snapshots[claim], str(snapshot["status"].get("restoreSize") or ""))
        classes = self.plan.snapshots.classes if self.plan.snapshots else {}
        body = clone_claim(
            self.plan, self.point, source, clone_class(str(pvc["spec"].get("storageClassName") or ""), classes), facts
        )
        self._discard_older(body, deadline)
        return ensure(self.api, PVC, body, self.plan.name, self.point)

    def _discard_older(self, body: Object, deadline: Deadline) -> None:
        """A clone of an earlier, failed attempt is of another moment than the rest of its set is going to be; one that
        was about to be deleted may lose its data any moment."""
        meta = body["metadata"]
        seen = self.api.find(PVC, meta["name"], meta["namespace"])
        clone = seen and read_clone(seen)
        if not seen or not clone or not is_ours(seen, self.plan.name, self.point):
            return
        if seen["spec"].get("dataSource") == body["spec"]["dataSource"] and not clone.removed:
            return
        remove_clone(self.api, self.plan, clone)

        def gone() -> tuple[bool, str]:
            return self.api.find(PVC, meta["name"], meta["namespace"]) is None, "it is still there"

        on = describe(PVC, meta["namespace"], meta["name"])
        wait_for(self.api.clock, deadline.left, gone, "make the clone anew", self.api.site, on, PENDING)

    def _await_snapshot(self, namespace: str, name: str, deadline: Deadline) -> Object:
        on = describe(VOLUME_SNAPSHOT, namespace, name)

        def look() -> tuple[list[Object], str]:
            found = self.api.find(VOLUME_SNAPSHOT, name, namespace)
            if found is None:
                raise TerminalState(
                    "wait for the snapshot", site=self.api.site, on=on, seen="absent", next_step="start again"
                )
            status = found.get("status") or {}
            error = (status.get("error") or {}).get("message", "")
            state = f"readyToUse {str(bool(status.get('readyToUse'))).lower()}"
            return ([found] if status.get("readyToUse") else []), f"{state}: {error}" if error else state

        next_step = "look at its events and at the driver's snapshotter"
        (snapshot,) = wait_for(
            self.api.clock, deadline.left, look, "wait for the snapshot", self.api.site, on, next_step
        )
        return snapshot

    def _await_bound(self, clone: Object, deadline: Deadline) -> Object:
        meta = clone["metadata"]
        on = describe(PVC, meta["namespace"], meta["name"])

        def look() -> tuple[list[Object], str]:
            found = self.api.find(PVC, meta["name"], meta["namespace"])
            phase = str(((found or {}).get("status") or {}).get("phase") or "absent")
            if found is None or phase == "Lost":
                raise TerminalState(
                    "wait for the clone", site=self.api.site, on=on, seen=phase, wanted="Bound", next_step=PENDING
                )
            bound = [found] if phase == "Bound" else []
            return bound, f"{phase}, of StorageClass/{found['spec'].get('storageClassName')}"

        (bound,) = wait_for(self.api.clock, deadline.left, look, "wait for the clone", self.api.site, on, PENDING)
        return bound

    def _keep_volume(self, clone: Object) -> None:
        """As protect does with the volumes: a deleted claim must not take the data along."""
        name = clone["spec"]["volumeName"]
        pv = self.api.get(PV, name)
        label, policy = protected_label(self.plan.name), pv["spec"].get("persistentVolumeReclaimPolicy")
        patch: dict[str, Any] = {}
        if (pv["metadata"].get("labels") or {}).get(label) != "true":
            patch["metadata"] = {"labels": {label: "true"}}
        if policy != "Retain":
            patch.setdefault("metadata", {})["annotations"] = {RECLAIM_POLICY: policy}
            patch["spec"] = {"persistentVolumeReclaimPolicy": "Retain"}
        if patch:
            self.api.patch(PV, name, None, patch)

    def _protect(self, clone: Object) -> None:
        """From now on captures hold it and its group replicates it."""
        meta = clone["metadata"]
        self.api.patch(
            PVC, meta["name"], meta["namespace"], {"metadata": {"labels": {protected_label(self.plan.name): "true"}}}
        )


def make_sets(
    maker: CloneMaker, todo: Sequence[CloneSet], before_batch: Callable[[], None]
) -> tuple[list[Finding], list[tuple[CloneSet, DrError]]]:
    """All sets, some at once; the findings, and the sets that failed."""
    outcome = for_each(todo, maker.make, before_batch=before_batch)
    return [item for _set, found in outcome.done for item in found], list(outcome.failed)


def ensure(api: Api, kind: Kind, body: Object, plan: str, point: str) -> Object:
    """Create it, or find that it is there as wanted. P8: one that somebody else made is refused with the difference."""
    meta = body["metadata"]
    on = describe(kind, meta["namespace"], meta["name"])
    seen = api.find(kind, meta["name"], meta["namespace"])
    if seen is None:
        try:
            return api.create(kind, body)
        except Conflict:
            # made by another attempt a moment ago
            seen = api.get(kind, meta["name"], meta["namespace"])
    wrong = differences(body, seen)
    if not is_ours(seen, plan, point) or wrong:
        raise Refused(
            "make the recovery point",
            site=api.site,
            on=on,
            seen="; ".join(wrong) or "it is of another recovery point",
            wanted="absent, or as this recovery point needs it",
            next_step="it was not touched: find out whose it is, and remove or rename it; then start again",
        )
    return seen
