# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a volume can be snapshotted and cloned, and what such a snapshot is worth. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..._model.finding import Finding

Object = Mapping[str, Any]

DEFAULT_CLASS = "snapshot.storage.kubernetes.io/is-default-class"
# drivers whose snapshot is a copy that is made file by file or block by block while the guest goes on writing, with
# where that was read: a clone of such a snapshot is of no one moment
COPIES = {
    # kubernetes-csi/csi-driver-nfs, pkg/nfs/controllerserver.go: CreateSnapshot archives the directory with tar
    "nfs.csi.k8s.io": "a tar archive of the volume's directory",
    # kubernetes-csi/csi-driver-host-path, pkg/hostpath/hostpath.go: tar, or a copy of the block file
    "hostpath.csi.k8s.io": "a tar archive or a copy of the volume's file",
}


@dataclass(frozen=True)
class SnapshotStorage:
    """What a site has for it. classes, profiles: by the name of the storage class. served: whether it snapshots."""

    classes: Mapping[str, Object] = field(default_factory=dict)
    snapshot_classes: Sequence[Object] = ()
    profiles: Mapping[str, Object] = field(default_factory=dict)
    served: bool = True


def snapshot_class(storage: SnapshotStorage, name: str) -> tuple[str, str]:
    """The VolumeSnapshotClass for a storage class, as KubeVirt chooses it; or why there is none."""
    if name not in storage.classes:
        return "", f"its StorageClass {name or '(none)'} is absent"
    chosen = str((storage.profiles.get(name, {}).get("status") or {}).get("snapshotClass") or "")
    if chosen:
        known = any(item["metadata"]["name"] == chosen for item in storage.snapshot_classes)
        reason = f"StorageProfile/{name} names VolumeSnapshotClass/{chosen}, which is absent"
        return (chosen, "") if known else ("", reason)
    driver = storage.classes[name].get("provisioner", "")
    fitting = [item["metadata"] for item in storage.snapshot_classes if item.get("driver") == driver]
    default = [meta for meta in fitting if DEFAULT_CLASS in (meta.get("annotations") or {})]
    if len(fitting) == 1 or default:
        return str((default or fitting)[0]["name"]), ""
    names = ", ".join(sorted(meta["name"] for meta in fitting))
    several = f"{len(fitting)} classes are of {driver}, and none is the default: {names}"
    return "", several if fitting else f"no VolumeSnapshotClass is of {driver}"


def clone_class(name: str, classes: Mapping[str, str]) -> str:
    """The storage class of a clone. classes: of the plan."""
    return classes.get(name, name)


def obstacles(storage: SnapshotStorage, pvc: Object, pv: Object | None, classes: Mapping[str, str]) -> list[Finding]:
    """Why a claim cannot be cloned."""
    key = f"{pvc['metadata']['namespace']}/{pvc['metadata']['name']}"
    on = f"PersistentVolumeClaim/{key}"
    name = str(pvc["spec"].get("storageClassName") or "")
    if pv is None:
        return [Finding("warning", "NoSnapshotClass", on, "it is not Bound", "wait, or repair the claim")]
    if "csi" not in pv["spec"]:
        message = f"PersistentVolume/{pv['metadata']['name']} is not of a CSI driver, so nothing can snapshot it"
        return [Finding("warning", "NoSnapshotClass", on, message, "move the disk to a volume of a CSI driver")]
    if not storage.served:
        remedy = "install the CSI snapshot controller with its definitions, or take snapshots out of the plan"
        return [Finding("warning", "NoSnapshotClass", on, "the site does not serve VolumeSnapshots", remedy)]
    chosen, reason = snapshot_class(storage, name)
    if not chosen:
        remedy = "create one VolumeSnapshotClass for the driver, or mark one of several as the default"
        return [Finding("warning", "NoSnapshotClass", on, reason, remedy)]
    wanted = clone_class(name, classes)
    source, target = storage.classes[name], storage.classes.get(wanted)
    remedy = f"name a class of {source.get('provisioner')} that binds at once under snapshots.storage_classes.{name}"
    if target is None:
        return [Finding("warning", "CloneClass", on, f"StorageClass/{wanted} of its clone is absent", remedy)]
    if target.get("provisioner") != source.get("provisioner"):
        message = f"StorageClass/{wanted} of its clone is of {target.get('provisioner')}: it cannot read the snapshot"
        return [Finding("warning", "CloneClass", on, message, remedy)]
    if target.get("volumeBindingMode") == "WaitForFirstConsumer":
        message = f"StorageClass/{wanted} waits for a pod before it makes a volume, and nothing mounts a clone"
        return [Finding("warning", "CloneClass", on, message, remedy)]
    return []


def copies(pvc: Object, pv: Object | None) -> list[Finding]:
    """That the snapshot of a claim is a copy."""
    driver = ((pv or {}).get("spec", {}).get("csi") or {}).get("driver", "")
    if driver not in COPIES:
        return []
    return [
        Finding(
            "warning",
            "SnapshotIsCopy",
            f"PersistentVolumeClaim/{pvc['metadata']['namespace']}/{pvc['metadata']['name']}",
            f"a snapshot of {driver} is {COPIES[driver]}, taken while the guest writes: it is of no one moment, unless"
            " the guest is frozen or off as long as it takes",
            "a storage with snapshots of its own; or a guest agent, so that the guest is frozen meanwhile",
        )
    ]
