# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import DEPLOYMENT, NAMESPACE, VM, VMI
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Unreachable
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.vm import PowerRecord
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.inventory import vm_info as under_test
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.inventory.vm_info import vm_info
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan.sites import Reach
from ansible_collections.ocpvirt.dr.plugins.modules import vm_info as module
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, plan_of
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.workload_manifests import deployment

PLAN = plan_of(startup={"waves": [{"name": "databases", "selector": {"matchLabels": {"tier": "db"}}}]})
LABELS = {"dr.ocpvirt.io/plan": "payroll"}
RECORDED = "dr.ocpvirt.io/recorded"


@pytest.fixture
def east(monkeypatch: pytest.MonkeyPatch) -> MemoryApi:
    api = MemoryApi("east")
    api.create(NAMESPACE, {"metadata": {"name": "payroll"}})
    monkeypatch.setattr(under_test, "reach", lambda _plan, site: Reach(site, "reachable", api=api))  # type: ignore[arg-type]
    return api


def add_vm(east: MemoryApi, name: str, strategy: str = "Always", status: str = "", **meta: Any) -> None:
    metadata = {"name": name, "namespace": "payroll", "labels": LABELS, **meta}
    spec = {"runStrategy": strategy, "template": {"spec": {}}}
    east.create(VM, {"metadata": metadata, "spec": spec, "status": {"printableStatus": status}})


def add_vmi(east: MemoryApi, name: str, conditions: list[dict[str, str]]) -> None:
    status = {"phase": "Running", "nodeName": "node-0", "conditions": conditions}
    east.create(VMI, {"metadata": {"name": name, "namespace": "payroll"}, "status": status})


READY = [{"type": kind, "status": "True"} for kind in ("Ready", "AgentConnected")]


def test_the_result_is_as_the_module_documents_it(east: MemoryApi) -> None:
    recorded = {"dr.ocpvirt.io/recorded": PowerRecord("Always", True).as_annotation(), "dr.ocpvirt.io/priority": "1"}
    add_vm(east, "db-0", status="Starting", labels={**LABELS, "tier": "db"}, annotations=recorded)
    not_ready = {"type": "Ready", "status": "False", "message": "Guest VM is not reported as running"}
    add_vmi(east, "db-0", [not_ready])
    add_vm(east, "off", "Halted")
    front = {"metadata": {"name": "front", "namespace": "payroll", "labels": LABELS, "generation": 1}}
    front["metadata"]["annotations"] = {"dr.ocpvirt.io/recorded": '{"replicas": 3, "running": true}'}
    status = {"observedGeneration": 1, "availableReplicas": 3}
    template = {"metadata": {"labels": {"app": "front"}}, "spec": {}}
    selector = {"matchLabels": {"app": "front"}}
    spec = {"replicas": 3, "selector": selector, "template": template}
    east.create(DEPLOYMENT, {"kind": "Deployment", **front, "spec": spec, "status": status})
    result = vm_info(PLAN, "east")
    result["vms"] = result["vms"][:1]
    documented = yaml.safe_load(module.RETURN)
    for item in documented.values():
        if "contains" in item:
            item["sample"] = [{name: field["sample"] for name, field in item["contains"].items()}]
    assert result == {"changed": False, **{name: item["sample"] for name, item in documented.items()}}


def test_what_ought_to_run_and_does_not_comes_first(east: MemoryApi) -> None:
    add_vm(east, "a-up")
    add_vmi(east, "a-up", READY)
    add_vm(east, "b-off", "Halted")
    add_vm(east, "c-down")
    add_vm(east, "d-down", annotations={"dr.ocpvirt.io/priority": "1"})
    assert [item["vm"] for item in vm_info(PLAN, "east")["vms"]] == [
        "payroll/d-down",
        "payroll/c-down",
        "payroll/a-up",
        "payroll/b-off",
    ]


def test_what_stays_off_says_why(east: MemoryApi) -> None:
    add_vm(east, "off", "Manual", "Stopped")
    [seen] = vm_info(PLAN, "east")["vms"]
    assert (seen["power"], seen["wave"], seen["why_not"]) == ("off", "", "was off (Manual) and stays off")


def test_ten_thousand_vms_make_a_result_below_64_kb(east: MemoryApi) -> None:
    for number in range(10_000):
        add_vm(east, f"vm-{number:05}")
    result = vm_info(PLAN, "east")
    assert len(json.dumps(result)) < 64_000
    assert result["counts"]["vms"] == len(result["vms"]) + result["left_out"] == 10_000


def test_annotations_that_give_no_order_are_told_and_the_rest_is_shown(east: MemoryApi) -> None:
    add_vm(east, "a", annotations={"dr.ocpvirt.io/depends-on": "b"})
    add_vm(east, "b", annotations={"dr.ocpvirt.io/depends-on": "a"})
    result = vm_info(PLAN, "east")
    assert "a cycle of dependencies" in result["order_problem"]
    assert len(result["vms"]) == 2


def test_a_site_that_does_not_answer_is_an_error_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(under_test, "reach", lambda _plan, site: Reach(site, "unreachable", "timed out"))
    with pytest.raises(Unreachable, match="timed out"):
        vm_info(PLAN, "east")


def test_p10_a_vm_whose_record_cannot_be_read_is_shown_with_the_others_and_named(east: MemoryApi) -> None:
    add_vm(east, "a", "Halted", annotations={RECORDED: "{"})
    add_vm(east, "b", "Halted")
    seen = vm_info(PLAN, "east")
    recorded = {item["vm"]: item["recorded"] for item in seen["vms"]}
    assert recorded == {"payroll/a": "unreadable", "payroll/b": None}
    assert "VirtualMachine/payroll/a" in seen["order_problem"]


def test_p10_a_workload_whose_record_cannot_be_read_is_shown_and_named(east: MemoryApi) -> None:
    item = deployment(replicas=0)
    item["metadata"]["annotations"] = {RECORDED: "{"}
    east.create(DEPLOYMENT, item)
    seen = vm_info(PLAN, "east")
    assert [found["recorded"] for found in seen["workloads"]] == ["unreadable"]
    assert "Deployment/payroll/front" in seen["order_problem"]
