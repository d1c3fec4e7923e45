# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of a hook around a step, and the plan's lock while it runs."""

from __future__ import annotations

from typing import Any

from ..._errors import Refused
from ..._model.plan import Plan
from ..._model.run import HookRecord
from ..._model.step_hook import StepHook
from ..._planning.report.summary import seconds_between
from .session import HOOK_SPARE, Session

LONGEST_ERROR = 2000


def record_hook(
    plan: Plan, run_id: str, moment: str, tasks: str, state: str, reason: str, check_mode: bool
) -> dict[str, Any]:
    """Record that a hook begins, which keeps the lock for as long as it may take, or how it ended."""
    hook = _found(plan, moment, tasks)
    with Session(plan, run_id, check_mode) as session:
        now = session.clock.now().isoformat(timespec="milliseconds")
        attempt = session.run.attempt
        record = HookRecord("running", attempt, now)
        if state == "running":
            session.extend_lock(int(hook.timeout.total_seconds()) + HOOK_SPARE)
        else:
            begun = session.run.hooks.get(hook.key, record)
            error = reason[:LONGEST_ERROR] if state == "failed" else ""
            record = HookRecord(state, attempt, begun.started, now, error)
        session.update(hooks={**session.run.hooks, hook.key: record})
        session.progress.emit(moment, int(state != "running"), 1, waiting_for=tasks if state == "running" else "")
        return {"changed": not check_mode, "msg": _message(hook, record)}


def _found(plan: Plan, moment: str, tasks: str) -> StepHook:
    for hook in plan.hooks:
        if (hook.moment, hook.tasks) == (moment, tasks):
            return hook
    raise Refused(
        "run a hook",
        on=f"hooks.{moment} of the plan",
        seen=f"no {tasks}",
        wanted="a hook that the plan has",
        next_step="leave the plan as it is while its run goes on",
    )


def _message(hook: StepHook, record: HookRecord) -> str:
    name = f"hook {hook.tasks}, {hook.moment}"
    if record.ended is None:
        return f"{name}, may take {hook.timeout.total_seconds():.0f} s"
    took = f"{seconds_between(record.started, record.ended)} s"
    return f"{name}, {record.state} after {took}" + (f": {record.error}" if record.error else "")
