# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whoever writes to volumes of the plan and is not stopped by a run is found beforehand."""

from __future__ import annotations

from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._model.selector import LabelSelector
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.guards.writers import (
    foreign_writers,
    waiting_writers,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.workload_manifests import (
    PLAN,
    cron_job,
    deployment,
    job,
    owned_by,
    pod,
    stateful_set,
)

CLAIMS = ["payroll/files", "payroll/data-store-0"]


def found(foreign: list[dict[str, Any]], pods: list[dict[str, Any]] | None = None) -> list[tuple[str, str, str]]:
    findings = foreign_writers(foreign, pods or [], CLAIMS, LabelSelector(PLAN), "east")
    return [(finding.severity, finding.code, finding.on) for finding in findings]


def test_p1_a_workload_that_the_plan_does_not_select_and_that_uses_its_claims_is_a_blocker() -> None:
    wanted = [
        ("blocker", "ForeignWriter", "Deployment/payroll/front"),
        ("blocker", "ForeignWriter", "StatefulSet/payroll/store"),
    ]
    assert found([deployment(claim="files", replicas=0), stateful_set("store"), deployment("other")]) == wanted


def test_p1_a_pod_that_no_workload_makes_is_a_blocker() -> None:
    launcher = pod("virt-launcher-db", claim="files")
    launcher["metadata"]["labels"] = {"kubevirt.io": "virt-launcher"}
    pods = [launcher, pod("debug", claim="files"), pod("other", claim="scratch")]
    assert found([], pods) == [("blocker", "ForeignWriter", "Pod/payroll/debug")]


def test_a_workload_that_its_operator_decides_over_is_said_to_be_left() -> None:
    owned = owned_by(deployment(), "Kafka", "events")
    assert found([owned]) == [("warning", "OwnedWorkload", "Deployment/payroll/front")]
    owned = owned_by(deployment(claim="files"), "Kafka", "events")
    assert found([owned]) == [("blocker", "ForeignWriter", "Deployment/payroll/front")]


def test_finished_jobs_and_those_of_cron_jobs_are_not_reported_beside_them() -> None:
    assert found([job(done="Complete"), job(owner=cron_job())]) == []


def test_p1_whoever_would_mount_a_new_claim_of_the_target_at_once_is_found() -> None:
    launcher = pod("virt-launcher-db", claim="files")
    launcher["metadata"]["labels"] = {"kubevirt.io": "virt-launcher"}
    workloads = [deployment(claim="files"), stateful_set("store"), deployment("idle", replicas=0, claim="files")]
    pods = [launcher, pod("debug", claim="files"), pod("other", claim="scratch")]
    assert waiting_writers(workloads, pods, CLAIMS, "r-1") == {
        "Deployment/payroll/front": ["payroll/files"],
        "Pod/payroll/debug": ["payroll/files"],
        "StatefulSet/payroll/store": ["payroll/data-store-0"],
    }


def test_p5_what_this_run_has_started_by_now_is_no_obstacle_to_its_next_attempt() -> None:
    mine = deployment(claim="files")
    mine["metadata"]["annotations"]["dr.ocpvirt.io/created-by-run"] = "r-1"
    pods = [pod("front-0", "front", claim="files")]
    assert waiting_writers([mine], pods, CLAIMS, "r-1") == {}
    assert list(waiting_writers([mine], pods, CLAIMS, "r-2")) == ["Deployment/payroll/front", "Pod/payroll/front-0"]
