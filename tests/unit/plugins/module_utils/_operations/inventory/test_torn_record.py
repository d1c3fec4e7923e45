# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A record of power that nobody can read is told by a look, and keeps nobody from stopping what runs."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import DEPLOYMENT, NAMESPACE, VM
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.inventory import vm_info as under_test
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.inventory.vm_info import vm_info
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan.sites import Reach
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, plan_of
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.workload_manifests import deployment

PLAN = plan_of()
RECORDED = "dr.ocpvirt.io/recorded"
LABELS = {"dr.ocpvirt.io/plan": "payroll"}


@pytest.fixture
def east(monkeypatch: pytest.MonkeyPatch) -> MemoryApi:
    api = MemoryApi("east")
    api.create(NAMESPACE, {"metadata": {"name": "payroll"}})
    monkeypatch.setattr(under_test, "reach", lambda _plan, site: Reach(site, "reachable", api=api))  # type: ignore[arg-type]
    return api


def test_p10_a_vm_whose_record_cannot_be_read_is_shown_with_the_others_and_named(east: MemoryApi) -> None:
    for name, written in (("a", {RECORDED: "{"}), ("b", {})):
        meta: dict[str, Any] = {"name": name, "namespace": "payroll", "labels": LABELS, "annotations": written}
        east.create(VM, {"metadata": meta, "spec": {"runStrategy": "Halted", "template": {"spec": {}}}})
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
