# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import SECRET
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.capture import Capture
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.selector import LabelSelector
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.vm import power_record
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.capture.drift import drift
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.restore.workload_change import stopped_copy
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.workload_manifests import deployment, job

RECORDED = "dr.ocpvirt.io/recorded"
SELECTOR = LabelSelector({"dr.ocpvirt.io/plan": "payroll"})


def vm(**spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "db", "namespace": "payroll", "labels": {"tier": "db"}, "resourceVersion": "8"},
        "spec": {"runStrategy": "Manual", "template": {"spec": {"volumes": []}}, **spec},
        "status": {"ready": True},
    }


def stopped(item: dict[str, Any]) -> dict[str, Any]:
    """The VM as quiesce leaves it."""
    item = copy.deepcopy(item)
    item["metadata"] |= {"annotations": {RECORDED: power_record(item).as_annotation()}, "resourceVersion": "9"}
    item["spec"]["runStrategy"] = "Halted"
    item["status"] = {"ready": False}
    return item


CLAIM = {"metadata": {"name": "db", "namespace": "payroll"}, "spec": {"volumeName": "pv"}}
VOLUME = {"metadata": {"name": "pv"}, "spec": {"nfs": {"path": "/a"}, "claimRef": {"uid": "1"}}}
KEY = {"metadata": {"name": "key", "namespace": "payroll"}, "data": {"password": "b2xk"}}


def drifted(live: dict[str, Any] | None, claim: Any = None, volume: Any = None, secret: Any = None) -> list[str]:
    capture = Capture(
        "payroll-east-1",
        {
            "virtualmachines.kubevirt.io": [vm()],
            "persistentvolumeclaims": [CLAIM],
            "persistentvolumes": [VOLUME],
            "secrets": [KEY],
        },
    )
    vms = {"payroll/db": live} if live else {}
    claims, volumes = {"payroll/db": claim or CLAIM}, {"payroll/db": volume or VOLUME}
    return drift(capture, vms, claims, volumes, {(SECRET, "payroll/key"): secret or KEY}, {}, SELECTOR)


def test_stopping_a_vm_is_no_drift() -> None:
    assert drifted(stopped(vm())) == []


def test_what_controllers_write_is_no_drift() -> None:
    live = stopped(vm())
    live["metadata"]["annotations"]["kubevirt.io/latest-observed-api-version"] = "v1"
    bound = {**VOLUME, "spec": {**VOLUME["spec"], "claimRef": {"uid": "2"}}, "status": {"phase": "Bound"}}
    assert drifted(live, volume=bound) == []


def test_p7_a_vm_that_was_switched_off_meanwhile_is_drift() -> None:
    off = vm()
    off["status"] = {"ready": False}
    assert drifted(stopped(off)) == ["VirtualMachine/payroll/db was Manual, running and then Manual, off"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"live": None}, "VirtualMachine/payroll/db was removed"),
        ({"live": stopped(vm(template={"spec": {"volumes": [{}]}}))}, "VirtualMachine/payroll/db was changed: spec"),
        ({"claim": {**CLAIM, "spec": {"volumeName": "pv2"}}}, "PersistentVolumeClaim/payroll/db was changed: spec"),
        ({"secret": {**KEY, "data": {"password": "bmV3"}}}, "Secret/payroll/key was changed: data"),
    ],
)
def test_what_people_change_is_drift_and_secrets_are_not_shown(changes: dict[str, Any], message: str) -> None:
    given = {"live": stopped(vm()), **changes}
    assert drifted(given.pop("live"), **given) == [message]


def test_a_new_object_is_drift() -> None:
    capture = Capture("payroll-east-1", {})
    assert drift(capture, {"payroll/db": vm()}, {}, {}, {(SECRET, "payroll/key"): KEY}, {}, SELECTOR) == [
        "VirtualMachine/payroll/db is new",
        "Secret/payroll/key is new",
    ]


def workload_drift(captured: dict[str, Any] | None, live: dict[str, Any] | None) -> list[str]:
    capture = Capture("payroll-east-1", {"deployments.apps": [captured] if captured else []})
    workloads = {"Deployment/payroll/front": live} if live else {}
    return drift(capture, {}, {}, {}, {}, workloads, SELECTOR)


def stopped_workload(item: dict[str, Any]) -> dict[str, Any]:
    item = stopped_copy({**item, "metadata": {**item["metadata"], "resourceVersion": "9"}}, "r-1")
    del item["metadata"]["annotations"]["dr.ocpvirt.io/created-by-run"]
    item["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "8"
    return {**item, "status": {"replicas": 0}}


def test_stopping_a_workload_is_no_drift() -> None:
    assert workload_drift(deployment(), stopped_workload(deployment())) == []


def test_a_job_that_is_done_since_is_drift_and_one_that_was_done_is_none() -> None:
    done = Capture("payroll-east-1", {"jobs.batch": [job(done="Complete")]})
    assert drift(done, {}, {}, {}, {}, {}, SELECTOR) == []
    captured = Capture("payroll-east-1", {"jobs.batch": [job()]})
    assert drift(captured, {}, {}, {}, {}, {}, SELECTOR) == ["Job/payroll/import was removed"]


@pytest.mark.parametrize(
    ("captured", "live", "message"),
    [
        (deployment(), None, "Deployment/payroll/front was removed"),
        (None, deployment(), "Deployment/payroll/front is new"),
        (
            deployment(),
            stopped_workload(deployment(replicas=5)),
            "Deployment/payroll/front was 3 replicas and then 5 replicas",
        ),
        (deployment(), stopped_workload(deployment(paused=True)), "Deployment/payroll/front was changed: spec"),
    ],
)
def test_p7_what_people_change_of_a_workload_is_drift(captured: Any, live: Any, message: str) -> None:
    assert workload_drift(captured, live) == [message]
