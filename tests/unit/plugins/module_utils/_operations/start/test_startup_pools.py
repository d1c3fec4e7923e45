# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pools that a stop paused, after a start: given back once none of their VMs is left off (P7)."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import VM, Kind
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.start_asked import Asked
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.vm import PowerRecord
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.start.startup import start_vms
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.start.startup_world import Start
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of

POOL = Kind("pool.kubevirt.io", "v1beta1", "virtualmachinepools", "VirtualMachinePool")
ON = PowerRecord("Always", True)


class Pools(Start):
    """A start with VMs of pools."""

    def add_pool(self, pool: str, *names: str, power: PowerRecord = ON) -> None:
        owner = {"apiVersion": POOL.api_version, "kind": POOL.kind, "name": pool, "controller": True}
        for name in names:
            self.api.add(name, power)
            vm = self.api.get(VM, name, "payroll")
            vm["metadata"]["ownerReferences"] = [owner]
            self.api.replace(VM, vm)
        if self.api.find(POOL, pool, "payroll") is None:
            meta = {"name": pool, "namespace": "payroll", "annotations": {"dr.ocpvirt.io/paused-pool": "null"}}
            self.api.create(POOL, {"metadata": meta, "spec": {"paused": True, "template": {}}})

    def is_paused(self, pool: str) -> bool:
        return bool(self.api.get(POOL, pool, "payroll")["spec"].get("paused"))

    def only(self, *keys: str) -> dict[str, Any]:
        plan = plan_of(startup={"readiness": {"agent": True, "timeout": "1m"}})
        return start_vms(plan, "r-1", None, False, asked=Asked(only=keys))


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Pools:
    return Pools(monkeypatch)


@pytest.mark.parametrize("broken", [False, True])
def test_p7_a_pool_is_given_back_once_all_of_its_vms_run(start: Pools, broken: bool) -> None:
    start.add_pool("web", "a")
    if broken:
        start.api.broken.add("a")
    start.run()
    assert start.is_paused("web") is broken


def test_p7_a_pool_of_which_a_retry_leaves_a_vm_off_stays_paused(start: Pools) -> None:
    start.add_pool("web", "web-0", "web-1")
    assert start.only("payroll/web-1")["left_out"] == 1
    assert (start.is_paused("web"), start.api.recorded("web-0")) == (True, True)
    assert start.session.summary["pools"] == [
        "VirtualMachinePool/payroll/web stays paused while payroll/web-0 is left off"
    ]


def test_p7_a_pool_whose_vm_was_off_stays_paused_until_a_start_gives_that_its_strategy_back(start: Pools) -> None:
    start.add_pool("web", "web-1")
    start.add_pool("web", "web-0", power=PowerRecord("Manual", False))
    start.only("payroll/web-1")
    assert (start.is_paused("web"), start.api.recorded("web-0")) == (True, True)
    start.run()
    assert (start.is_paused("web"), start.api.recorded("web-0")) == (False, False)


def test_p7_a_pool_that_is_up_is_given_back_whatever_became_of_others(start: Pools) -> None:
    start.add_pool("web", "web-0")
    start.add_pool("app", "app-0")
    start.api.broken.add("app-0")
    start.run()
    assert (start.is_paused("web"), start.is_paused("app")) == (False, True)
