# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An API server with KubeVirt's snapshot controller, a CSI snapshotter and a provisioner behind it, in memory."""

from __future__ import annotations

import itertools
from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import (
    PV,
    PVC,
    STORAGE_CLASS,
    VM,
    VM_SNAPSHOT,
    VM_SNAPSHOT_CONTENT,
    VOLUME_SNAPSHOT,
    VOLUME_SNAPSHOT_CLASS,
    Kind,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Failed
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, SimulatedTime

PLAN = {"dr.ocpvirt.io/plan": "payroll"}
NAMESPACE = "payroll"
DRIVER = "csi.example.org"


class SnapshotApi(MemoryApi):
    """What happens to an object happens the moment it is created, unless the test says otherwise.

    stuck: names of VMs whose snapshot never becomes ready, with the error that is shown meanwhile; failed: of those
    whose snapshot fails. left_out: claims that KubeVirt does not snapshot. unbound: claims whose clones stay Pending.
    refused: claims whose clones nobody may create. indications: of a VM. killed_after: writes after which our process
    dies.
    """

    def __init__(self) -> None:
        self.time = SimulatedTime()
        super().__init__("east", self.time.clock())
        self.stuck: dict[str, str] = {}
        self.failed: dict[str, str] = {}
        self.left_out: set[str] = set()
        self.unbound: set[str] = set()
        self.refused: set[str] = set()
        self.indications: dict[str, list[str]] = {}
        self.killed_after = -1
        self._uid = itertools.count(1)
        self.add(STORAGE_CLASS, {"metadata": {"name": "fast"}, "provisioner": DRIVER})
        self.add(VOLUME_SNAPSHOT_CLASS, {"metadata": {"name": "snap"}, "driver": DRIVER})

    def add(self, kind: Kind, body: dict[str, Any]) -> None:
        """What was there before; no write of ours."""
        super().create(kind, {"kind": kind.kind, **body})
        self.writes.pop()

    def add_vm(self, name: str, *claims: str, namespace: str = NAMESPACE, **spec: Any) -> None:
        volumes = [{"name": claim, "persistentVolumeClaim": {"claimName": claim}} for claim in claims]
        template = {"spec": {"volumes": volumes}}
        meta = {"name": name, "namespace": namespace, "labels": PLAN}
        self.add(VM, {"metadata": meta, "spec": {"runStrategy": "Halted", "template": template, **spec}})
        for claim in claims:
            if (PVC.kind, namespace, claim) not in self.objects:
                self.add_claim(claim, namespace)

    def add_claim(self, name: str, namespace: str = NAMESPACE, source: dict[str, Any] | None = None) -> None:
        pv = {"metadata": {"name": f"pv-{name}"}, "spec": source or {"csi": {"driver": DRIVER}}}
        pv["spec"]["persistentVolumeReclaimPolicy"] = "Retain"
        self.add(PV, pv)
        labels = {"tier": "db", "argocd.argoproj.io/instance": "payroll", "protected.dr.ocpvirt.io/payroll": "true"}
        spec = {
            "accessModes": ["ReadWriteMany"],
            "volumeMode": "Block",
            "storageClassName": "fast",
            "volumeName": f"pv-{name}",
            "resources": {"requests": {"storage": "10Gi"}},
        }
        meta = {"name": name, "namespace": namespace, "labels": labels}
        status = {"phase": "Bound", "capacity": {"storage": "10Gi"}}
        self.add(PVC, {"metadata": meta, "spec": spec, "status": status})

    def create(self, kind: Kind, body: dict[str, Any]) -> dict[str, Any]:
        self._die()
        meta = body["metadata"]
        source = meta["name"].rpartition("-2")[0] or meta["name"]
        if kind is PVC and source in self.refused:
            raise Failed(
                "POST", site="east", on=f"PersistentVolumeClaim/{meta['name']}", status=403, seen="exceeded quota"
            )
        marks = {"uid": f"u-{next(self._uid)}", "creationTimestamp": self.now()}
        stored = super().create(kind, {"kind": kind.kind, **body, "metadata": {**meta, **marks}})
        if kind is VM_SNAPSHOT:
            self._snapshot_vm(stored)
        elif kind is VOLUME_SNAPSHOT:
            self._ready(stored)
        elif kind is PVC and "dataSource" in body["spec"]:
            self._provision(stored, source)
        return super().get(kind, meta["name"], meta.get("namespace"))

    def patch(self, kind: Kind, name: str, namespace: str | None, body: dict[str, Any]) -> dict[str, Any]:
        self._die()
        return super().patch(kind, name, namespace, body)

    def delete(self, kind: Kind, name: str, namespace: str | None = None, uid: str | None = None) -> bool:
        self._die()
        gone = super().delete(kind, name, namespace, uid)
        if gone:
            self.writes.append(f"delete {kind.kind}/{namespace}/{name}")
        if kind is VM_SNAPSHOT:
            for key in [key for key, item in self.objects.items() if item["metadata"].get("owner") == name]:
                del self.objects[key]
        if kind is PVC:
            volume = f"pv-{name}"
            pv = self.objects.get((PV.kind, None, volume))
            if pv and pv["spec"].get("persistentVolumeReclaimPolicy") == "Delete":
                del self.objects[PV.kind, None, volume]
        return gone

    def now(self) -> str:
        return self.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")

    def names(self, kind: Kind) -> list[str]:
        return sorted(name for of_kind, _space, name in self.objects if of_kind == kind.kind)

    def _die(self) -> None:
        if self.killed_after == 0:
            raise KilledError
        self.killed_after -= 1

    def _snapshot_vm(self, stored: dict[str, Any]) -> None:
        name, vm = stored["metadata"]["name"], stored["spec"]["source"]["name"]
        status: dict[str, Any] = {"phase": "InProgress", "readyToUse": False}
        if vm in self.stuck:
            status["error"] = {"message": self.stuck[vm]}
        elif vm in self.failed:
            status |= {"phase": "Failed", "error": {"message": self.failed[vm]}}
        else:
            status = {"phase": "Succeeded", "readyToUse": True, "creationTime": self.now()}
            status["indications"] = self.indications.get(vm, [])
            status["virtualMachineSnapshotContentName"] = f"content-{name}"
            self._content(stored, vm)
        self.set_status(VM_SNAPSHOT, name, NAMESPACE, status)

    def _content(self, stored: dict[str, Any], vm: str) -> None:
        meta, backups = stored["metadata"], []
        for volume in self.get(VM, vm, NAMESPACE)["spec"]["template"]["spec"]["volumes"]:
            claim = volume["persistentVolumeClaim"]["claimName"]
            if claim in self.left_out:
                continue
            snapshot = f"vmsnapshot-{meta['uid']}-volume-{claim}"
            backups.append(
                {
                    "volumeName": volume["name"],
                    "persistentVolumeClaim": {"metadata": {"name": claim}},
                    "volumeSnapshotName": snapshot,
                }
            )
            self.add(VOLUME_SNAPSHOT, {"metadata": {"name": snapshot, "namespace": NAMESPACE, "owner": meta["name"]}})
            self._ready({"metadata": {"name": snapshot, "namespace": NAMESPACE}})
        content = {"name": f"content-{meta['name']}", "namespace": NAMESPACE, "owner": meta["name"]}
        self.add(VM_SNAPSHOT_CONTENT, {"metadata": content, "spec": {"volumeBackups": backups}})

    def _ready(self, stored: dict[str, Any]) -> None:
        meta = stored["metadata"]
        status = {"readyToUse": True, "creationTime": self.now(), "restoreSize": "11Gi"}
        self.set_status(VOLUME_SNAPSHOT, meta["name"], meta["namespace"], status)

    def _provision(self, stored: dict[str, Any], source: str) -> None:
        meta = stored["metadata"]
        if source in self.unbound:
            return self.set_status(PVC, meta["name"], meta["namespace"], {"phase": "Pending"})
        spec = {
            "csi": {"driver": DRIVER},
            "persistentVolumeReclaimPolicy": "Delete",
            "claimRef": {"namespace": meta["namespace"], "name": meta["name"], "uid": meta["uid"]},
        }
        self.add(PV, {"metadata": {"name": f"pv-{meta['name']}"}, "spec": spec})
        self.objects[PVC.kind, meta["namespace"], meta["name"]]["spec"]["volumeName"] = f"pv-{meta['name']}"
        return self.set_status(PVC, meta["name"], meta["namespace"], {"phase": "Bound"})

    def set_status(self, kind: Kind, name: str, namespace: str, status: dict[str, Any]) -> None:
        self.objects[kind.kind, namespace, name]["status"] = status


class KilledError(BaseException):
    """The end of our process; nothing of ours catches it."""
