# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of two sites held against each other: where they differ, and whether a table says so. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

Objects = Mapping[str, Mapping[str, Any]]
"""By kind/namespace/name, or kind/name."""
Path = tuple[str, ...]


class _Absent:
    def __repr__(self) -> str:
        return "absent"


ABSENT = _Absent()


@dataclass(frozen=True)
class Difference:
    """path: inside the object; empty where one of the sites has no such object."""

    key: str
    path: Path
    east: Any
    west: Any

    def __str__(self) -> str:
        return f"{self.key} {'.'.join(self.path) or '(the object)'}: {self.east!r} at east, {self.west!r} at west"


@dataclass(frozen=True)
class Intended:
    """One row: where objects may differ, why, and how. key and the parts of path are shell patterns.

    A path stands for all that is below it; the empty one for the object's presence alone.
    """

    key: str
    path: Path
    why: str
    holds: Callable[[Any, Any], bool] = lambda _east, _west: True

    def covers(self, found: Difference) -> bool:
        if not fnmatchcase(found.key, self.key) or bool(self.path) != bool(found.path):
            return False
        if len(found.path) < len(self.path):
            return False
        within = all(fnmatchcase(part, wanted) for part, wanted in zip(found.path, self.path, strict=False))
        return within and self.holds(found.east, found.west)


def differences(east: Objects, west: Objects) -> list[Difference]:
    found = []
    for key in sorted(east.keys() | west.keys()):
        if key in east and key in west:
            found += [Difference(key, *rest) for rest in _below((), east[key], west[key])]
        else:
            found.append(Difference(key, (), east.get(key, ABSENT), west.get(key, ABSENT)))
    return found


def unintended(found: Iterable[Difference], table: Iterable[Intended]) -> list[str]:
    """Differences that no row covers, and rows that cover none: they would hide what nobody looks for."""
    rows = list(table)
    met: set[int] = set()
    problems = []
    for difference in found:
        covering = {number for number, row in enumerate(rows) if row.covers(difference)}
        met |= covering
        if not covering:
            problems.append(str(difference))
    problems += [
        f"nothing differs at {row.key} {'.'.join(row.path) or '(the object)'}: {row.why}"
        for number, row in enumerate(rows)
        if number not in met
    ]
    return problems


def _below(path: Path, east: Any, west: Any) -> Iterator[tuple[Path, Any, Any]]:
    if _are_mappings(east, west):
        # with the fields of one that the other site lacks altogether
        east, west = ({} if side is ABSENT else side for side in (east, west))
        for key in sorted(east.keys() | west.keys()):
            yield from _below((*path, key), east.get(key, ABSENT), west.get(key, ABSENT))
    elif isinstance(east, list) and isinstance(west, list) and len(east) == len(west):
        for index, pair in enumerate(zip(east, west, strict=True)):
            yield from _below((*path, str(index)), *pair)
    elif east != west or type(east) is not type(west):
        yield path, east, west


def _are_mappings(east: Any, west: Any) -> bool:
    """Both, or the one that is there and not empty."""
    if isinstance(east, Mapping) and isinstance(west, Mapping):
        return True
    there, other = (west, east) if east is ABSENT else (east, west)
    return other is ABSENT and isinstance(there, Mapping) and bool(there)
