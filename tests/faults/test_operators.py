# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people do to a run: begin another, lose its record, run it from a machine whose clock is wrong."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from ansible_collections.ocpvirt.dr.tests.faults.attempt import Attempt
from ansible_collections.ocpvirt.dr.tests.faults.kills import Place
from ansible_collections.ocpvirt.dr.tests.faults.move import FAILBACK_AFTER_LOSS, RELOCATE, Move
from ansible_collections.ocpvirt.dr.tests.faults.stage import Stage
from ansible_collections.ocpvirt.dr.tests.integration.world import STORE
from demo.observation import newest_run

SKEW = 300
CLOCKS = Path(__file__).with_name("wrong_clock")


@pytest.mark.parametrize("opposite", [False, pytest.param(True, marks=pytest.mark.full)], ids=["same", "opposite"])
def test_p6_of_two_operators_one_is_refused_with_the_others_run(stage: Stage, opposite: bool) -> None:
    move = stage.onward()
    other = Move("the opposite", "relocate", move.target, move.source) if opposite else move
    began = time.time()
    second: list[Attempt] = []
    first = stage.struck(move, "quiesce", "two operators at once", lambda: second.append(stage.begin(other)))
    refused = second[0].wait() != 0
    assert first.wait() == 0, first.output[-6000:]
    stage.finish(move, began)
    run = newest_run(stage.world.cluster(move.target))["id"]
    assert refused, second[0].output[-3000:]
    assert run in second[0].output


def lose_record(stage: Stage, move: Move, step: str) -> None:
    """A relocate that is killed where a step begins, and of whose run nothing is left but its lock."""
    target = stage.world.cluster(move.target)
    stage.struck(move, step, "record deleted", lambda: None).kill()
    names = [item["metadata"]["name"] for item in target.list("ConfigMap", STORE)]
    for name in (name for name in names if name.startswith("run-")):
        target.delete("ConfigMap", name, STORE)


@pytest.mark.full
def test_p5_a_run_whose_record_is_gone_is_begun_anew_while_nothing_was_switched(stage: Stage) -> None:
    move = stage.onward()
    began = time.time()
    lose_record(stage, move, "sync")
    stage.finish(move, began)


@pytest.mark.full
def test_p10_a_run_whose_record_is_gone_with_its_proof_is_refused_with_the_way_out(stage: Stage) -> None:
    """Nobody knows any more that the target has everything: a person has to say so."""
    if stage.onward() is not RELOCATE:
        stage.go(stage.onward())
    began = time.time()
    lose_record(stage, RELOCATE, "promote")
    refused = stage.begin(RELOCATE)
    code = refused.wait()
    way_out = Move("the way out", "failover", RELOCATE.source, RELOCATE.target)
    attempt = stage.begin(way_out)
    assert attempt.wait() == 0, attempt.output[-6000:]
    problems = stage.judge(way_out, began)
    stage.tally.promises += problems
    stage.go(replace(FAILBACK_AFTER_LOSS, name="failback after the way out"))
    assert problems == []
    assert code != 0
    assert "no record of a run" in refused.output
    assert "dr_declare_lost=east" in refused.output


@pytest.mark.full
def test_p10_a_record_that_was_edited_is_refused_with_its_name_and_what_to_do(stage: Stage) -> None:
    move = stage.onward()
    began = time.time()
    target = stage.world.cluster(move.target)
    stage.struck(move, "volumes", "record edited", lambda: None).kill()
    name = f"run-{newest_run(target)['id']}-head"
    kept = target.get("ConfigMap", name, STORE)["data"]["head"]
    target.patch("ConfigMap", name, STORE, {"data": {"head": kept[: len(kept) // 2]}})
    try:
        torn = stage.begin(move)
        code = torn.wait()
    finally:
        target.patch("ConfigMap", name, STORE, {"data": {"head": kept}})
    stage.free_locks()
    stage.finish(move, began)
    assert code != 0
    assert name in torn.output
    assert "Traceback" not in torn.output


@pytest.mark.full
@pytest.mark.parametrize("skew", [SKEW, -SKEW])
def test_p6_a_clock_that_is_five_minutes_wrong_changes_nothing(stage: Stage, skew: int) -> None:
    """The sites of the lab share the machine's clock: what is wrong is that of one attempt's controller."""
    move = stage.onward()
    began = time.time()
    wrong = {"PYTHONPATH": str(CLOCKS), "WRONG_BY": str(skew)}
    attempt = stage.begin(move, environment=wrong)
    assert attempt.reaches(Place(1, "promote"))
    attempt.kill()
    stage.tally.faults["clock five minutes wrong"] += 1
    written = newest_run(stage.world.cluster(move.target))["started"]
    assert abs(_seconds(written) - began - skew) < SKEW / 2, "the clock was not wrong"
    stage.finish(move, began)


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
