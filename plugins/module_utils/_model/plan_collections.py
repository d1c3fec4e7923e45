# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes of a plan's schema for lists and mappings of other nodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from .plan_problem import Path, closest, describe, quoted, render_path, suggest
from .plan_schema import INVALID, Node, Reading, SiteName, Text

ABSENT: Final = object()


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
