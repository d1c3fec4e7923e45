# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Task files of the plan that are absent where the check runs: a run that begins there is refused, or fails later."""

from __future__ import annotations

from collections.abc import Iterator

from ..._model.finding import Finding, Severity
from ..._model.plan import Plan
from ..._planning.run.step_hooks import is_needed_by_moves
from ..._planning.start.hooks import wave_hooks
from ..plan.plan_source import beside_plan


def hook_findings(plan: Plan) -> Iterator[Finding]:
    for hook in plan.hooks:
        yield from _absent(plan, f"hooks.{hook.moment}", hook.tasks, is_needed_by_moves(hook))
    for wave, of_wave, stops in wave_hooks(plan.startup):
        yield from _absent(plan, f"startup.waves[{wave}].readiness.hook", of_wave.tasks, stops)


def _absent(plan: Plan, key: str, tasks: str, needed: bool) -> Iterator[Finding]:
    file = beside_plan(plan, tasks)
    if not file.is_file():
        severity: Severity = "blocker" if needed else "warning"
        means = "a run is refused for it" if needed else "what runs it does not pass"
        remedy = "put it there, or correct the plan; a relative path starts at the plan's folder"
        yield Finding(severity, "HookAbsent", key, f"{file} is no file: {means}", remedy)
