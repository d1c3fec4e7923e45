# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Task files of the user, as a plan names them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from .plan_collections import Field, Items, Keys
from .plan_problem import Path
from .plan_schema import Choice, Duration, Flag, Reading, Text
from .step_hook import MOMENTS, NEVER, NO_STEP

# the plan's lock is extended by it
LONGEST = timedelta(hours=1)

_FILE = {
    "tasks": Field(Text(wanted="the path of a task file"), required=True),
    "timeout": Field(Duration(maximum=LONGEST), default="5m"),
}
_POLICY = {"on_failure": Field(Choice("fail", "warn"), default="fail"), "always": Field(Flag(), default=False)}


class HookFile:
    """A task file, alone or with the time that it may take. others: what else its mapping may say."""

    def __init__(self, others: Mapping[str, Field] | None = None) -> None:
        self._of = Keys({**_FILE, **(others or {})})

    def read(self, value: Any, at: Path, reading: Reading) -> Any:
        if not isinstance(value, (str, Mapping)):
            return reading.wrong_type(at, value, "the path of a task file, or a mapping of tasks and timeout")
        return self._of.read({"tasks": value} if isinstance(value, str) else value, at, reading)


# a run records them by moment and file
STEP_HOOKS = Keys(
    {moment: Field(Items(HookFile(_POLICY), unique="tasks")) for moment in MOMENTS},
    forbidden={
        NEVER[0]: "there is no run yet that it could belong to: use after_begin",
        NEVER[1]: "the run has ended and holds no lock: use before_end",
        **{f"{when}_{NO_STEP}": "no playbook has this step yet" for when in ("before", "after")},
    },
)
