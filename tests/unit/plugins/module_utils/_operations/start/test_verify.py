# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""After a start: whatever of the plan runs at the source too is named."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import DEPLOYMENT, POD, VM, VMI
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan.sites import Reach
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.start import verify
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, MemorySession, plan_of
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.workload_manifests import PLAN, deployment, pod

NAMED = {"name": "db", "namespace": "payroll"}


@pytest.fixture
def east(monkeypatch: pytest.MonkeyPatch) -> MemoryApi:
    """The source; at the target a VM of the plan runs."""
    session: Any = MemorySession(MemoryApi())
    session.api.create(VM, {"metadata": {**NAMED, "labels": PLAN}})
    session.api.create(VMI, {"metadata": NAMED})
    session.reach_source = lambda: Reach("east", "reachable", api=session.source_api)
    monkeypatch.setattr(verify, "Session", session)
    found: MemoryApi = session.source_api
    return found


def test_nothing_left_at_the_source_is_said(east: MemoryApi) -> None:
    assert east.list(VM) == []
    result = verify.verify_run(plan_of(), "r-1", False)
    assert (result["running"], result["msg"]) == (1, "0 VMs of the plan are left at east")


def test_p1_a_vm_that_runs_at_both_sites_is_named(east: MemoryApi) -> None:
    east.create(VMI, {"metadata": NAMED})
    with pytest.raises(Conflict, match="VirtualMachineInstance/payroll/db"):
        verify.verify_run(plan_of(), "r-1", False)


def test_p1_a_pod_of_a_workload_that_runs_at_the_source_is_named(east: MemoryApi) -> None:
    east.create(DEPLOYMENT, deployment("front"))
    east.create(POD, pod("front-0", "front"))
    east.create(POD, pod("other-0", "other"))
    with pytest.raises(Conflict, match=r"Pod/payroll/front-0 .*0 VMs of the plan and 1 pods of its workloads"):
        verify.verify_run(plan_of(), "r-1", False)
