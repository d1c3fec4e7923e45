# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What check says of workloads at both sites."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import DEPLOYMENT, POD, PVC, Kind
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Failed
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.capture import Capture
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.checks.workload_findings import (
    findings_at_source,
    findings_at_target,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.inventory.protected import list_protected
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, plan_of
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.workload_manifests import (
    PROTECTED,
    RECORDED,
    deployment,
    pod,
)

WAITING = deployment("other", labels={}, claim="files")


@pytest.fixture
def east() -> MemoryApi:
    """A Deployment of the plan runs with a claim."""
    api = MemoryApi("east")
    api.create(DEPLOYMENT, deployment(claim="files"))
    api.create(PVC, {"metadata": {"name": "files", "namespace": "payroll"}, "spec": {}})
    api.create(POD, pod("front-0", "front", claim="files"))
    return api


def at_source(east: MemoryApi) -> list[str]:
    found = list_protected(plan_of(), east)  # type: ignore[arg-type]
    return [f"{item.code} {item.on}" for item in findings_at_source(plan_of(), east, found)]  # type: ignore[arg-type]


def at_target(east: MemoryApi, west: MemoryApi) -> list[str]:
    found = list_protected(plan_of(), east)  # type: ignore[arg-type]
    capture = Capture("payroll-east-1", {"deployments.apps": east.list(DEPLOYMENT)})
    findings = findings_at_target(plan_of(), west, found, capture)  # type: ignore[arg-type]
    return [f"{item.code} {item.on}" for item in findings]


def test_the_plans_own_workloads_and_their_pods_are_no_findings(east: MemoryApi) -> None:
    assert (at_source(east), at_target(east, MemoryApi())) == ([], [])


def test_p1_another_writer_is_found_once_with_what_makes_its_pods(east: MemoryApi) -> None:
    east.create(DEPLOYMENT, WAITING)
    east.create(POD, pod("other-0", "other", claim="files"))
    east.create(POD, pod("debug", claim="files"))
    east.create(POD, pod("done", claim="files", phase="Failed"))
    assert at_source(east) == ["ForeignWriter Deployment/payroll/other", "ForeignWriter Pod/payroll/debug"]


def test_p1_who_waits_for_the_volumes_at_the_other_site_is_found(east: MemoryApi) -> None:
    west = MemoryApi()
    west.create(DEPLOYMENT, WAITING)
    assert at_target(east, west) == ["WaitingWriter Deployment/payroll/other"]


def test_p8_a_workload_of_somebody_else_in_the_way_is_found(east: MemoryApi) -> None:
    west = MemoryApi()
    west.create(DEPLOYMENT, deployment(replicas=0))
    assert at_target(east, west) == ["WorkloadAtTarget Deployment/payroll/front"]


def test_a_workload_that_an_earlier_stay_left_stopped_is_no_finding(east: MemoryApi) -> None:
    west = MemoryApi()
    left = deployment(replicas=0, labels={"dr.ocpvirt.io/plan": "payroll", PROTECTED: "true"}, claim="files")
    left["metadata"]["annotations"][RECORDED] = '{"replicas": 3, "running": true}'
    west.create(DEPLOYMENT, left)
    assert at_target(east, west) == []


def test_a_site_that_may_not_be_read_is_a_finding(east: MemoryApi, monkeypatch: pytest.MonkeyPatch) -> None:
    west = MemoryApi()

    def forbidden(_kind: Kind, *_given: object) -> list[object]:
        raise Failed("GET", site="west", seen="deployments.apps is forbidden", status=403)

    monkeypatch.setattr(west, "list", forbidden)
    assert at_target(east, west) == ["SiteFailed Site/west"]
