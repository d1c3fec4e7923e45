# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The next attempt beside a living module: what it may do, and what fails the test. With attempts that do nothing."""

from __future__ import annotations

from typing import Any, cast

import pytest
from ansible_collections.ocpvirt.dr.tests.faults.beside import REFUSED, WAITED, begin_beside
from ansible_collections.ocpvirt.dr.tests.faults.kills import Place
from ansible_collections.ocpvirt.dr.tests.faults.move import FAILBACK_AFTER_LOSS, RELOCATE
from ansible_collections.ocpvirt.dr.tests.unit.faults.fakes import (
    BEGIN,
    END,
    PLACES,
    START,
    SYNC,
    FakeAttempt,
    FakeOrphans,
    FakeStage,
)


def beside(stage: FakeStage, left: FakeOrphans, met: Place = SYNC) -> Any:
    killed = FakeAttempt(begun=[(0.0, met)])
    return begin_beside(cast(Any, stage), RELOCATE, cast(Any, killed), cast(Any, left), PLACES)


def test_an_attempt_that_waits_until_the_module_is_gone_goes_on() -> None:
    following, left = FakeAttempt(), FakeOrphans()
    stage = FakeStage([following])
    assert beside(stage, left) is following
    assert left.done == ["went on", "ended"]
    assert stage.tally.beside == {WAITED: 1}


def test_an_attempt_that_is_refused_with_the_run_of_the_lock_is_over() -> None:
    stage = FakeStage([FakeAttempt(code=2, output="held by run run-1, attempt 1")])
    assert beside(stage, FakeOrphans()) is None
    assert stage.tally.beside == {REFUSED: 1}


def test_p6_one_that_fails_without_a_word_of_that_run_is_told() -> None:
    with pytest.raises(AssertionError, match="not refused with"):
        beside(FakeStage([FakeAttempt(code=2, output="no such file")]), FakeOrphans())


def test_p6_one_that_has_gone_on_while_the_module_stood_still_is_told() -> None:
    following = FakeAttempt(begun=[(0.0, BEGIN), (1.0, SYNC)])
    with pytest.raises(AssertionError, match="went on with sync of play 1 beside a module of run-1#1"):
        beside(FakeStage([following]), FakeOrphans(), END)


def test_p6_one_that_goes_on_while_the_module_ends_is_told() -> None:
    following = FakeAttempt()
    left = FakeOrphans(ended=lambda: following.begun.append((9.0, START)))
    with pytest.raises(AssertionError, match="went on with start"):
        beside(FakeStage([following]), left)


def test_a_module_of_the_last_step_may_give_its_lock_away() -> None:
    following = FakeAttempt()
    left = FakeOrphans(ended=lambda: following.begun.append((9.0, SYNC)))
    assert beside(FakeStage([following]), left, END) is following


def test_one_that_finds_the_run_ended_by_the_module_is_not_counted() -> None:
    stage = FakeStage([FakeAttempt(code=0)])
    assert beside(stage, FakeOrphans(), END) is None
    assert not stage.tally.beside


def test_where_nobody_holds_the_lock_no_attempt_begins_before_the_module_is_gone() -> None:
    left = FakeOrphans()
    assert beside(FakeStage([], holders=[]), left) is None
    assert left.done == ["went on", "ended"]


def test_the_lock_of_a_cleaning_before_the_way_home_is_at_the_site_where_the_plan_runs() -> None:
    assert [FAILBACK_AFTER_LOSS.locked_at(play) for play in (1, 2)] == ["west", "east"]
    assert RELOCATE.locked_at(1) == "west"
