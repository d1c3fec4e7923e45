# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kill after kill, and what is tallied of them. With attempts that do nothing."""

from __future__ import annotations

from typing import Any, cast

import pytest
from ansible_collections.ocpvirt.dr.tests.faults.killing import BOUNDARY_TRIES, kill_all
from ansible_collections.ocpvirt.dr.tests.faults.kills import Kill
from ansible_collections.ocpvirt.dr.tests.faults.move import RELOCATE
from ansible_collections.ocpvirt.dr.tests.unit.faults.fakes import (
    BEGIN,
    PLACES,
    START,
    SYNC,
    FakeAttempt,
    FakeOrphans,
    FakeStage,
)

AT_SYNC = Kill(SYNC, 0.0, parent_only=False, lock=False)
IN_START = Kill(START, 1.5, parent_only=True, lock=False)
BESIDE = Kill(SYNC, 1.5, parent_only=True, lock=False, beside=True)


def killed(stage: FakeStage, *kills: Kill) -> int:
    return kill_all(cast(Any, stage), RELOCATE, kills, PLACES)


def test_a_boundary_that_a_kill_met_is_tallied() -> None:
    stage = FakeStage([FakeAttempt(), FakeAttempt()])
    assert killed(stage, AT_SYNC, IN_START) == 2
    assert stage.tally.boundaries == {"relocate": {str(SYNC): 1}}
    assert (stage.tally.kills["relocate"], stage.tally.parents, stage.freed) == (2, 1, 2)


def test_a_kill_that_comes_too_late_for_its_boundary_is_repeated() -> None:
    stage = FakeStage([FakeAttempt(late=1), FakeAttempt()])
    assert killed(stage, AT_SYNC) == 2
    assert stage.tally.boundaries == {"relocate": {str(SYNC): 1}}


def test_a_boundary_that_is_never_met_is_not_tallied() -> None:
    stage = FakeStage([FakeAttempt(late=1) for _try in range(BOUNDARY_TRIES)])
    assert killed(stage, AT_SYNC) == BOUNDARY_TRIES
    assert stage.tally.boundaries == {}


def test_p5_an_attempt_that_fails_before_its_kill_is_told() -> None:
    with pytest.raises(AssertionError, match="P5: relocate before a kill at the boundary of sync"):
        killed(FakeStage([FakeAttempt(code=2)]), AT_SYNC)


def test_the_attempt_that_began_beside_a_module_is_the_one_that_is_killed_next() -> None:
    left, following = FakeOrphans(), FakeAttempt()
    stage = FakeStage([FakeAttempt(left=left), following])
    assert killed(stage, BESIDE, IN_START) == 2
    assert left.done == ["went on", "ended"]
    assert following.killed
    # nobody helped the one that waited for the lock
    assert (stage.freed, stage.tally.parents, stage.tally.beside.total()) == (1, 2, 1)


def test_without_a_module_only_the_parent_is_killed() -> None:
    stage = FakeStage([FakeAttempt(), FakeAttempt()])
    assert killed(stage, BESIDE, IN_START) == 2
    assert (stage.freed, stage.tally.parents, stage.tally.beside.total()) == (2, 2, 0)


def test_the_last_attempt_has_to_end() -> None:
    stage = FakeStage([FakeAttempt(left=FakeOrphans()), FakeAttempt(begun=[(0.0, BEGIN)])])
    assert killed(stage, BESIDE) == 1
