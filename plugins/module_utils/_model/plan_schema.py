# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small schema walker: nodes that read a value, report every problem with its path, and return it normalised.

A node never raises for what it reads. What it cannot read stands as INVALID in the result, so that checks over several
keys can look past it; the result is of use only when no problem was reported. Here are the nodes of single values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Protocol

from .duration import format_duration, parse_duration
from .plan_problem import Path, Problem, describe, quoted, render_path, suggest
from .plan_secrets import has_credentials

INVALID: Final = object()

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


class Reading:
    """One pass over a document: what is wrong with it, and the sites that it names."""

    def __init__(self, sites: Iterable[str] = ()) -> None:
        self.sites = tuple(sites)
        self.problems: list[Problem] = []

    def problem(self, at: Path, message: str, allowed: Iterable[str] = ()) -> Any:
        self.problems.append(Problem(render_path(at), message, tuple(allowed)))
        return INVALID

    def wrong_type(self, at: Path, value: object, wanted: str, *, quiet: bool = False) -> Any:
        return self.problem(at, f"got {describe(value, quiet=quiet)}, wanted {wanted}")


def matching(pattern: re.Pattern[str], otherwise: str) -> Callable[[str], str]:
    """A rule for Text: the whole text matches."""

    def rule(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError(otherwise)
        return text

    return rule


class Node(Protocol):
    def read(self, value: Any, at: Path, reading: Reading) -> Any:
        """The normalised value, or INVALID after reporting why."""


@dataclass(frozen=True)
class Text:
    """A text that is not empty. rule: returns the text as it is kept, or raises ValueError. Quiet: never shown."""

    rule: Callable[[str], str] | None = None
    wanted: str = "a text"
    quiet: bool = False

    def read(self, value: Any, at: Path, reading: Reading) -> Any:
        if not isinstance(value, str):
            quote = "; put it in quotes" if isinstance(value, (bool, int, float)) else ""
            return reading.wrong_type(at, value, self.wanted + quote, quiet=self.quiet)
        text = str(value)
        if not text.strip():
            return reading.problem(at, f"is empty, wanted {self.wanted}")
        if _UNPRINTABLE.search(text):
            return reading.problem(at, f"has control characters, wanted {self.wanted}")
        if has_credentials(text):
            return reading.problem(at, "has a password in its URL; a plan refers to secrets and never holds them")
        if self.rule is None:
            return text
        try:
            return self.rule(text)
        except ValueError as error:
            got = "" if self.quiet else f"got {describe(text)}: "
            return reading.problem(at, f"{got}{error}")


class Choice:
    """One of some texts."""

    def __init__(self, *options: str) -> None:
        self.options = options

    def read(self, value: Any, at: Path, reading: Reading) -> Any:
        if isinstance(value, str) and value in self.options:
            return str(value)
        meant = suggest(value, self.options) if isinstance(value, str) else ""
        return reading.problem(at, f"got {describe(value)}{meant}", self.options)


class SiteName:
    """The name of one of the plan's sites."""

    def read(self, value: Any, at: Path, reading: Reading) -> Any:
        if not isinstance(value, str):
            return reading.wrong_type(at, value, "the name of a site")
        if reading.sites and value not in reading.sites:
            meant = suggest(value, reading.sites)
            return reading.problem(at, f"unknown site {quoted(value)}{meant}", reading.sites)
        return str(value)


class Flag:
    def read(self, value: Any, at: Path, reading: Reading) -> Any:
        return value if isinstance(value, bool) else reading.wrong_type(at, value, "true or false, without quotes")


@dataclass(frozen=True)
class Whole:
    """A whole number within a range."""

    minimum: int
    maximum: int = 100_000

    def read(self, value: Any, at: Path, reading: Reading) -> Any:
        if isinstance(value, bool) or not isinstance(value, int):
            return reading.wrong_type(at, value, "a whole number, without quotes")
        if not self.minimum <= value <= self.maximum:
            return reading.problem(at, f"got {describe(value)}, wanted {self.minimum} to {self.maximum}")
        return int(value)


@dataclass(frozen=True)
class Duration:
    """A duration, kept in its shortest spelling."""

    minimum: timedelta = timedelta(seconds=1)
    maximum: timedelta | None = None

    def read(self, value: Any, at: Path, reading: Reading) -> Any:
        try:
            duration = parse_duration(value)
        except ValueError as error:
            return reading.problem(at, f"got {describe(value)}, {error}")
        if duration < self.minimum:
            return reading.problem(at, f"got {describe(value)}, wanted at least {format_duration(self.minimum)}")
        if self.maximum is not None and duration > self.maximum:
            return reading.problem(at, f"got {describe(value)}, wanted at most {format_duration(self.maximum)}")
        return format_duration(duration)
