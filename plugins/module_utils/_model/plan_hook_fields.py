# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Task files of the user, as a plan names them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from .plan_problem import Path
from .plan_schema import Duration, Field, Keys, Reading, Text

# of a hook that is waited for: the plan's lock is extended by it
LONGEST = timedelta(hours=1)

_TASKS = Field(Text(wanted="the path of a task file"), required=True)
_HOOK = Keys({"tasks": _TASKS, "timeout": Field(Duration())})
_AWAITED = Keys({"tasks": _TASKS, "timeout": Field(Duration(maximum=LONGEST), default="5m")})


class HookFile:
    """A task file, alone or with the time it may take. awaited: that time has a default and a limit."""

    def __init__(self, awaited: bool = False) -> None:
        self._of = _AWAITED if awaited else _HOOK

    def read(self, value: Any, at: Path, reading: Reading) -> Any:
        if not isinstance(value, (str, Mapping)):
            return reading.wrong_type(at, value, "the path of a task file, or a mapping of tasks and timeout")
        return self._of.read({"tasks": value} if isinstance(value, str) else value, at, reading)
