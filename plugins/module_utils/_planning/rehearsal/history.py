# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a plan was rehearsed last, from the records of its runs. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from ..._model.finding import Finding
from ..._model.run import CLEANUP, REHEARSAL, Run
from .point import in_words

REHEARSE = "run test_failover, then test_cleanup"


def last_test(runs: Sequence[Run], now: datetime) -> dict[str, Any]:
    """Of the last rehearsal that came to a verdict; empty without one. runs: oldest first."""
    judged = [run for run in runs if run.operation == REHEARSAL and verdict_of(run)]
    if not judged:
        return {}
    run = judged[-1]
    ended = run.ended or run.started
    return {
        "run_id": run.id,
        "site": run.target,
        "ended": ended,
        "days": max(0, (now - datetime.fromisoformat(ended)).days),
        "verdict": verdict_of(run),
        "recovery_point": dict(_shown(run).get("recovery_point") or {}),
        "cleaned": _is_cleaned(run, runs),
    }


def verdict_of(run: Run) -> str:
    """passed or failed; empty where it came to none."""
    said = str(_shown(run).get("verdict", ""))
    # one that did not come to its end has proven nothing
    return "failed" if said == "passed" and run.state != "done" else said


def tested(known: Mapping[str, Any]) -> str:
    """The verdict, and over which data. known: of `last_test`."""
    return f"{known['verdict']}{in_words(known['recovery_point'])}"


def test_findings(plan: str, runs: Sequence[Run], now: datetime) -> Iterator[Finding]:
    known = last_test(runs, now)
    if not known:
        yield Finding("info", "NeverRehearsed", f"plan {plan}", "no rehearsal of it came to a verdict", REHEARSE)
        return
    when = f"last tested {known['days']} days ago, at {known['site']}: {tested(known)}"
    if known["verdict"] == "passed":
        yield Finding("info", "Rehearsed", f"run {known['run_id']}", when, "rehearse as often as the plan changes")
    else:
        yield Finding("warning", "RehearsalFailed", f"run {known['run_id']}", when, f"see its report; then {REHEARSE}")
    if not known["cleaned"]:
        message = f"a rehearsal stands at {known['site']} and takes room there"
        yield Finding("info", "RehearsalStands", f"run {known['run_id']}", message, "run test_cleanup", known["site"])


def _shown(run: Run) -> Mapping[str, Any]:
    record = run.steps.get("verify")
    return record.summary if record else {}


def _is_cleaned(run: Run, runs: Sequence[Run]) -> bool:
    later = (other for other in runs if other.operation == CLEANUP and other.target == run.target)
    return any(other.state == "done" and other.order > run.order for other in later)
