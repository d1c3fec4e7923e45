# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was ready in a start, and is off again before its wave ends, is left as somebody left it (P7, P8)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import VM, VMI
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.start_asked import Asked
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.vm import PowerRecord
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.inventory.workloads import KINDS
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.start.memory import forget_ready
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.start.startup import start_vms
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.start.startup_world import (
    RECORDED,
    Start,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.workload_manifests import deployment

ON = PowerRecord("Always", True)
RERUN = PowerRecord("RerunOnFailure", True)
OFF_AGAIN = [{"vm": "payroll/a", "reason": "was ready in this start, is off again (Halted) and stays off"}]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Start:
    """Its wave has not ended when a is ready."""
    start = Start(monkeypatch)
    start.api.add("b", ON)
    start.api.broken.add("b")
    return start


def a_round(start: Start, power: PowerRecord = ON, **plan: Any) -> dict[str, Any]:
    """In which a gets ready."""
    start.api.add("a", power)
    return start.run(round_timeout=5, **plan)


def stopped(start: Start) -> None:
    """As `virtctl stop` does."""
    vm = start.api.get(VM, "a", "payroll")
    vm["spec"]["runStrategy"] = "Halted"
    start.api.replace(VM, vm)
    start.api.delete(VMI, "a", "payroll")


def test_p8_what_somebody_stops_when_it_was_ready_is_not_started_by_the_next_round(start: Start) -> None:
    a_round(start)
    stopped(start)
    result = start.run(round_timeout=5)
    assert (start.api.spec("a"), "a" in start.api.running()) == ({"runStrategy": "Halted"}, False)
    assert (result["in_flight"], result["off_again"]) == (1, OFF_AGAIN)


def test_p8_what_somebody_stops_when_it_was_ready_is_no_failure_in_any_later_round(start: Start) -> None:
    a_round(start)
    stopped(start)
    start.run(round_timeout=5)
    result = start.run()
    assert [failure["vm"] for failure in result["failures"]] == ["payroll/b"]
    assert result["off_again"] == OFF_AGAIN


def test_p7_what_somebody_stops_when_it_was_ready_is_off_for_the_next_start_too(start: Start) -> None:
    a_round(start)
    stopped(start)
    start.run(round_timeout=5)
    assert not start.api.recorded("a")


def test_p7_a_guest_that_shuts_down_by_itself_when_it_was_ready_takes_no_slot(start: Start) -> None:
    a_round(start, RERUN)
    start.api.delete(VMI, "a", "payroll")
    result = start.run(round_timeout=5)
    assert (result["in_flight"], result["stays_off"], start.api.running()) == (1, 1, {"b"})


def test_p7_a_guest_that_shuts_down_by_itself_when_it_was_ready_does_not_stop_the_start(start: Start) -> None:
    start.api.add("z", ON)
    a_round(start, RERUN, max_starting=2, on_failure="stop")
    start.api.delete(VMI, "a", "payroll")
    start.api.broken.clear()
    start.api.delete(VMI, "b", "payroll")
    start.api.boot("b")
    result = start.run(max_starting=1, on_failure="stop")
    assert (result["done"], result["failures"], start.api.running()) == (True, [], {"b", "z"})


def test_p8_a_workload_that_somebody_scales_to_nothing_when_it_was_ready_stays_so(start: Start) -> None:
    item = deployment(replicas=0)
    item["metadata"]["annotations"][RECORDED] = '{"replicas": 3, "running": true}'
    start.api.create(KINDS["Deployment"], item)
    key = "Deployment/payroll/front"
    start.session.put("startup", {"attempt": 1, "only": [], "recorded": [key]})
    result = start.run(round_timeout=5)
    front = start.api.get(KINDS["Deployment"], "front", "payroll")
    assert (front["spec"]["replicas"], RECORDED in front["metadata"]["annotations"]) == (0, False)
    assert [told["workload"] for told in result["off_again"]] == [key]


def test_what_was_ready_and_still_runs_is_not_off_again(start: Start) -> None:
    a_round(start, RERUN)
    vm = start.api.get(VM, "a", "payroll")
    start.api.replace(VM, vm | {"status": {"ready": True, "printableStatus": "Running"}})
    result = start.run(round_timeout=5)
    assert (result["ready"], result["off_again"]) == (1, [])


def test_the_record_of_what_is_ready_stays_on_it_in_later_rounds_until_its_wave_is_over(start: Start) -> None:
    """It is thousands of writes, which those would wait for that are still to start, and the round for its end."""
    a_round(start)
    start.run(round_timeout=5)
    before = start.api.recorded("a")
    start.run()
    assert (before, start.api.recorded("a")) == (True, False)


def test_of_a_wave_that_was_over_before_a_round_the_record_is_taken_off_at_its_begin(start: Start) -> None:
    """Also where the round before did not come to it."""
    start.api.add("first", ON, tier="db")
    waves = [{"name": "databases", "selector": {"matchLabels": {"tier": "db"}}}, {"name": "others"}]
    start.api.boot("first")
    vm = start.api.get(VM, "first", "payroll")
    start.api.replace(VM, vm | {"spec": vm["spec"] | {"runStrategy": "Always"}})
    a_round(start, waves=waves)
    assert (start.api.recorded("first"), start.api.recorded("a")) == (False, True)


def next_attempt(start: Start) -> None:
    start.session.run = replace(start.session.run, attempt=2)


def test_p5_what_somebody_stopped_stays_off_although_the_run_was_killed_since_it_was_ready(start: Start) -> None:
    a_round(start)
    stopped(start)
    next_attempt(start)
    result = start.run(round_timeout=5)
    assert (start.api.running(), result["off_again"]) == ({"b"}, OFF_AGAIN)
    assert not start.api.recorded("a")


def test_p5_a_guest_that_shut_down_stays_off_although_the_run_was_killed_since_it_was_ready(start: Start) -> None:
    a_round(start, RERUN)
    start.api.delete(VMI, "a", "payroll")
    next_attempt(start)
    result = start.run(round_timeout=5)
    assert (result["in_flight"], result["failures"], start.api.running()) == (1, [], {"b"})


def test_p5_what_is_off_again_stays_so_in_every_attempt(start: Start) -> None:
    a_round(start)
    stopped(start)
    next_attempt(start)
    start.run(round_timeout=5)
    start.session.run = replace(start.session.run, attempt=3)
    assert start.run(round_timeout=5)["off_again"] == OFF_AGAIN


def test_p3_what_a_run_stops_again_is_started_by_its_next_attempt(start: Start) -> None:
    """As a relocate does that was given back to the source, and is resumed."""
    a_round(start)
    forget_ready(start.session, "west")
    stopped(start)
    next_attempt(start)
    start.run(round_timeout=5)
    assert "a" in start.api.running()


def test_of_what_was_ready_only_what_a_run_halts_is_forgotten(start: Start) -> None:
    a_round(start)
    forget_ready(start.session, "west", ["payroll/b"])
    stopped(start)
    next_attempt(start)
    assert start.run(round_timeout=5)["off_again"] == OFF_AGAIN


def test_p8_what_is_named_to_be_started_and_is_stopped_then_ends_no_later_round(start: Start) -> None:
    start.api.add("a", ON)
    plan = plan_of(sites=start.sites, startup={"readiness": {"agent": True, "timeout": "1m"}})
    asked = Asked(only=("payroll/a", "payroll/b"))
    start_vms(plan, "r-1", 5, False, asked=asked)
    stopped(start)
    results = [start_vms(plan, "r-1", 5, False, asked=asked) for _round in range(2)]
    assert [result["off_again"] for result in results] == [OFF_AGAIN, OFF_AGAIN]
    assert RECORDED not in start.api.get(VM, "a", "payroll")["metadata"]["annotations"]
