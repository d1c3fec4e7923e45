# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manifests as people have them, for the tests of best-practice findings."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._model.finding import Finding

Object = dict[str, Any]

LABEL = "protected.dr.ocpvirt.io/payroll"

_VM: Object = {
    "apiVersion": "kubevirt.io/v1",
    "kind": "VirtualMachine",
    "metadata": {
        "name": "db-0",
        "namespace": "payroll",
        "labels": {"app": "payroll", "vm.kubevirt.io/template": "rhel9-server-small", LABEL: "true"},
        "annotations": {"vm.kubevirt.io/validations": "[]", "kubevirt.io/latest-observed-api-version": "v1"},
    },
    "spec": {
        "runStrategy": "RerunOnFailure",
        "template": {
            "metadata": {"labels": {"kubevirt.io/domain": "db-0", "tier": "db"}},
            "spec": {
                "architecture": "amd64",
                "domain": {
                    "cpu": {"cores": 2},
                    "devices": {
                        "disks": [
                            {"name": "rootdisk", "bootOrder": 1, "disk": {"bus": "virtio"}},
                            {"name": "cloudinitdisk", "disk": {"bus": "virtio"}},
                        ],
                        "interfaces": [
                            {"name": "default", "masquerade": {}, "model": "virtio"},
                            {"name": "lan", "bridge": {}, "model": "virtio", "macAddress": "02:7a:9f:00:00:1c"},
                        ],
                        "rng": {},
                    },
                    "firmware": {"uuid": "5d307ca9-b3ef-428c-8861-06e72d69f223"},
                    "memory": {"guest": "4Gi"},
                },
                "networks": [
                    {"name": "default", "pod": {}},
                    {"name": "lan", "multus": {"networkName": "vlan-100"}},
                ],
                "terminationGracePeriodSeconds": 180,
                "volumes": [
                    {"name": "rootdisk", "dataVolume": {"name": "db-0"}},
                    {"name": "cloudinitdisk", "cloudInitNoCloud": {"secretRef": {"name": "db-0-cloudinit"}}},
                ],
            },
        },
    },
}


def vm(name: str = "db-0") -> Object:
    """A VM with nothing to be found on it; its root disk has its name."""
    found = copy.deepcopy(_VM)
    found["metadata"]["name"] = name
    template(found)["volumes"][0]["dataVolume"]["name"] = name
    template(found)["volumes"][1]["cloudInitNoCloud"]["secretRef"]["name"] = f"{name}-cloudinit"
    return found


def template(item: Object) -> Object:
    return item["spec"]["template"]["spec"]


def with_volume(item: Object, volume: Object, disk: Object | None = None) -> Object:
    template(item)["volumes"].append({"name": "extra", **volume})
    template(item)["domain"]["devices"]["disks"].append({"name": "extra", **(disk or {"disk": {"bus": "virtio"}})})
    return item


def claim(name: str = "db-0", modes: tuple[str, ...] = ("ReadWriteMany",), **meta: Any) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": "payroll", **meta},
        "spec": {
            "accessModes": list(modes),
            "resources": {"requests": {"storage": "30Gi"}},
            "storageClassName": "ocs-storagecluster-ceph-rbd-virtualization",
            "volumeMode": "Block",
            "volumeName": f"pvc-{name}",
        },
        "status": {"phase": "Bound", "accessModes": list(modes), "capacity": {"storage": "30Gi"}},
    }


def told(findings: Iterable[Finding]) -> list[str]:
    """severity, code and object of each; every one says what was seen and what to do."""
    given = list(findings)
    assert all(finding.message and finding.remedy for finding in given)
    return [f"{finding.severity} {finding.code} {finding.on}" for finding in given]


def only(findings: Iterable[Finding]) -> Finding:
    (finding,) = findings
    return finding
