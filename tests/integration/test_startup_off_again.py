# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VMs that are off again before their wave ends: by a person, and by their guests. They stay so (P5, P7, P8)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.tests.integration.answering import VirtHandler
from ansible_collections.ocpvirt.dr.tests.integration.fleet import (
    MANUAL,
    RECORDED,
    Fleet,
    assert_all_ran_once,
    key,
)
from ansible_collections.ocpvirt.dr.tests.integration.start_runs import StartRun
from demo.cluster import wait_until
from demo.workload import NAMESPACE, not_ready
from ocpvirt_lab.start_history import VMI, History

# it finds no node: until it is given up its wave goes on, for several rounds
STUCK = "db-4"
GIVEN_UP_AFTER = "70s"
# whose owner has it RerunOnFailure here
STOPPED, RERUN = "db-5", "db-6"
OFF_AGAIN = {STOPPED: "Halted", MANUAL: "Manual", RERUN: "RerunOnFailure"}
# seconds, by when the first wave is ready but for one, and the start has recorded that
WELL_UNDER_WAY = 22.0


@dataclass(frozen=True)
class Told:
    """What the start said, and what a witness saw."""

    result: dict[str, Any]
    history: History


def held_up(fleet: Fleet) -> Path:
    """Everything off, and a plan whose first wave goes on until the one that finds no node is given up."""
    fleet.halt()
    fleet.nowhere([STUCK])
    record = {"run_strategy": "RerunOnFailure", "running": True, "running_field": False}
    fleet.east.patch("VirtualMachine", RERUN, NAMESPACE, {"metadata": {"annotations": {RECORDED: json.dumps(record)}}})
    readiness = {"agent": True, "timeout": GIVEN_UP_AFTER}
    return fleet.plan("held-up", readiness=readiness, retries={"attempts": 0}, on_failure="continue")


def await_up(fleet: Fleet) -> None:
    wait_until("those that will be off again", 60, lambda: not_ready(fleet.east, list(OFF_AGAIN)))


def turn_off(fleet: Fleet) -> None:
    """As `virtctl stop` does, and as guests that shut down."""
    fleet.east.patch("VirtualMachine", STOPPED, NAMESPACE, {"spec": {"runStrategy": "Halted"}})
    handler = VirtHandler(fleet.east.kubeconfig)
    for name in (MANUAL, RERUN):
        handler.patch(VMI, name, NAMESPACE, {"status": {"phase": "Succeeded"}})
    wait_until("VMs that are off", 60, lambda: sorted(set(OFF_AGAIN) - off(fleet)))


def off(fleet: Fleet) -> set[str]:
    """Names of VMs without power."""
    on = {vmi["metadata"]["name"] for vmi in fleet.east.list(VMI, NAMESPACE) if vmi["status"]["phase"] == "Running"}
    return {name for name in fleet.manifest if name not in on}


@pytest.fixture(scope="module")
def in_rounds(fleet: Fleet) -> Told:
    run = StartRun(fleet, held_up(fleet))
    with fleet.watched() as watch:
        run.go()
        await_up(fleet)
        turn_off(fleet)
        result = run.result()
    return Told(result, watch.history(agent=True))


@pytest.fixture(scope="module")
def over_a_kill(fleet: Fleet, in_rounds: Told) -> Told:
    """They are turned off when nobody looks: the module is dead, and its next attempt has only begun."""
    assert in_rounds.result["done"]
    run = StartRun(fleet, held_up(fleet))
    with fleet.watched() as watch:
        assert run.killed_after(WELL_UNDER_WAY)
        assert (run.attempt, not_ready(fleet.east, list(OFF_AGAIN))) == (2, [])
        turn_off(fleet)
        result = run.result()
    return Told(result, watch.history(agent=True))


@pytest.fixture(params=["in_rounds", "over_a_kill"])
def told(request: pytest.FixtureRequest, fleet: Fleet) -> Told:
    """Of the stage `fleet`, which pytest can't see in what is asked for by name."""
    assert fleet.to_run
    found: Told = request.getfixturevalue(request.param)
    return found


def test_p8_what_is_off_again_is_named_with_how_it_was_left(told: Told) -> None:
    reason = "was ready in this start, is off again ({}) and stays off"
    said = {item["vm"]: item["reason"] for item in told.result["off_again"]}
    assert said == {key(name): reason.format(left) for name, left in OFF_AGAIN.items()}


def test_p7_what_is_off_again_is_no_failure_and_takes_nobodys_slot(told: Told) -> None:
    assert {failure["vm"] for failure in told.result["failures"]} == {key(STUCK)}
    assert (told.result["done"], told.result["in_flight"]) == (True, 0)


def test_p5_nothing_is_started_a_second_time_and_all_others_are_up(fleet: Fleet, told: Told) -> None:
    assert told.history.gaps == []
    assert_all_ran_once(fleet, told.history, {key(STUCK)})


def test_p8_what_is_off_again_is_as_it_was_left_when_the_start_is_over(fleet: Fleet, over_a_kill: Told) -> None:
    assert over_a_kill.result["done"]
    vms = {name: fleet.east.get("VirtualMachine", name, NAMESPACE) for name in OFF_AGAIN}
    assert {name: vm["spec"]["runStrategy"] for name, vm in vms.items()} == OFF_AGAIN
    assert set(OFF_AGAIN) <= off(fleet)
    assert [name for name, vm in vms.items() if RECORDED in vm["metadata"]["annotations"]] == []
