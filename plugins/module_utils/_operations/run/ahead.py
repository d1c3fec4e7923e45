# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lies ahead of an attempt of a run: its steps, the hooks around them, and how a person goes on behind them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from ..._errors import Refused
from ..._model.plan import Plan
from ..._model.run import REHEARSALS, Run
from ..._model.step_hook import StepHook
from ..._model.steps_asked import StepsAsked
from ..._planning.run.command import resuming_command
from ..._planning.run.step_hooks import hooks_ahead
from ..._planning.run.step_range import chosen_steps, step_after
from ..._planning.start.hooks import wave_hooks
from ..plan.plan_source import beside_plan

NOTHING: dict[str, Any] = {"steps": [], "roles": {}, "hooks": {}, "go_on": ""}


def look_ahead(
    plan: Plan, run: Run, asked: StepsAsked, earlier: Run | None, check_mode: bool
) -> tuple[Run, dict[str, Any]]:
    """The run with what was asked of it, and what its playbook has to know.

    A task file that is absent is refused here: later everything would stand still for it.
    """
    steps = chosen_steps(asked, run.operation, earlier, check_mode)
    goes_on = step_after(asked)
    hooks = hooks_ahead(plan, run.operation, steps, run.hooks, waits=goes_on is not None)
    if "start" in steps and run.operation not in REHEARSALS:
        _check_waves(plan)
    shown = {moment: [_shown(hook, plan) for hook in mine] for moment, mine in hooks.items()}
    command = resuming_command(run, asked.plan_file, {"dr_from": goes_on}) if goes_on else ""
    around = {moment.partition("_")[2] for moment in hooks}
    # the role step costs Ansible four tasks
    roles = {step: "step" if step in around else step for step in steps}
    return replace(run, until=asked.last), {"steps": list(steps), "roles": roles, "hooks": shown, "go_on": command}


def _shown(hook: StepHook, plan: Plan) -> dict[str, Any]:
    file = beside_plan(plan, hook.tasks)
    if hook.on_failure == "fail":
        _check_is_file(file, f"hooks.{hook.moment}", "on_failure: warn")
    return {
        "moment": hook.moment,
        "tasks": hook.tasks,
        "file": str(file),
        "timeout": int(hook.timeout.total_seconds()),
        "on_failure": hook.on_failure,
    }


def _check_waves(plan: Plan) -> None:
    """What a start would end at. Where it goes on without a hook, the absent file is told when its turn comes."""
    for wave, hook, stops in wave_hooks(plan.startup):
        if stops:
            _check_is_file(
                beside_plan(plan, hook.tasks), f"startup.waves[{wave}].readiness.hook", "on_failure: continue"
            )


def _check_is_file(file: Path, key: str, otherwise: str) -> None:
    """key: of the plan. otherwise: with what it may be absent."""
    if not file.is_file():
        raise Refused(
            "begin the run",
            on=f"{key} of the plan",
            seen=f"{file} is no file",
            wanted="a task file; a relative path starts at the plan's folder",
            next_step=f"put it there, correct the plan, or set {otherwise}",
        )
