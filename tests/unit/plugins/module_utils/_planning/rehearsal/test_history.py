# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from ansible_collections.ocpvirt.dr.plugins.module_utils._model.run import Run, StepRecord
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.rehearsal.history import last_test
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.rehearsal.history import test_findings as findings_of

NOW = datetime(2026, 3, 11, 12, tzinfo=UTC)
TEST = Run(
    "r-1",
    "payroll",
    "test_failover",
    "east",
    "west",
    "f00d",
    "2026-03-01T11:00:00+00:00",
    state="done",
    ended="2026-03-01T11:10:00+00:00",
    steps={"verify": StepRecord("done", 1, "", "", {"verdict": "passed"})},
)
CLEANUP = replace(TEST, id="r-2", operation="test_cleanup", started="2026-03-01T12:00:00+00:00", steps={})


POINT = {"name": "old", "taken": "2026-03-01T09:00:00Z", "age_seconds": 7200.0}
OLDER = replace(TEST, steps={"verify": StepRecord("done", 1, "", "", {"verdict": "passed", "recovery_point": POINT})})


def codes(*runs: Run) -> list[tuple[str, str]]:
    return [(finding.code, finding.severity) for finding in findings_of("payroll", runs, NOW)]


def test_days_are_counted_from_the_end_of_the_last_one_with_a_verdict() -> None:
    unjudged = replace(TEST, id="r-3", started="2026-03-05T11:00:00+00:00", steps={})
    found = last_test([TEST, CLEANUP, unjudged], NOW)
    assert (found["run_id"], found["days"], found["verdict"], found["cleaned"]) == ("r-1", 10, "passed", True)


def test_one_from_a_recovery_point_says_so_and_others_do_not() -> None:
    assert last_test([OLDER], NOW)["recovery_point"] == POINT
    assert last_test([TEST], NOW)["recovery_point"] == {}
    message = next(findings_of("payroll", [OLDER, CLEANUP], NOW)).message
    assert message.endswith("west: passed, from recovery point old, 2 h 00 min old when it began")


def test_a_plan_that_was_never_rehearsed_is_told_so() -> None:
    assert codes() == [("NeverRehearsed", "info")]


def test_a_rehearsal_that_passed_and_is_removed_is_good_to_know() -> None:
    assert codes(TEST, CLEANUP) == [("Rehearsed", "info")]


def test_one_that_still_stands_is_named() -> None:
    assert codes(TEST) == [("Rehearsed", "info"), ("RehearsalStands", "info")]


def test_a_cleanup_before_it_or_at_the_other_site_removed_something_else() -> None:
    earlier = replace(CLEANUP, started="2026-02-01T12:00:00+00:00")
    elsewhere = replace(CLEANUP, target="east")
    assert ("RehearsalStands", "info") in codes(earlier, TEST, elsewhere)


def test_one_that_failed_is_a_warning_even_if_its_vms_were_up() -> None:
    assert codes(replace(TEST, state="failed"), CLEANUP) == [("RehearsalFailed", "warning")]
