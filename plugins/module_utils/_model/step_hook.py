# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task file of the user that runs before or after a step of a run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from .run import STEPS

# no run exists before its begin; what comes after its end has neither lock nor record
NEVER = ("before_begin", "after_end")
# a step that no playbook has yet
NO_STEP = "traffic"
MOMENTS = tuple(
    moment
    for step in STEPS
    for moment in (f"before_{step}", f"after_{step}")
    if step != NO_STEP and moment not in NEVER
)

OnHookFailure = Literal["fail", "warn"]


@dataclass(frozen=True, slots=True)
class StepHook:
    """on_failure: whether the run fails with it. always: whether it runs in each attempt, even if it passed before."""

    moment: str
    tasks: str
    timeout: timedelta
    on_failure: OnHookFailure = "fail"
    always: bool = False

    @property
    def key(self) -> str:
        """Under which a run records it."""
        return f"{self.moment} {self.tasks}"
