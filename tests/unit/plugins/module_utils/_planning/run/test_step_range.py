# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.run import Run, StepRecord
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.steps_asked import StepsAsked
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.run.step_range import chosen_steps, step_after

STEPS = ("capture", "quiesce", "sync", "start", "verify", "end")
RUN = Run("r-1", "payroll", "relocate", "east", "west", "f00d", "2026-03-01T12:00:00+00:00", state="failed")
WAITING = replace(RUN, state="waiting", until="quiesce")


def asked(first: str | None = None, last: str | None = None) -> StepsAsked:
    return StepsAsked(STEPS, first, last)


def after(*names: str, run: Run = RUN, **summaries: dict[str, int]) -> Run:
    """The run with a record of these steps."""
    for name in names:
        run = run.with_step(name, StepRecord("done", 1, "12:00", "12:01", summaries.get(name, {})))
    return run


def choose(given: StepsAsked, earlier: Run | None = None, check_mode: bool = False) -> tuple[str, ...]:
    return chosen_steps(given, "relocate", earlier, check_mode)


@pytest.mark.parametrize(
    ("given", "earlier", "steps"),
    [
        (asked(), None, STEPS),
        (asked("capture"), None, STEPS),
        (asked(last="quiesce"), None, ("capture", "quiesce", "end")),
        (asked("sync"), after("capture", "quiesce", run=WAITING), ("sync", "start", "verify", "end")),
        (asked("sync", "sync"), after("capture", "quiesce", run=WAITING), ("sync", "end")),
        (asked("sync"), after("capture", "quiesce", "sync"), ("sync", "start", "verify", "end")),
        (asked("capture"), after("capture", "quiesce"), STEPS),
        (asked("verify"), after(*STEPS[:4], run=replace(WAITING, until="start"), start={"left": 0}), ("verify", "end")),
        (asked("end"), after(*STEPS[:5], run=replace(WAITING, until="verify"), start={"left": 0}), ("end",)),
    ],
)
def test_a_part_of_the_steps_ends_with_the_step_that_ends_the_run(
    given: StepsAsked, earlier: Run | None, steps: tuple[str, ...]
) -> None:
    assert choose(given, earlier) == steps


@pytest.mark.parametrize(
    ("first", "earlier", "missing"),
    [
        ("quiesce", None, "capture"),
        ("sync", after("capture", run=WAITING), "quiesce"),
        # one of its modules ended well, whether the others did is not known
        ("start", after("capture", "quiesce", "sync"), "sync"),
        # another attempt failed in it
        ("start", after("capture", "sync").with_step("quiesce", StepRecord("failed", 2, "12:00", "12:01")), "quiesce"),
        ("verify", after(*STEPS[:5], start={"left": 1}), "start"),
        ("verify", after(*STEPS[:5]), "start"),
        # it was told to wait earlier, and went on since
        ("sync", after("capture", run=replace(RUN, until="quiesce")), "capture"),
    ],
)
def test_p5_a_step_is_not_begun_before_those_that_were_not_done(first: str, earlier: Run | None, missing: str) -> None:
    with pytest.raises(Refused, match=f"{missing} has not been done.*dr_from={missing}"):
        choose(asked(first), earlier)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (asked("qiesce"), "dr_from=qiesce; wanted: one of capture, quiesce, sync, start, verify, end"),
        (asked(last="end"), "dr_until=end; wanted: one of capture, quiesce, sync, start, verify"),
        (asked("sync", "capture"), "dr_from=sync is behind dr_until=capture"),
        (StepsAsked((), "sync"), "the playbook names no steps"),
    ],
)
def test_p10_a_part_that_is_none_is_refused_with_what_there_is(given: StepsAsked, problem: str) -> None:
    with pytest.raises(Refused, match=problem):
        choose(given, after(*STEPS))


def test_a_refresh_has_no_parts() -> None:
    with pytest.raises(Refused, match="begins anew each time"):
        chosen_steps(asked(last="capture"), "prestage", None, False)


def test_p9_check_mode_shows_the_steps_from_the_first_one() -> None:
    earlier = after("capture", "quiesce", run=WAITING)
    assert choose(asked("sync", "sync"), earlier, check_mode=True) == ("capture", "quiesce", "sync", "end")


def test_a_run_that_waits_goes_on_with_the_next_step() -> None:
    assert (step_after(asked(last="quiesce")), step_after(asked(last="verify")), step_after(asked())) == (
        "sync",
        "end",
        None,
    )
