# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VirtualMachinePools while their VMs are off."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import Kind
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict, Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.stop.pools import (
    pause_pools,
    paused_pools,
    resume_pools,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, MemorySession

POOL = Kind("pool.kubevirt.io", "v1beta1", "virtualmachinepools", "VirtualMachinePool")
PAUSED = "dr.ocpvirt.io/paused-pool"
OWNER = {"apiVersion": POOL.api_version, "kind": POOL.kind, "name": "web", "controller": True}
VMS: dict[str, Any] = {
    f"payroll/web-{number}": {"metadata": {"name": f"web-{number}", "namespace": "payroll", "ownerReferences": [OWNER]}}
    for number in range(2)
}
VMS["payroll/db"] = {"metadata": {"name": "db", "namespace": "payroll"}}


@pytest.fixture
def session() -> MemorySession:
    return MemorySession(MemoryApi())


def add_pool(session: MemorySession, selected: bool = True, **spec: Any) -> None:
    labels = {"dr.ocpvirt.io/plan": "payroll"} if selected else {}
    session.api.create(POOL, {"metadata": {"name": "web", "namespace": "payroll", "labels": labels}, "spec": spec})


def pool(session: MemorySession) -> dict[str, Any]:
    found = session.api.get(POOL, "web", "payroll")
    return {"spec": found["spec"], "annotations": found["metadata"].get("annotations", {})}


def pause(session: MemorySession, best_effort: bool = False) -> list[tuple[bool, str]]:
    return pause_pools(session, session.api, VMS, best_effort)  # type: ignore[arg-type]


def resume(session: MemorySession, *off: str) -> list[str]:
    return resume_pools(session, session.api, VMS, set(off))  # type: ignore[arg-type]


@pytest.mark.parametrize("spec", [{"replicas": 2}, {"replicas": 2, "paused": False}])
def test_p7_a_pool_is_paused_and_given_back_as_it_was(session: MemorySession, spec: dict[str, Any]) -> None:
    add_pool(session, **spec)
    assert pause(session) == [(True, "VirtualMachinePool/payroll/web is paused")]
    assert pool(session)["spec"]["paused"] is True
    assert paused_pools(session.api, VMS) == ["payroll/web"]  # type: ignore[arg-type]
    resume(session)
    assert pool(session) == {"spec": spec, "annotations": {}}


def test_p7_a_pool_stays_paused_while_one_of_its_vms_is_left_off(session: MemorySession) -> None:
    add_pool(session)
    pause(session)
    said = "VirtualMachinePool/payroll/web stays paused while payroll/web-1 is left off"
    assert (resume(session, "payroll/db", "payroll/web-1"), pool(session)["spec"]["paused"]) == ([said], True)


def test_p7_a_pool_that_its_owner_paused_stays_paused(session: MemorySession) -> None:
    add_pool(session, paused=True)
    assert pause(session) == [(False, "VirtualMachinePool/payroll/web is paused already")]
    assert resume(session) == []
    assert pool(session)["spec"]["paused"] is True


def test_p5_pausing_twice_keeps_what_the_pool_was(session: MemorySession) -> None:
    add_pool(session)
    pause(session)
    pause(session)
    resume(session)
    assert pool(session) == {"spec": {}, "annotations": {}}


def test_p8_a_pool_that_the_plan_does_not_select_is_refused_and_not_written(session: MemorySession) -> None:
    add_pool(session, selected=False)
    before = list(session.api.writes)
    with pytest.raises(Refused, match=r"label the pool as dr\.ocpvirt\.io/plan=payroll, or set its spec\.paused"):
        pause(session)
    assert session.api.writes == before


def test_p4_at_a_lost_site_it_is_only_said(session: MemorySession) -> None:
    add_pool(session, selected=False)
    [(written, said)] = pause(session, best_effort=True)
    assert (written, "may undo the stop" in said) == (False, True)


def test_p9_check_mode_says_it_and_writes_nothing(session: MemorySession) -> None:
    add_pool(session)
    session.check_mode = True
    assert pause(session) == [(True, "VirtualMachinePool/payroll/web is paused")]
    assert pool(session)["spec"] == {}


def test_p5_a_pool_is_not_written_without_the_lock(session: MemorySession) -> None:
    add_pool(session)
    session.lock_holds = 0
    with pytest.raises(Refused):
        pause(session)
    assert pool(session)["spec"] == {}


def test_a_pool_that_is_gone_is_no_obstacle(session: MemorySession) -> None:
    assert (pause(session), resume(session)) == ([], [])


def test_a_pool_that_somebody_writes_all_the_time_is_named(
    session: MemorySession, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_pool(session)

    def contend(*_given: object) -> None:
        raise Conflict("PATCH", status=409)

    monkeypatch.setattr(session.api, "patch", contend)
    with pytest.raises(Conflict, match="VirtualMachinePool/payroll/web"):
        pause(session)
