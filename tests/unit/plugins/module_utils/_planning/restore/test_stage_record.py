# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import UTC, datetime

from ansible_collections.ocpvirt.dr.plugins.module_utils._model.run import Run, StepRecord
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.restore.stage_record import last_refresh


def run(operation: str, target: str, capture: str = "", state: str = "done") -> Run:
    source = "east" if target == "west" else "west"
    found = Run("r", "payroll", operation, source, target, "f00d", "2026-03-01T12:00:00+00:00", state=state)
    summary = {"name": capture, "created": "2026-03-01T11:59:00+00:00"}
    return found.with_step("capture", StepRecord("done", 1, found.started, found.started, summary))


def test_the_last_refresh_that_ended_says_what_a_stage_holds() -> None:
    runs = [
        run("prestage", "west", "c-1"),
        run("prestage", "west", "c-2"),
        run("prestage", "west", "c-3", state="running"),
        run("prestage", "west", "c-3", state="failed"),
    ]
    found = last_refresh(runs, "west")
    assert found is not None
    assert (found.capture, last_refresh(runs, "east")) == ("c-2", None)
    assert found.as_dict(datetime(2026, 3, 1, 12, 1, tzinfo=UTC))["age_seconds"] == 120


def test_a_move_ends_a_stage_and_one_that_was_rolled_back_does_not() -> None:
    staged = run("prestage", "west", "c-1")
    assert last_refresh([staged, run("relocate", "west")], "west") is None
    assert last_refresh([staged, run("relocate", "west", state="rolled_back")], "west") is not None
