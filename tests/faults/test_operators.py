# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people do to a run: begin another, lose or edit its record, run it from a machine whose clock is wrong."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from time import time

import pytest
from ansible_collections.ocpvirt.dr.tests.faults.attempt import Attempt
from ansible_collections.ocpvirt.dr.tests.faults.fault_names import (
    CLOCK_AHEAD,
    CLOCK_BEHIND,
    OPPOSITE_WAYS,
    RECORD_EDITED,
    SAME_WAY,
)
from ansible_collections.ocpvirt.dr.tests.faults.killing import kill_all
from ansible_collections.ocpvirt.dr.tests.faults.kills import Kill, Place, draw
from ansible_collections.ocpvirt.dr.tests.faults.move import Move
from ansible_collections.ocpvirt.dr.tests.faults.operations import operations
from ansible_collections.ocpvirt.dr.tests.faults.records import lose_record
from ansible_collections.ocpvirt.dr.tests.faults.settings import KILLS, SEED
from ansible_collections.ocpvirt.dr.tests.faults.stage import Stage
from ansible_collections.ocpvirt.dr.tests.integration.world import STORE
from demo.observation import newest_run

SKEW = 300
CLOCKS = Path(__file__).with_name("wrong_clock")
# what is left of a relocate once its other operators were refused; each of them takes at least so long
LEFT = [Place(1, step) for step in ("recheck", "sync", "volumes", "promote", "metadata", "start", "verify")]
SECONDS = 2.0
FEW = 3
# where nothing is switched yet, nor proven; then where nothing runs at the target yet
LOST_AND_EDITED = {"relocate": ("sync", "volumes"), "failover": ("fence", "volumes")}


@operations("relocate", "failover")
def test_p5_p6_of_operators_at_once_one_goes_on_and_the_others_are_refused_with_its_run(
    stage: Stage, operation: str
) -> None:
    """A relocate is killed as well, so that one move shows both where there is time for one only."""
    move = stage.before(operation)
    # from a site that is lost nobody would want to move anything
    opposite = [Move("the opposite", "relocate", move.target, move.source)] if move.planned else []
    began = stage.depart(move)
    others: list[Attempt] = []
    first = stage.struck(move, "quiesce", SAME_WAY, lambda: others.extend(map(stage.begin, [move, *opposite])))
    if opposite:
        stage.tally.struck(OPPOSITE_WAYS, move.playbook)
    codes = [other.wait() for other in others]
    kills = _few_kills(stage, move) if move.planned else []
    struck = kill_all(stage, move, kills, LEFT, first)
    stage.finish(move, began)
    run = newest_run(stage.world.cluster(move.target))["id"]
    assert struck == len(kills)
    for other, code in zip(others, codes, strict=True):
        assert code != 0
        assert run in other.output


@pytest.mark.full
@operations("relocate", "failover")
def test_p5_p10_a_run_is_begun_anew_without_its_record_and_refused_with_an_edited_one(
    stage: Stage, operation: str
) -> None:
    """Nothing was switched yet when it was lost; the one that was edited is named, with what to do."""
    move = stage.before(operation)
    began = stage.depart(move)
    lost_at, edited_at = LOST_AND_EDITED[operation]
    lose_record(stage, move, lost_at)
    target = stage.world.cluster(move.target)
    stage.struck(move, edited_at, RECORD_EDITED, lambda: None).kill()
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
def test_p6_clocks_that_are_five_minutes_wrong_change_nothing(stage: Stage) -> None:
    """The sites of the lab share the machine's clock: wrong are those of the controllers of two attempts.

    One is ahead and killed; the other one is behind, waits for its lock and takes over.
    """
    move = stage.onward()
    began = stage.depart(move)
    ahead = stage.begin(move, environment=_wrong_by(SKEW))
    assert ahead.reaches(Place(1, "promote"))
    ahead.kill()
    stage.tally.struck(CLOCK_AHEAD, move.playbook)
    _assert_wrong_by(SKEW, stage, move, began)
    stage.tally.struck(CLOCK_BEHIND, move.playbook)
    again = time()
    stage.finish(move, began, environment=_wrong_by(-SKEW))
    _assert_wrong_by(-SKEW, stage, move, again)


def _few_kills(stage: Stage, move: Move) -> list[Kill]:
    seed = f"{SEED} {move.name} of one operator"
    stage.tally.seeds.append(seed)
    return draw(dict.fromkeys(LEFT, SECONDS), seed, min(KILLS, FEW), inside=True)


def _wrong_by(skew: int) -> dict[str, str]:
    return {"PYTHONPATH": str(CLOCKS), "WRONG_BY": str(skew)}


def _assert_wrong_by(skew: int, stage: Stage, move: Move, began: float) -> None:
    """By what the attempt wrote when it began."""
    begin = newest_run(stage.world.cluster(move.target))["steps"]["begin"]
    written = datetime.fromisoformat(begin["started"]).timestamp()
    assert abs(written - began - skew) < SKEW / 2, "the clock was not wrong"
