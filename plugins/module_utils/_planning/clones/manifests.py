# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects that a recovery point is made of, and whether one that is there already is ours. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..._model.clone import CloneFacts
from ..._model.names import CLONE, RECOVERY_POINT, RECOVERY_POINT_OF
from ..._model.plan import Plan
from ..._model.quantity import parse_quantity
from .names import clone_name, labels_of_clone, labels_of_point, snapshot_name
from .sets import CloneSet

Object = dict[str, Any]

SNAPSHOT_GROUP = "snapshot.storage.k8s.io"
NO_CLASS = "(none)"


@dataclass(frozen=True)
class Source:
    """What a clone is made from: a claim and the VolumeSnapshot of it. size: the snapshot's, where it says one."""

    pvc: Mapping[str, Any]
    snapshot: str
    size: str = ""


def vm_snapshot(plan: str, point: str, wanted: CloneSet, seconds: int) -> Object:
    """seconds: after which KubeVirt gives up and thaws the guest."""
    return {
        "apiVersion": "snapshot.kubevirt.io/v1beta1",
        "kind": "VirtualMachineSnapshot",
        "metadata": _meta(plan, point, wanted.namespace, wanted.vm),
        "spec": {
            "source": {"apiGroup": "kubevirt.io", "kind": "VirtualMachine", "name": wanted.vm},
            "deletionPolicy": "Delete",
            "failureDeadline": f"{seconds}s",
        },
    }


def volume_snapshot(plan: str, point: str, wanted: CloneSet, snapshot_class: str) -> Object:
    return {
        "apiVersion": f"{SNAPSHOT_GROUP}/v1",
        "kind": "VolumeSnapshot",
        "metadata": _meta(plan, point, wanted.namespace, wanted.claims[0]),
        "spec": {
            "source": {"persistentVolumeClaimName": wanted.claims[0]},
            "volumeSnapshotClassName": snapshot_class,
        },
    }


def clone_claim(plan: Plan, point: str, source: Source, storage_class: str, facts: CloneFacts) -> Object:
    meta, spec = source.pvc["metadata"], source.pvc["spec"]
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {
            "name": clone_name(meta["name"], point),
            "namespace": meta["namespace"],
            "labels": labels_of_clone(plan, point, meta["name"], meta.get("labels") or {}),
            "annotations": {CLONE: facts.as_annotation()},
        },
        "spec": {
            "accessModes": list(spec["accessModes"]),
            "volumeMode": spec.get("volumeMode", "Filesystem"),
            "storageClassName": storage_class,
            "resources": {"requests": {"storage": _size(source)}},
            "dataSource": {"apiGroup": SNAPSHOT_GROUP, "kind": "VolumeSnapshot", "name": source.snapshot},
        },
    }


def is_ours(seen: Mapping[str, Any], plan: str, point: str) -> bool:
    labels = seen["metadata"].get("labels") or {}
    return labels_of_point(plan, point).items() <= labels.items()


def differences(wanted: Mapping[str, Any], seen: Mapping[str, Any]) -> list[str]:
    """Where what is there is not what we would have made; what the server fills in is looked past."""
    found = []
    labels = seen["metadata"].get("labels") or {}
    for key in (RECOVERY_POINT_OF, RECOVERY_POINT):
        if labels.get(key) != wanted["metadata"]["labels"][key]:
            found.append(_differ(f"label {key}", labels.get(key), wanted["metadata"]["labels"][key]))
    for key in ("source", "dataSource", "storageClassName", "accessModes", "volumeMode"):
        if key in wanted["spec"] and seen["spec"].get(key) != wanted["spec"][key]:
            found.append(_differ(f"spec.{key}", seen["spec"].get(key), wanted["spec"][key]))
    return found


def _differ(field: str, seen: Any, wanted: Any) -> str:
    return f"{field} is {NO_CLASS if seen is None else seen}, wanted {wanted}"


def _meta(plan: str, point: str, namespace: str, name: str) -> Object:
    return {"name": snapshot_name(name, point), "namespace": namespace, "labels": labels_of_point(plan, point)}


def _size(source: Source) -> str:
    """Never below what the volume has: a driver refuses to fill a smaller one."""
    pvc = source.pvc
    known = [
        (pvc.get("status") or {}).get("capacity", {}).get("storage"),
        pvc["spec"].get("resources", {}).get("requests", {}).get("storage"),
        source.size,
    ]
    return max((str(size) for size in known if size), key=parse_quantity)
