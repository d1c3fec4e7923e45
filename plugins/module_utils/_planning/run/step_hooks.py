# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hooks an attempt of a run has to run, and when. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..._model.plan import Plan
from ..._model.run import REHEARSALS, HookRecord
from ..._model.step_hook import StepHook

ROLLED_BACK = "relocate"
# steps that only rehearsals have
OF_REHEARSALS = ("isolate", "cleanup")


def hooks_ahead(
    plan: Plan, operation: str, steps: Sequence[str], records: Mapping[str, HookRecord], waits: bool
) -> dict[str, list[StepHook]]:
    """By moment, those that did not pass in an earlier attempt, or run always. waits: the run is not to be finished.

    The moment after the begin comes with that before the first step: the run has begun then, and a failure ends it.
    """
    found: dict[str, list[StepHook]] = {}
    if not steps:
        return found
    left = [hook for hook in plan.hooks if hook.always or not _passed(records.get(hook.key))]
    if operation in REHEARSALS:
        # those of a move would act on production
        left = [hook for hook in left if hook.moment.partition("_")[2] in OF_REHEARSALS]
    for step in steps:
        for when in ("before", "after"):
            mine = [hook for hook in left if hook.moment == f"{when}_{step}"]
            if mine and not (waits and step == steps[-1]):
                found[f"{when}_{step}"] = mine
    if begun := [hook for hook in left if hook.moment == "after_begin"]:
        found[f"before_{steps[0]}"] = [*begun, *found.get(f"before_{steps[0]}", [])]
    if operation == ROLLED_BACK:
        for moment in ("before_rollback", "after_rollback"):
            # what is given back to the source has to run there, whatever a hook says
            if mine := [replace(hook, on_failure="warn") for hook in left if hook.moment == moment]:
                found[moment] = mine
    return found


def is_needed_by_moves(hook: StepHook) -> bool:
    """Whether a run is refused without its file, and it is not a rehearsal's alone."""
    step = hook.moment.partition("_")[2]
    return hook.on_failure == "fail" and step not in (*OF_REHEARSALS, "rollback")


def _passed(record: HookRecord | None) -> bool:
    return record is not None and record.state == "passed"
