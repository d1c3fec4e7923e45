# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import ROUTE, SECRET, Kind
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.capture import Capture
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.selector import LabelSelector
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.capture.check import check_capture, left_out
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.workload_manifests import (
    deployment,
    stateful_set,
    template,
)

SELECTOR = LabelSelector({"dr.ocpvirt.io/plan": "payroll"})
VOLUMES = [
    {"persistentVolumeClaim": {"claimName": "db-0"}},
    {"secret": {"secretName": "db-password"}},
    {"configMap": {"name": "db-settings"}},
]


def named(name: str, **more: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "payroll"}, **more}


def complete() -> dict[str, list[dict[str, Any]]]:
    return {
        "virtualmachines.kubevirt.io": [named("db-0", spec={"template": {"spec": {"volumes": VOLUMES}}})],
        "persistentvolumeclaims": [named("db-0", spec={"volumeName": "pv-1"}, status={"phase": "Bound"})],
        "persistentvolumes": [{"metadata": {"name": "pv-1"}}],
        "secrets": [named("db-password")],
        "configmaps": [named("db-settings")],
    }


def found(objects: dict[str, list[dict[str, Any]]], expected: list[dict[str, Any]] | None = None) -> list[str]:
    findings = check_capture(Capture("payroll-east-1", objects), SELECTOR, expected or ())
    assert all(finding.severity == "blocker" and finding.remedy for finding in findings)
    return [f"{finding.code} {finding.on}" for finding in findings]


def test_a_complete_capture_has_no_findings() -> None:
    assert found(complete(), complete()["virtualmachines.kubevirt.io"]) == []


@pytest.mark.parametrize(
    ("resource", "finding"),
    [
        ("virtualmachines.kubevirt.io", "CaptureEmpty Capture/payroll-east-1"),
        ("persistentvolumeclaims", "ClaimNotCaptured PersistentVolumeClaim/payroll/db-0"),
        ("persistentvolumes", "VolumeNotCaptured PersistentVolumeClaim/payroll/db-0"),
        ("secrets", "ReferenceNotCaptured Secret/payroll/db-password"),
        ("configmaps", "ReferenceNotCaptured ConfigMap/payroll/db-settings"),
    ],
)
def test_what_a_capture_lacks_is_found(resource, finding) -> None:
    objects = complete()
    del objects[resource]
    assert found(objects) == [finding]


def test_a_claim_that_was_pending_is_found_with_its_phase() -> None:
    objects = complete()
    objects["persistentvolumeclaims"] = [named("db-0", spec={}, status={"phase": "Pending"})]
    findings = check_capture(Capture("payroll-east-1", objects), SELECTOR)
    assert [finding.message for finding in findings] == [
        "it was Pending when the capture was taken, so its PersistentVolume is not in it"
    ]


def test_a_vm_that_runs_at_the_source_and_is_not_in_the_capture_is_found() -> None:
    assert found(complete(), [named("db-0"), named("db-1")]) == ["VmNotCaptured VirtualMachine/payroll/db-1"]


def with_workloads() -> dict[str, list[dict[str, Any]]]:
    objects = complete()
    pods = template("front", volumes=[{"secret": {"secretName": "db-password"}}], serviceAccountName="front")
    objects["deployments.apps"] = [deployment(template=pods)]
    objects["statefulsets.apps"] = [stateful_set("store", replicas=1)]
    objects["serviceaccounts"] = [named("front")]
    claim = named("data-store-0", spec={"volumeName": "pv-2"}, status={"phase": "Bound"})
    objects["persistentvolumeclaims"].append(claim)
    objects["persistentvolumes"].append({"metadata": {"name": "pv-2"}})
    return objects


def test_a_capture_that_holds_all_of_its_workloads_has_no_findings() -> None:
    assert found(with_workloads()) == []


def test_what_a_workload_needs_and_a_capture_lacks_is_found() -> None:
    objects = with_workloads()
    del objects["serviceaccounts"]
    objects["persistentvolumeclaims"].pop()
    assert found(objects) == [
        "ReferenceNotCaptured ServiceAccount/payroll/front",
        "ClaimNotCaptured PersistentVolumeClaim/payroll/data-store-0",
    ]


def test_a_replica_that_came_later_has_a_claim_that_is_found_missing() -> None:
    objects = with_workloads()
    objects["statefulsets.apps"] = [stateful_set("store", replicas=2)]
    assert found(objects) == ["ClaimNotCaptured PersistentVolumeClaim/payroll/data-store-1"]


def test_a_workload_that_is_not_in_the_capture_is_found() -> None:
    findings = check_capture(Capture("payroll-east-1", with_workloads()), SELECTOR, (), [deployment("late")])
    assert [f"{finding.code} {finding.on}" for finding in findings] == ["WorkloadNotCaptured Deployment/payroll/late"]


@pytest.mark.parametrize(
    ("routes", "told"),
    [
        (["a"], []),
        (["a", "b"], ["payroll/b: a failover"]),
        (list("abcdefgh"), ["payroll/b, payroll/c, payroll/d, payroll/e, payroll/f and 2 more: a failover"]),
    ],
)
def test_what_belongs_to_the_plan_and_is_not_captured_is_told_by_kind(routes: list[str], told: list[str]) -> None:
    """As of a kind that Velero does not know yet."""
    live: dict[tuple[Kind, str], Any] = {(ROUTE, f"payroll/{name}"): named(name) for name in routes}
    live[SECRET, "payroll/db-password"] = named("db-password")
    captured = Capture("payroll-east-1", {**complete(), "routes.route.openshift.io": [named("a")]})
    findings = list(left_out(captured, live))
    assert [(item.severity, item.code, item.on) for item in findings] == [
        ("warning", "ObjectNotCaptured", "Route")
    ] * len(told)
    assert [item.message.partition(" from ")[0] for item in findings] == told
