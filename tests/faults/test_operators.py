# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people do to a run: begin another, lose its record, run it from a machine whose clock is wrong."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from ansible_collections.ocpvirt.dr.tests.faults.attempt import Attempt
from ansible_collections.ocpvirt.dr.tests.faults.kills import Place
from ansible_collections.ocpvirt.dr.tests.faults.move import FAILBACK, FAILBACK_AFTER_LOSS, FAILOVER, RELOCATE, Move
from ansible_collections.ocpvirt.dr.tests.faults.stage import Stage
from ansible_collections.ocpvirt.dr.tests.integration.world import STORE
from demo.observation import newest_run

pytestmark = pytest.mark.full
SAME = RELOCATE
OPPOSITE = Move("the opposite", "relocate", "west", "east")
SKEW = 300
CLOCKS = Path(__file__).with_name("wrong_clock")


@pytest.mark.parametrize("other", [SAME, OPPOSITE], ids=["the same", "the opposite"])
def test_p6_of_two_operators_one_is_refused_with_the_others_run(stage: Stage, other: Move) -> None:
    began = time.time()
    second: list[Attempt] = []

    def another() -> None:
        second.append(stage.begin(other))

    first = stage.struck(RELOCATE, "quiesce", "two operators at once", another)
    refused = second[0].wait() != 0
    assert first.wait() == 0, first.output[-6000:]
    stage.finish(RELOCATE, began)
    stage.go(FAILBACK)
    run = newest_run(stage.world.cluster("west"))["id"]
    assert refused, second[0].output[-3000:]
    assert run in second[0].output


def lose_record(stage: Stage, step: str) -> None:
    """A relocate that is killed where a step begins, and of whose run nothing is left but its lock."""
    west = stage.world.cluster("west")
    stage.struck(RELOCATE, step, "record deleted", lambda: None).kill()
    names = [item["metadata"]["name"] for item in west.list("ConfigMap", STORE)]
    for name in (name for name in names if name.startswith("run-")):
        west.delete("ConfigMap", name, STORE)


def test_p5_a_run_whose_record_is_gone_is_begun_anew_while_nothing_was_switched(stage: Stage) -> None:
    began = time.time()
    lose_record(stage, "sync")
    stage.finish(RELOCATE, began)
    stage.go(FAILBACK)


def test_p10_a_run_whose_record_is_gone_with_its_proof_is_refused_with_the_way_out(stage: Stage) -> None:
    """Nobody knows any more that the target has everything: a person has to say so."""
    began = time.time()
    lose_record(stage, "promote")
    refused = stage.begin(RELOCATE)
    code = refused.wait()
    way_out = replace(FAILOVER, name="the way out", planned=True)
    attempt = stage.begin(way_out)
    assert attempt.wait() == 0, attempt.output[-6000:]
    problems = stage.judge(way_out, began)
    stage.tally.promises += problems
    stage.go(replace(FAILBACK_AFTER_LOSS, name="failback after the way out"))
    assert problems == []
    assert code != 0
    assert "no record of a run" in refused.output
    assert "dr_declare_lost=east" in refused.output


def test_p10_a_record_that_was_edited_is_refused_with_its_name_and_what_to_do(stage: Stage) -> None:
    began = time.time()
    west = stage.world.cluster("west")
    attempt = stage.struck(RELOCATE, "volumes", "record edited", lambda: None)
    attempt.kill()
    name = f"run-{newest_run(west)['id']}-head"
    kept = west.get("ConfigMap", name, STORE)["data"]["head"]
    west.patch("ConfigMap", name, STORE, {"data": {"head": kept[: len(kept) // 2]}})
    try:
        torn = stage.begin(RELOCATE)
        code = torn.wait()
    finally:
        west.patch("ConfigMap", name, STORE, {"data": {"head": json.dumps(json.loads(kept))}})
    stage.free_locks()
    stage.finish(RELOCATE, began)
    stage.go(FAILBACK)
    assert code != 0
    assert name in torn.output
    assert "Traceback" not in torn.output


@pytest.mark.parametrize("skew", [SKEW, -SKEW])
def test_p6_a_clock_that_is_five_minutes_wrong_changes_nothing(stage: Stage, skew: int) -> None:
    """The sites of the lab share the machine's clock: what is wrong is that of one attempt's controller."""
    began = time.time()
    wrong = {"PYTHONPATH": str(CLOCKS), "WRONG_BY": str(skew)}
    attempt = stage.begin(RELOCATE, environment=wrong)
    assert attempt.reaches(Place(1, "promote"))
    attempt.kill()
    stage.tally.faults["clock five minutes wrong"] += 1
    written = newest_run(stage.world.cluster("west"))["started"]
    assert abs(_seconds(written) - began - skew) < SKEW / 2, "the clock was not wrong"
    stage.finish(RELOCATE, began)
    stage.go(FAILBACK)


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
