# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bound volume of an NFS server, in tree and by CSI, and the rules that take it from east to west."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import VolumeRule
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan_parser import parse_plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.volumes.patch import VolumeDecision, patch_volume

PLAN = """
name: payroll
home: east
sites:
  east: {kubeconfig: east.yml}
  west: {kubeconfig: west.yml}
protect: {namespaces: [payroll], selector: {}}
"""
NFS_RULES = """
- match: {nfs: {server: [192.0.2.10, 198.51.100.10], path: "/(?:exports|dr)/(?P<volume>.+)"}}
  set:
    east: {nfs.server: 192.0.2.10,    nfs.path: "/exports/{match.volume}", storageClassName: east-nfs}
    west: {nfs.server: 198.51.100.10, nfs.path: "/dr/{match.volume}",      storageClassName: west-nfs}
"""
CSI_NFS_RULES = r"""
- match:
    csi: {driver: nfs.csi.k8s.io, volumeHandle: "[^#]+#[^#]+#(?P<volume>[^#]+)##"}
  set:
    east:
      csi.volumeHandle: "192.0.2.10#exports#{match.volume}##"
      csi.volumeAttributes.server: 192.0.2.10
      csi.volumeAttributes.share: /exports
      csi.volumeAttributes[csi.storage.k8s.io/pv/name]: "{pv.name}"
    west:
      csi.volumeHandle: "198.51.100.10#dr#{match.volume}##"
      csi.volumeAttributes.server: 198.51.100.10
      csi.volumeAttributes.share: /dr
      csi.volumeAttributes[csi.storage.k8s.io/pv/name]: "{pv.name}"
"""


def rules(text: str) -> tuple[VolumeRule, ...]:
    return parse_plan({**yaml.safe_load(PLAN), "volumes": {"rules": yaml.safe_load(text)}}).rules


def pv(**source: Any) -> dict[str, Any]:
    """A PV as the old cluster serves it, bound."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {
            "name": "pv-1",
            "uid": "9d1b",
            "resourceVersion": "812",
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "finalizers": ["kubernetes.io/pv-protection"],
            "labels": {"tier": "db"},
            "annotations": {
                "pv.kubernetes.io/bound-by-controller": "yes",
                "pv.kubernetes.io/provisioned-by": "nfs.csi.k8s.io",
                "volume.kubernetes.io/provisioner-deletion-secret-name": "",
                "dr.ocpvirt.io/reclaim-policy": "Delete",
                "example.org/owner": "payroll",
            },
        },
        "spec": {
            "capacity": {"storage": "10Gi"},
            "accessModes": ["ReadWriteMany"],
            "persistentVolumeReclaimPolicy": "Delete",
            "storageClassName": "east-nfs",
            "volumeMode": "Filesystem",
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "namespace": "payroll",
                "name": "db-0",
                "uid": "77aa",
                "resourceVersion": "810",
            },
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": []}]}},
            **source,
        },
        "status": {"phase": "Bound"},
    }


def pvc(**metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {
            "name": "db-0",
            "namespace": "payroll",
            "uid": "77aa",
            "resourceVersion": "811",
            "finalizers": ["kubernetes.io/pvc-protection"],
            "labels": {"tier": "db"},
            "annotations": {
                "pv.kubernetes.io/bind-completed": "yes",
                "volume.kubernetes.io/selected-node": "worker-3",
                "volume.beta.kubernetes.io/storage-provisioner": "nfs.csi.k8s.io",
            },
            **metadata,
        },
        "spec": {
            "accessModes": ["ReadWriteMany"],
            "resources": {"requests": {"storage": "10Gi"}},
            "storageClassName": "east-nfs",
            "volumeMode": "Filesystem",
            "volumeName": "pv-1",
            "dataSource": {"kind": "VolumeSnapshot", "name": "golden", "apiGroup": "snapshot.storage.k8s.io"},
            "dataSourceRef": {"kind": "VolumeSnapshot", "name": "golden", "apiGroup": "snapshot.storage.k8s.io"},
        },
        "status": {"phase": "Bound"},
    }


NFS_PV = pv(nfs={"server": "192.0.2.10", "path": "/exports/payroll/pv-1"})
CSI_NFS_PV = pv(
    csi={
        "driver": "nfs.csi.k8s.io",
        "volumeHandle": "192.0.2.10#exports#pvc-42##",
        "volumeAttributes": {
            "server": "192.0.2.10",
            "share": "/exports",
            "subdir": "pvc-42",
            "csi.storage.k8s.io/pv/name": "pv-1",
        },
    }
)


def decide(
    volume: dict[str, Any], rules_text: str = NFS_RULES, claim: dict[str, Any] | None = None, vm: str = ""
) -> VolumeDecision:
    return patch_volume(volume, claim or pvc(), rules(rules_text), "west", (vm,) if vm else ())


def refusal_of(volume: dict[str, Any], rules_text: str, vm: str = "") -> Refused:
    with pytest.raises(Refused) as refusal:
        decide(volume, rules_text, vm=vm)
    return refusal.value
