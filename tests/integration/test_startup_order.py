# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Order, cap and slots of a start, told by a witness that reads the events of VMs and VMIs itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.tests.integration.fleet import (
    CAP,
    DISKS,
    OFF,
    SPARE,
    Fleet,
    assert_all_ran_once,
    assert_in_order,
    key,
)
from ansible_collections.ocpvirt.dr.tests.integration.start_runs import StartRun
from ansible_collections.ocpvirt.dr.tests.integration.world import must
from demo.workload import NAMESPACE
from ocpvirt_lab.start_history import History

STUCK_AFTER = 15
DELAY = 6
# all slots that there are
FEW = len(SPARE)


@dataclass(frozen=True)
class Told:
    """What the start said of itself, and what the witness saw."""

    result: dict[str, Any]
    history: History


def start(fleet: Fleet, name: str, stuck: tuple[str, ...] = (), **startup: Any) -> Told:
    """From everything off, by a plan with these fields in its section startup."""
    fleet.halt()
    fleet.nowhere(stuck)
    with fleet.watched() as watch:
        result = StartRun(fleet, fleet.plan(name, **startup)).result()
    return Told(result, watch.history(agent=True))


def one_after_the_other(history: History, names: tuple[str, str]) -> bool:
    one, other = map(key, names)
    return history.before([one], [other]) or history.before([other], [one])


def failed(told: Told) -> set[str]:
    return {failure["vm"] for failure in told.result["failures"]}


@pytest.fixture(scope="module")
def undisturbed(fleet: Fleet) -> History:
    """From everything off, by the playbook."""
    fleet.halt()
    with fleet.watched() as watch:
        must(fleet.world.play("start", "-e", "dr_site=east"))
    return watch.history(agent=True)


def test_the_playbook_starts_by_waves_priorities_and_dependencies(fleet: Fleet, undisturbed: History) -> None:
    assert undisturbed.gaps == []
    assert_in_order(fleet, undisturbed)


def test_never_are_more_in_flight_than_the_cap_and_the_slots_are_used(undisturbed: History) -> None:
    assert undisturbed.peak == CAP


@pytest.mark.usefixtures("undisturbed")
def test_p7_each_runs_once_with_its_own_strategy_and_what_was_off_is_off(fleet: Fleet, undisturbed: History) -> None:
    assert_all_ran_once(fleet, undisturbed)
    vms = {vm["metadata"]["name"]: vm["spec"] for vm in fleet.east.list("VirtualMachine", NAMESPACE)}
    strategies = {name: spec["runStrategy"] for name, spec in vms.items()}
    assert strategies == {vm.name: vm.strategy for vm in fleet.world.vms}
    assert not undisturbed.started.keys() & {key(name) for name in OFF}


def test_a_cap_larger_than_the_fleet_lets_each_stage_start_at_once_and_in_order(fleet: Fleet) -> None:
    told = start(fleet, "wide", max_starting=1000)
    assert_in_order(fleet, told.history)
    assert_all_ran_once(fleet, told.history)
    # the whole of the second wave
    assert told.history.peak >= 12
    assert not one_after_the_other(told.history, DISKS)


@pytest.mark.parametrize("cap", ["per_storage_class", "per_group"])
def test_a_cap_of_what_their_disks_share_holds_beside_a_wide_window(fleet: Fleet, cap: str) -> None:
    told = start(fleet, "disks", max_starting=1000, caps={cap: 1})
    assert one_after_the_other(told.history, DISKS)
    # only those with a disk
    assert told.history.peak >= 12
    assert_in_order(fleet, told.history)
    assert_all_ran_once(fleet, told.history)


def test_a_cap_of_each_node_lets_no_more_begin_than_all_nodes_have_room_for(fleet: Fleet) -> None:
    nodes = fleet.east.call("GET", "/api/v1/nodes")["items"]
    told = start(fleet, "nodes", max_starting=1000, caps={"per_node": 1})
    assert (told.history.gaps, told.history.peak) == ([], len(nodes))
    assert_in_order(fleet, told.history)
    assert_all_ran_once(fleet, told.history)


def test_a_cap_of_the_namespace_holds_beside_a_wide_window(fleet: Fleet) -> None:
    told = start(fleet, "shared", max_starting=1000, caps={"per_namespace": FEW})
    assert (told.history.gaps, told.history.peak) == ([], FEW)
    assert_in_order(fleet, told.history)
    assert_all_ran_once(fleet, told.history)


def test_a_wave_begins_only_when_the_one_before_it_was_ready_for_its_delay(fleet: Fleet) -> None:
    told = start(fleet, "delay", max_starting=1000, readiness={"agent": True, "timeout": "90s", "delay": f"{DELAY}s"})
    first = {key(f"db-{n}") for n in range(7)}
    ready = max(told.history.ready_at[name] for name in first)
    begun = min(at for name, at in told.history.started.items() if name not in first)
    # two streams of events: the witness may hear of either a little later than the start did
    assert begun - ready >= DELAY - 1
    assert_in_order(fleet, told.history)
    assert_all_ran_once(fleet, told.history)


def test_vms_that_fit_no_node_free_their_slots_after_their_deadline_and_are_named(fleet: Fleet) -> None:
    """They take every slot there is: nothing else would ever start."""
    stuck = {key(name) for name in SPARE}
    patience = {"readiness": {"agent": True, "timeout": f"{STUCK_AFTER}s"}, "retries": {"attempts": 1, "backoff": "1s"}}
    told = start(fleet, "stuck", SPARE, max_starting=FEW, on_failure="continue", **patience)
    assert (failed(told), told.result["retried"]) == (stuck, FEW)
    for failure in told.result["failures"]:
        assert "asked 2 times" in failure["reason"]
        assert "VMI Scheduling" in failure["reason"]
    assert told.result["never_begun"] == []
    assert_all_ran_once(fleet, told.history, stuck)
    # until then they hold them: with theirs no more than the cap
    held = min(told.history.started[name] for name in stuck) + STUCK_AFTER - 1
    assert max(point.in_flight for point in told.history.points if point.at < held) <= FEW


def test_after_a_wave_with_a_failure_no_other_begins_where_the_plan_says_stop(fleet: Fleet) -> None:
    stuck = key(SPARE[0])
    readiness = {"agent": True, "timeout": f"{STUCK_AFTER}s"}
    told = start(fleet, "stop", SPARE[:1], on_failure="stop", readiness=readiness)
    first = {key(f"db-{n}") for n in range(7)}
    assert failed(told) == {stuck}
    assert told.history.ready_at.keys() == first - {stuck}
    assert told.history.started.keys() == first
    assert {entry["vm"] for entry in told.result["never_begun"]} == fleet.to_run - first


def test_after_a_failure_only_the_rest_of_its_wave_stays_off_where_the_plan_says_stop_wave(fleet: Fleet) -> None:
    """One by one: what comes after it in its wave has not begun when it fails."""
    stuck, behind = key(SPARE[0]), {key(name) for name in SPARE[1:]}
    patience = {"readiness": {"agent": True, "timeout": f"{STUCK_AFTER}s"}, "retries": {"attempts": 0}}
    told = start(fleet, "stop-wave", SPARE[:1], max_starting=1, on_failure="stop_wave", **patience)
    assert failed(told) == {stuck}
    assert {entry["vm"] for entry in told.result["never_begun"]} == behind
    assert told.history.ready_at.keys() == fleet.to_run - behind - {stuck}


def test_what_only_comes_after_another_begins_once_that_was_given_up(fleet: Fleet) -> None:
    stuck, behind = SPARE[0], SPARE[1]
    after = {"dr.ocpvirt.io/start-after": stuck}
    fleet.east.patch("VirtualMachine", behind, NAMESPACE, {"metadata": {"annotations": after}})
    try:
        patience = {"readiness": {"agent": True, "timeout": f"{STUCK_AFTER}s"}, "retries": {"attempts": 0}}
        told = start(fleet, "after", (stuck,), on_failure="continue", **patience)
    finally:
        body = {"metadata": {"annotations": dict.fromkeys(after)}}
        fleet.east.patch("VirtualMachine", behind, NAMESPACE, body)
    assert failed(told) == {key(stuck)}
    assert told.history.started[key(behind)] - told.history.started[key(stuck)] >= STUCK_AFTER - 1
    assert_all_ran_once(fleet, told.history, {key(stuck)})
