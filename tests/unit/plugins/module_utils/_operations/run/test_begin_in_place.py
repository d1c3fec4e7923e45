# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a start and a stop at one site begin, and that they stand in nobody's way."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import ADMISSION_BINDING, NAMESPACE, VM, VMI
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.lease import PlanLock
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.vm import PowerRecord
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan import asking
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.two_sites import (
    MOVED,
    PLAN,
    TwoSites,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of

RECORDED = "dr.ocpvirt.io/recorded"


@pytest.fixture
def sites(monkeypatch: pytest.MonkeyPatch) -> TwoSites:
    found = TwoSites(monkeypatch)
    for api in found.apis.values():
        api.create(NAMESPACE, {"metadata": {"name": "payroll"}})
    return found


def add_vm(sites: TwoSites, name: str, power: PowerRecord, recorded: bool, ready: bool = False) -> None:
    meta: dict[str, Any] = {"name": name, "namespace": "payroll", "labels": {"dr.ocpvirt.io/plan": "payroll"}}
    if recorded:
        meta["annotations"] = {RECORDED: power.as_annotation()}
    strategy = "Halted" if recorded else power.run_strategy
    east = sites.apis["east"]
    east.create(VM, {"metadata": meta, "spec": {"runStrategy": strategy, "template": {"spec": {}}}})
    if ready:
        conditions = [{"type": kind, "status": "True"} for kind in ("Ready", "AgentConnected")]
        status = {"phase": "Running", "conditions": conditions}
        east.create(VMI, {"metadata": {"name": name, "namespace": "payroll"}, "status": status})


def close_latch(sites: TwoSites) -> None:
    sites.apis["east"].create(ADMISSION_BINDING, {"metadata": {"name": "dr-latch-payroll"}})


def free(sites: TwoSites, begun: dict[str, Any]) -> None:
    """As a run that failed leaves its locks."""
    for api in sites.apis.values():
        PlanLock(api, PLAN.store_namespace, PLAN.name).release(begun["run_id"], begun["attempt"])  # type: ignore[arg-type]


@pytest.mark.parametrize("operation", ["start", "stop"])
def test_a_run_in_place_has_its_site_as_its_target_and_changes_no_phase(sites: TwoSites, operation: str) -> None:
    add_vm(sites, "a", PowerRecord("Always", True), recorded=operation == "start")
    begun = sites.begin(operation, "east")
    assert (begun["needed"], begun["target"], begun["phase_after"]) == (True, "east", "")
    for api in sites.apis.values():
        holder = PlanLock(api, PLAN.store_namespace, PLAN.name).holder()  # type: ignore[arg-type]
        assert holder is not None
        assert holder.run_id == begun["run_id"]


@pytest.mark.parametrize("operation", ["start", "stop"])
def test_a_run_in_place_says_which_variable_names_its_site(sites: TwoSites, operation: str) -> None:
    with pytest.raises(Refused, match="dr_site: east or west"):
        sites.begin(operation)


def test_p1_a_start_where_the_plan_does_not_live_is_refused_although_nothing_runs_there(sites: TwoSites) -> None:
    with pytest.raises(Refused, match="role secondary"):
        sites.begin("start", "west")


def test_p1_a_start_beside_another_primary_is_refused(sites: TwoSites) -> None:
    sites.states["west"] = ("primary", "none")
    with pytest.raises(Refused, match="at west: role primary"):
        sites.begin("start", "east")


def test_p1_a_silent_peer_has_to_be_declared_lost(sites: TwoSites) -> None:
    add_vm(sites, "a", PowerRecord("Always", True), recorded=True)
    sites.unreachable.add("west")
    sites.states["west"] = ("unknown", "none")
    with pytest.raises(Refused, match="dr_declare_lost=west"):
        sites.begin("start", "east")
    assert sites.begin("start", "east", "west")["source_state"] == "unreachable"


def test_p1_a_site_that_owes_a_fence_debt_starts_nothing_and_may_be_stopped(sites: TwoSites) -> None:
    sites.record(replace(MOVED, fence_debt="its VMs were not observed to be off"))
    add_vm(sites, "a", PowerRecord("Always", True), recorded=False)
    with pytest.raises(Refused, match="fence debt"):
        sites.begin("start", "east")
    assert sites.begin("stop", "east")["needed"] is True


def test_a_stop_asks_nothing_of_the_other_site(sites: TwoSites) -> None:
    add_vm(sites, "a", PowerRecord("Always", True), recorded=False)
    sites.unreachable.add("west")
    assert sites.begin("stop", "east")["needed"] is True
    with pytest.raises(Refused, match="leave dr_declare_lost out"):
        sites.begin("stop", "east", "west")


def test_a_stop_does_without_an_answer_of_the_replication(sites: TwoSites, monkeypatch: pytest.MonkeyPatch) -> None:
    add_vm(sites, "a", PowerRecord("Always", True), recorded=False)

    def fail(_plan: object) -> None:
        raise Refused("detect the replication provider")

    monkeypatch.setattr(asking, "Groups", fail)
    assert sites.begin("stop", "east")["needed"] is True


def test_a_plan_that_is_up_needs_no_start(sites: TwoSites) -> None:
    add_vm(sites, "a", PowerRecord("Always", True), recorded=False, ready=True)
    add_vm(sites, "off", PowerRecord("Halted", False), recorded=False)
    begun = sites.begin("start", "east")
    assert (begun["changed"], begun["needed"], begun["msg"]) == (
        False,
        False,
        "payroll is up at east already; nothing to do",
    )


def agentless(sites: TwoSites, **annotations: str) -> None:
    """A VM that runs, and whose guest agent is not connected."""
    add_vm(sites, "a", PowerRecord("Always", True), recorded=False, ready=True)
    east = sites.apis["east"]
    vm, vmi = east.get(VM, "a", "payroll"), east.get(VMI, "a", "payroll")
    vm["metadata"]["annotations"] = annotations
    vmi["status"]["conditions"] = [{"type": "Ready", "status": "True"}]
    east.replace(VM, vm)
    east.replace(VMI, vmi)


def test_a_plan_whose_vm_needs_no_agent_is_up_without_it(sites: TwoSites) -> None:
    agentless(sites, **{"dr.ocpvirt.io/readiness": '{"agent": false}'})
    assert sites.begin("start", "east")["needed"] is False


def test_a_plan_whose_wave_waits_for_the_agent_is_not_up_without_it(sites: TwoSites) -> None:
    agentless(sites)
    waves = [{"name": "all", "selector": {}, "readiness": {"agent": True}}]
    plan = plan_of(startup={"readiness": {"agent": False, "timeout": "1m"}, "waves": waves})
    assert sites.begin("start", "east", plan=plan)["needed"] is True


@pytest.mark.parametrize(
    "leave",
    [
        lambda sites: add_vm(sites, "b", PowerRecord("Always", True), recorded=False),
        lambda sites: add_vm(sites, "b", PowerRecord("Always", True), recorded=True),
        lambda sites: add_vm(sites, "b", PowerRecord("Manual", False), recorded=True),
        close_latch,
    ],
    ids=["not ready", "halted by us", "off and halted by us", "latch closed"],
)
def test_whatever_a_start_would_change_makes_it_needed(sites: TwoSites, leave: Any) -> None:
    add_vm(sites, "a", PowerRecord("Always", True), recorded=False, ready=True)
    leave(sites)
    assert sites.begin("start", "east")["needed"] is True


def test_a_stopped_rerun_on_failure_vm_keeps_its_record_and_needs_no_start(sites: TwoSites) -> None:
    add_vm(sites, "a", PowerRecord("RerunOnFailure", False), recorded=True)
    assert sites.begin("start", "east")["needed"] is False


def test_a_plan_that_is_off_behind_its_latch_needs_no_stop(sites: TwoSites) -> None:
    add_vm(sites, "a", PowerRecord("Always", True), recorded=True)
    close_latch(sites)
    assert sites.begin("stop", "east")["msg"] == "payroll is off at east already; nothing to do"


def test_a_plan_that_is_off_and_could_be_started_needs_a_stop(sites: TwoSites) -> None:
    add_vm(sites, "a", PowerRecord("Always", True), recorded=True)
    assert sites.begin("stop", "east")["needed"] is True


def test_p5_a_stop_that_was_killed_is_resumed_by_the_same_command(sites: TwoSites) -> None:
    add_vm(sites, "a", PowerRecord("Always", True), recorded=False)
    first = sites.begin("stop", "east")
    again = sites.begin("stop", "east")
    assert (again["run_id"], again["attempt"]) == (first["run_id"], 2)


def test_p5_a_killed_stop_is_not_resumed_once_something_else_was_run(sites: TwoSites) -> None:
    add_vm(sites, "a", PowerRecord("Always", True), recorded=False)
    stopped = sites.begin("stop", "east")
    started = sites.begin("start", "east")
    assert started["attempt"] == 1
    assert sites.begin("stop", "east")["run_id"] not in (stopped["run_id"], started["run_id"])


@pytest.mark.parametrize("killed", ["start", "stop"])
@pytest.mark.parametrize(("operation", "lost"), [("relocate", None), ("failover", "east")])
def test_p4_a_killed_run_in_place_stands_in_no_moves_way(
    sites: TwoSites, killed: str, operation: str, lost: str | None
) -> None:
    add_vm(sites, "a", PowerRecord("Always", True), recorded=killed == "start")
    sites.begin(killed, "east")
    assert sites.begin(operation, "west", lost)["attempt"] == 1


@pytest.mark.parametrize("operation", ["start", "stop"])
def test_p6_an_unfinished_move_is_finished_first(sites: TwoSites, operation: str) -> None:
    free(sites, sites.begin("relocate", "west"))
    with pytest.raises(Refused, match="run relocate with dr_target=west again"):
        sites.begin(operation, "east")
