# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import SECRET
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.capture import Capture
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.finding import Finding
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.selector import LabelSelector
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.capture.freshness import since_capture
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.workload_manifests import deployment


class Live:
    """What a site has now; the capture holds what it had when this was made."""

    def __init__(self) -> None:
        self.vms = {"payroll/db": vm("db", "db-0")}
        self.claims = {"payroll/db-0": claim("db-0", "pv-0")}
        self.volumes = {"payroll/db-0": volume("pv-0", "/exports/a")}
        self.workloads = {"Deployment/payroll/front": deployment(replicas=3)}
        self.secret = {"metadata": {"name": "key", "namespace": "payroll"}, "data": {"password": "b2xk"}}
        self.capture = Capture(
            "payroll-east-1",
            copy.deepcopy(
                {
                    "virtualmachines.kubevirt.io": list(self.vms.values()),
                    "persistentvolumeclaims": list(self.claims.values()),
                    "persistentvolumes": list(self.volumes.values()),
                    "secrets": [self.secret],
                    "deployments.apps": list(self.workloads.values()),
                }
            ),
        )

    def findings(self) -> list[Finding]:
        others = {(SECRET, "payroll/key"): self.secret}
        live = (self.vms, self.claims, self.volumes, others, self.workloads)
        return list(since_capture(self.capture, *live, LabelSelector()))

    def found(self) -> list[str]:
        findings = self.findings()
        assert all(finding.remedy and "payroll-east-1" in finding.message for finding in findings)
        return [f"{finding.severity} {finding.code} {finding.on}" for finding in findings]


def vm(name: str, *claims: str) -> dict[str, Any]:
    volumes = [{"name": claim, "persistentVolumeClaim": {"claimName": claim}} for claim in claims]
    spec = {"runStrategy": "Always", "template": {"spec": {"volumes": volumes}}}
    return {"metadata": {"name": name, "namespace": "payroll"}, "spec": spec}


def claim(name: str, pv: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "payroll"}, "spec": {"volumeName": pv}}


def volume(name: str, path: str, size: str = "10Gi") -> dict[str, Any]:
    source = {"nfs": {"server": "192.0.2.10", "path": path}}
    return {"metadata": {"name": name}, "spec": {"capacity": {"storage": size}, **source}}


def add_disk(live: Live) -> None:
    live.vms["payroll/db"] = vm("db", "db-0", "db-1")
    live.claims["payroll/db-1"] = claim("db-1", "pv-1")
    live.volumes["payroll/db-1"] = volume("pv-1", "/exports/b")


def move_disk(live: Live) -> None:
    """A migration to another class: the claim has another volume, of the same content."""
    live.claims["payroll/db-0"] = claim("db-0", "pv-9")
    live.volumes["payroll/db-0"] = volume("pv-9", "/exports/z")


def move_path(live: Live) -> None:
    live.volumes["payroll/db-0"] = volume("pv-0", "/exports/elsewhere")


def resize_disk(live: Live) -> None:
    live.volumes["payroll/db-0"] = volume("pv-0", "/exports/a", "20Gi")


def add_vm(live: Live) -> None:
    live.vms["payroll/web"] = vm("web")


def change_secret(live: Live) -> None:
    live.secret["data"] = {"password": "bmV3"}


def switch_off(live: Live) -> None:
    live.vms["payroll/db"]["spec"]["runStrategy"] = "Halted"


def add_disk_of_workload(live: Live) -> None:
    live.claims["payroll/cache"] = claim("cache", "pv-2")
    live.volumes["payroll/cache"] = volume("pv-2", "/exports/c")


def add_workload(live: Live) -> None:
    live.workloads["Deployment/payroll/back"] = deployment("back")


def scale(live: Live) -> None:
    live.workloads["Deployment/payroll/front"] = deployment(replicas=5)


def test_a_site_that_is_as_captured_has_no_findings() -> None:
    assert Live().found() == []


@pytest.mark.parametrize(
    ("change", "findings"),
    [
        (
            add_disk,
            [
                "blocker DiskAdded PersistentVolumeClaim/payroll/db-1",
                "warning ObjectChanged VirtualMachine/payroll/db",
            ],
        ),
        (move_disk, ["blocker DiskMoved PersistentVolumeClaim/payroll/db-0"]),
        (move_path, ["blocker DiskMoved PersistentVolumeClaim/payroll/db-0"]),
        (resize_disk, ["warning DiskResized PersistentVolumeClaim/payroll/db-0"]),
        (change_secret, ["warning ObjectChanged Secret/payroll/key"]),
        # P7: a failover would start it
        (switch_off, ["warning ObjectChanged VirtualMachine/payroll/db"]),
        # whoever judges the capture's content names it as a blocker
        (add_vm, []),
        (add_workload, []),
        (scale, ["warning ObjectChanged Deployment/payroll/front"]),
        (add_disk_of_workload, ["blocker DiskAdded PersistentVolumeClaim/payroll/cache"]),
    ],
)
def test_what_changed_since_the_capture_is_found(change: Callable[[Live], None], findings: list[str]) -> None:
    live = Live()
    change(live)
    assert live.found() == findings


def test_p10_a_new_disk_is_told_with_who_uses_it() -> None:
    live = Live()
    add_disk(live)
    add_disk_of_workload(live)
    told = [finding.message for finding in live.findings() if finding.code == "DiskAdded"]
    assert told == [
        "payroll-east-1: a workload of the plan uses it, and it is not in the capture",
        "payroll-east-1: VirtualMachine db uses it, and it is not in the capture",
    ]


def test_the_content_of_a_secret_is_in_no_message() -> None:
    live = Live()
    change_secret(live)
    told = str(live.findings())
    assert "bmV3" not in told
    assert "b2xk" not in told
