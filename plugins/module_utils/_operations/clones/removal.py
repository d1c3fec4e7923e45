# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Removing what a recovery point made and no longer needs: only what is provably ours (P8)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from ..._cluster.api import Api, Object
from ..._cluster.kinds import PV, PVC, VM_SNAPSHOT, VOLUME_SNAPSHOT, Kind
from ..._model.clone import Clone
from ..._model.names import RECLAIM_POLICY, REMOVED, protected_label
from ..._model.plan import Plan

SNAPSHOTS: tuple[Kind, ...] = (VM_SNAPSHOT, VOLUME_SNAPSHOT)


def why_kept(clone: Clone, used: Collection[str]) -> str:
    """Why a clone is not removed although it could go; empty when it may. used: namespace/name of claims in use."""
    if owners := clone.pvc["metadata"].get("ownerReferences"):
        return f"it belongs to {owners[0].get('kind')}/{owners[0].get('name')}: somebody adopted it"
    return "it is in use" if clone.key in used else ""


def mark_removed(api: Api, plan: Plan, clone: Clone) -> None:
    """Out of captures and of its group; it is deleted after that."""
    marks = {"labels": {protected_label(plan.name): None}, "annotations": {REMOVED: "true"}}
    api.patch(PVC, clone.name, clone.namespace, {"metadata": marks})


def remove_clone(api: Api, plan: Plan, clone: Clone) -> None:
    """First out of captures, then the claim with its volume's data. Repeatable: a deleted claim ends it."""
    label = protected_label(plan.name)
    if not clone.removed:
        mark_removed(api, plan, clone)
    pv = api.find(PV, clone.pvc["spec"].get("volumeName") or "") if clone.pvc["spec"].get("volumeName") else None
    if pv and _is_of(pv, clone.pvc):
        policy = (pv["metadata"].get("annotations") or {}).get(RECLAIM_POLICY)
        if policy:
            patch: Object = {"metadata": {"labels": {label: None}, "annotations": {RECLAIM_POLICY: None}}}
            api.patch(PV, pv["metadata"]["name"], None, {**patch, "spec": {"persistentVolumeReclaimPolicy": policy}})
    api.delete(PVC, clone.name, clone.namespace, clone.pvc["metadata"].get("uid"))


def remove_snapshot(api: Api, snapshot: Object) -> None:
    kind = next(kind for kind in SNAPSHOTS if kind.kind == snapshot["kind"])
    meta = snapshot["metadata"]
    api.delete(kind, meta["name"], meta["namespace"], meta.get("uid"))


def _is_of(pv: Object, pvc: Mapping[str, Any]) -> bool:
    claim, meta = pv["spec"].get("claimRef") or {}, pvc["metadata"]
    named = (claim.get("namespace"), claim.get("name")) == (meta["namespace"], meta["name"])
    return named and claim.get("uid") in (None, meta.get("uid"))
