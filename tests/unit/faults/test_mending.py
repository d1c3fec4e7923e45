# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done after a test that failed, so that the next one begins where a move ended."""

from __future__ import annotations

from typing import Any
from unittest.mock import MagicMock

import pytest
from ansible_collections.ocpvirt.dr.tests.faults import mending
from ansible_collections.ocpvirt.dr.tests.faults.mending import TRIES, mend
from ansible_collections.ocpvirt.dr.tests.faults.move import RELOCATE


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Half-way to west, with an attempt that lives."""
    stage = MagicMock(at="east", under_way=RELOCATE, attempts=[MagicMock()], broken="", standing=["east", "west"])
    stage.world.sites = {"east": {}, "west": {}}
    stage.world.play.return_value.returncode = 0
    monkeypatch.setattr(mending, "newest_run", lambda _cluster: {"source": "east", "state": "failed"})
    return stage


def codes(stage: Any, *found: int) -> None:
    stage.begin.return_value.wait.side_effect = found


def test_a_move_that_is_under_way_is_finished_by_the_same_command(stage: Any) -> None:
    codes(stage, 2, 0)
    mend(stage, "a test")
    assert (stage.at, stage.under_way, stage.broken) == ("west", None, "")
    stage.attempts[0].kill.assert_called_once_with()
    stage.free_locks.assert_called_once_with()


def test_a_move_that_cannot_be_finished_is_why_all_tests_after_it_fail(stage: Any) -> None:
    codes(stage, *[2] * TRIES)
    mend(stage, "a test")
    assert stage.broken.startswith("a test failed, and its relocate could not be brought to an end")
    assert stage.at == "east"


def test_after_a_move_that_rolled_back_the_plan_is_where_it_was(stage: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mending, "newest_run", lambda _cluster: {"source": "east", "state": "rolled_back"})
    mend(stage, "a test")
    assert (stage.at, stage.under_way, stage.broken) == ("east", None, "")
    stage.world.play.assert_called_once_with("reprotect")
    stage.begin.assert_not_called()


def test_a_move_that_was_done_when_its_test_failed_is_not_made_again(stage: Any) -> None:
    stage.under_way = None
    mend(stage, "a test")
    stage.begin.assert_not_called()
    assert stage.broken == ""


def test_what_else_is_dead_is_started_while_a_site_is_lost(stage: Any) -> None:
    stage.standing = ["west"]
    codes(stage, 0)
    mend(stage, "a test")
    assert [call.args for call in stage.world.lab.run.call_args_list] == [("heal",), ("up",)]
