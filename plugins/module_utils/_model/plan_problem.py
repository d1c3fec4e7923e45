# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a plan: every problem at once, each with its path and what is allowed there."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from .._errors import DrError

Path = tuple[Any, ...]

_PLAIN_KEY = re.compile(r"[A-Za-z0-9_./-]{1,120}")
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong."""

    path: str
    message: str
    allowed: tuple[str, ...] = ()

    def __str__(self) -> str:
        allowed = f"; allowed: {', '.join(self.allowed)}" if self.allowed else ""
        return f"{self.path}: {self.message}{allowed}"


class PlanInvalid(DrError):
    """The document is not a valid plan. Nothing was done with it."""

    def __init__(self, problems: Iterable[Problem], on: str | None = None) -> None:
        self.problems = tuple(problems)
        super().__init__("read the plan", on=on, next_step="correct the plan; its keys are described in docs/plan.md")

    def __str__(self) -> str:
        count = "1 problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
        where = f" {self.on}" if self.on else ""
        return "\n".join([f"The plan{where} has {count}:", *(f"  {problem}" for problem in self.problems)])

    def facts(self) -> dict[str, Any]:
        problems = [{"path": p.path, "message": p.message, "allowed": list(p.allowed)} for p in self.problems]
        return {**super().facts(), "problems": problems}


def render_path(at: Path) -> str:
    """The path as a person would write it: volumes.rules[2].set.west."""
    text = ""
    for part in at:
        if isinstance(part, int) and not isinstance(part, bool):
            text += f"[{part}]"
        elif isinstance(part, str) and _PLAIN_KEY.fullmatch(part):
            text += f".{part}" if text else part
        else:
            text += f"[{quoted(part if isinstance(part, str) else describe(part))}]"
    return text or "plan"


def suggest(name: str, allowed: Iterable[str]) -> str:
    """Words that name the allowed value which was probably meant; empty when none is close."""
    close = closest(name, allowed)
    return f", did you mean {close}?" if close else ""


def closest(name: str, allowed: Iterable[str]) -> str | None:
    by_folded = {option.lower(): option for option in allowed}
    close = difflib.get_close_matches(name.lower()[:200], by_folded, n=1, cutoff=0.6)
    return by_folded[close[0]] if close else None


def describe(value: object, *, quiet: bool = False) -> str:
    """What was found, in words. Quiet: without the value, which may be a secret."""
    if value is None:
        return "nothing (null)"
    if isinstance(value, bool):
        return f"the truth value {str(value).lower()}"
    if isinstance(value, (int, float)):
        small = isinstance(value, float) or abs(value) < 10**18
        return f"the number {value}" if small and not quiet else "a number"
    if isinstance(value, str):
        return "a text" if quiet else f"the text {quoted(value)}"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    if isinstance(value, date):
        return "a date"
    return f"a value of the type {type(value).__name__}"


def quoted(text: str) -> str:
    return json.dumps(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…", ensure_ascii=not text.isprintable())
