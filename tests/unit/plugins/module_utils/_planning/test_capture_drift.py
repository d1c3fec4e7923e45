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
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.capture_drift import drift

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
