# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small schema walker: nodes that read a value, report every problem with its path, and return it normalised.

A node never raises for what it reads. What it cannot read stands as INVALID in the result, so that checks over several
keys can look past it; the result is of use only when no problem was reported.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Protocol

from .duration import format_duration, parse_duration
from .plan_problem import Path, Problem, closest, describe, quoted, render_path, suggest
from .plan_secrets import has_credentials, is_secret_key

INVALID: Final = object()
ABSENT: Final = object()
DEEPEST: Final = 24

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


@dataclass(frozen=True)
class Items:
    """A list. unique: the key whose values differ between the entries. check: looks at the entries together."""

    of: Node
    minimum: int = 0
    unique: str | None = None
    check: Callable[[list[Any], Path, Reading], None] | None = None

    def read(self, value: Any, at: Path, reading: Reading) -> Any:
        if not isinstance(value, (list, tuple)):
            return reading.wrong_type(at, value, "a list")
        if len(value) < self.minimum:
            return reading.problem(at, f"is an empty list, wanted at least {self.minimum}")
        found = [self.of.read(item, (*at, index), reading) for index, item in enumerate(value)]
        self._check_unique(found, at, reading)
        if self.check is not None:
            self.check(found, at, reading)
        return found

    def _check_unique(self, found: list[Any], at: Path, reading: Reading) -> None:
        first_at: dict[str, int] = {}
        for index, item in enumerate(found):
            name = item.get(self.unique) if self.unique and isinstance(item, dict) else item
            if not isinstance(name, str):
                continue
            if name in first_at:
                where = (*at, index, self.unique) if self.unique else (*at, index)
                reading.problem(where, f"{quoted(name)} is already at {render_path((*at, first_at[name]))}")
            first_at.setdefault(name, index)


@dataclass(frozen=True)
class OneOrMore:
    """One value or a list of them; kept as a list."""

    of: Node

    def read(self, value: Any, at: Path, reading: Reading) -> Any:
        if isinstance(value, (list, tuple)):
            return Items(self.of, minimum=1).read(value, at, reading)
        return [self.of.read(value, at, reading)]


@dataclass(frozen=True)
class Field:
    """A key of a mapping. default: what is read where the key is absent."""

    node: Node
    required: bool = False
    default: Any = ABSENT


@dataclass(frozen=True)
class Keys:
    """A mapping with known keys.

    aliases: other spellings. forbidden: keys that are refused with a remedy.
    check: looks at what was read of the keys together.
    """

    fields: Mapping[str, Field]
    aliases: Mapping[str, str] | None = None
    forbidden: Mapping[str, str] | None = None
    check: Callable[[dict[str, Any], Path, Reading], None] | None = None

    def read(self, value: Any, at: Path, reading: Reading) -> Any:
        if not isinstance(value, Mapping):
            return reading.wrong_type(at, value, f"a mapping with keys of {', '.join(self.fields)}", quiet=True)
        given, meant = self._names(value, at, reading)
        found = {}
        for name, field in self.fields.items():
            if name in given:
                found[name] = field.node.read(value[given[name]], (*at, given[name]), reading)
            elif field.required and name not in meant:
                reading.problem((*at, name), "is required")
            elif field.default is not ABSENT:
                found[name] = field.node.read(field.default, (*at, name), reading)
        if self.check is not None:
            self.check(found, at, reading)
        return found

    def _names(self, value: Mapping[Any, Any], at: Path, reading: Reading) -> tuple[dict[str, str], set[str | None]]:
        """The spelling used for each known key, and the keys that unknown ones were probably meant to be."""
        given: dict[str, str] = {}
        meant: set[str | None] = set()
        for key in value:
            if not isinstance(key, str):
                reading.problem((*at, key), f"keys are texts, got {describe(key)}; put it in quotes", self.fields)
                continue
            name = (self.aliases or {}).get(key, key)
            if name in (self.forbidden or {}):
                reading.problem((*at, key), (self.forbidden or {})[name])
            elif name not in self.fields:
                meant.add(closest(key, self.fields))
                reading.problem((*at, key), f"unknown key{suggest(key, self.fields)}", self.fields)
            elif name in given:
                reading.problem((*at, key), f"means the same as {given[name]}, which is given as well")
            else:
                given[name] = key
        return given, meant


@dataclass(frozen=True)
class Names:
    """A mapping whose keys are names of the user's choice. rule: as for Text."""

    of: Node
    rule: Callable[[str], str]
    wanted: str
    check: Callable[[dict[str, Any], Path, Reading], None] | None = None

    def read(self, value: Any, at: Path, reading: Reading) -> Any:
        if not isinstance(value, Mapping):
            return reading.wrong_type(at, value, f"a mapping of {self.wanted}")
        found = {}
        for key, item in value.items():
            name = Text(self.rule, self.wanted, quiet=True).read(key, (*at, key), reading)
            got = self.of.read(item, (*at, key), reading)
            if name is not INVALID:
                found[name] = got
        if self.check is not None:
            self.check(found, at, reading)
        return found


@dataclass(frozen=True)
class PerSite:
    """A mapping from site names. complete: every site of the plan must be there."""

    of: Node
    complete: bool = False

    def read(self, value: Any, at: Path, reading: Reading) -> Any:
        if not isinstance(value, Mapping):
            return reading.wrong_type(at, value, "a mapping with a key per site")
        found = {}
        for key, item in value.items():
            name = SiteName().read(key, (*at, key), reading)
            got = self.of.read(item, (*at, key), reading)
            if name is not INVALID:
                found[name] = got
        for site in reading.sites:
            if self.complete and site not in value:
                reading.problem((*at, site), "is required: the plan must serve every direction")
        return found


class FreeForm:
    """A mapping of whatever a provider understands, as long as it is plain data without secrets in it."""

    def read(self, value: Any, at: Path, reading: Reading) -> Any:
        if not isinstance(value, Mapping):
            return reading.wrong_type(at, value, "a mapping")
        return self._copy(value, at, reading, 0)

    def _copy(self, value: Any, at: Path, reading: Reading, depth: int) -> Any:
        if depth > DEEPEST:
            return reading.problem(at[: len(at) - depth], f"is nested deeper than {DEEPEST} levels")
        if isinstance(value, Mapping):
            return self._copy_mapping(value, at, reading, depth)
        if isinstance(value, (list, tuple)):
            return [self._copy(item, (*at, index), reading, depth + 1) for index, item in enumerate(value)]
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            if has_credentials(value):
                return reading.problem(at, "has a password in its URL; a plan refers to secrets and never holds them")
            return str(value)
        if isinstance(value, int) and abs(value) < 2**63:
            return int(value)
        if isinstance(value, float) and math.isfinite(value):
            return float(value)
        return reading.wrong_type(at, value, "a text, a number, true, false, a list or a mapping")

    def _copy_mapping(self, value: Mapping[Any, Any], at: Path, reading: Reading, depth: int) -> dict[str, Any]:
        copied = {}
        for key, item in value.items():
            if not isinstance(key, str):
                reading.problem((*at, key), f"keys are texts, got {describe(key)}; put it in quotes")
            elif is_secret_key(key) and isinstance(item, (str, int, float)) and not isinstance(item, bool):
                remedy = f"name where it is instead: {key}_env: VARIABLE or {key}_file: PATH"
                reading.problem((*at, key), f"a plan refers to secrets and never holds them; {remedy}")
            else:
                copied[str(key)] = self._copy(item, (*at, key), reading, depth + 1)
        return copied
