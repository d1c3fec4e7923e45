# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A capture of east whose VM has two disks on NFS, with clones of them."""

from __future__ import annotations

from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._model.capture import Capture
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.clone import CloneFacts

DISKS = ("db-0", "db-0-data")
PROTECTED = "protected.dr.ocpvirt.io/payroll"
RULE = {
    "match": {"nfs": {"server": ["192.0.2.10", "198.51.100.10"], "path": "/(exports|dr)/(?P<volume>.+)"}},
    "set": {
        "east": {"nfs.server": "192.0.2.10", "nfs.path": "/exports/{match.volume}"},
        "west": {"nfs.server": "198.51.100.10", "nfs.path": "/dr/{match.volume}"},
    },
}


def captured(name: str, *points: str, disks: tuple[str, ...] = DISKS, cloned: tuple[str, ...] = DISKS) -> Capture:
    """points: names of recovery points, each with clones of the disks in `cloned`; the first one is the oldest."""
    volumes = [{"name": disk, "persistentVolumeClaim": {"claimName": disk}} for disk in disks]
    vm = {
        "metadata": {"name": "db-0", "namespace": "payroll", "labels": {"dr.ocpvirt.io/plan": "payroll"}},
        "spec": {"runStrategy": "Always", "template": {"spec": {"volumes": volumes}}},
    }
    claims = [claim(disk) for disk in disks]
    for day, point in enumerate(points, 1):
        claims += [clone(disk, point, f"2026-02-0{day}T12:00:00Z", cloned) for disk in cloned]
    pvs = [volume(item["metadata"]["name"]) for item in claims]
    objects = {"virtualmachines.kubevirt.io": [vm], "persistentvolumeclaims": claims, "persistentvolumes": pvs}
    return Capture(name, objects)


def claim(name: str) -> dict[str, Any]:
    labels = {PROTECTED: "true", "app": "db"}
    return {
        "metadata": {"name": name, "namespace": "payroll", "labels": labels, "uid": f"{name}-of-east"},
        "spec": {"volumeName": f"pv-{name}", "resources": {"requests": {"storage": "1Gi"}}},
    }


def clone(name: str, point: str, taken: str, members: tuple[str, ...] = DISKS) -> dict[str, Any]:
    facts = CloneFacts(name, "VirtualMachine/payroll/db-0", members, taken, "frozen")
    labels = {
        PROTECTED: "true",
        "dr.ocpvirt.io/recovery-point": point,
        "dr.ocpvirt.io/recovery-point-of-plan": "payroll",
        "dr.ocpvirt.io/clone-of": name,
    }
    found = claim(f"{name}-{point}")
    found["metadata"] |= {"labels": labels, "annotations": {"dr.ocpvirt.io/clone": facts.as_annotation()}}
    found["spec"]["resources"] = {"requests": {"storage": "2Gi"}}
    found["spec"]["dataSource"] = {"kind": "VolumeSnapshot", "name": f"{name}-{point}"}
    return found


def volume(claim_name: str) -> dict[str, Any]:
    return {
        "metadata": {"name": f"pv-{claim_name}", "uid": f"pv-{claim_name}-of-east", "labels": {PROTECTED: "true"}},
        "spec": {
            "capacity": {"storage": "1Gi"},
            "claimRef": {"namespace": "payroll", "name": claim_name, "uid": f"{claim_name}-of-east"},
            "nfs": {"server": "192.0.2.10", "path": f"/exports/{claim_name}"},
        },
    }
