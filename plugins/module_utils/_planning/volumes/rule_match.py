# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a volume rule's `match` fits a PV and its PVC. Compiled once for a rule, asked for every volume."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..._model.plan_volume_fields import SOURCES, Kind

Document = Mapping[str, Any]
# (PV, PVC, captures to add to) to whether it fits
Test = Callable[[Document, Document, dict[str, str]], bool]
# (value of a field, captures to add to) to whether it fits
FieldTest = Callable[[Any, dict[str, str]], bool]


class RuleMatcher:
    """The `match` of one rule. Patterns match the whole value; of a list, any value may fit."""

    def __init__(self, match: Document) -> None:
        self._tests = tuple(_tests(match))

    def captures(self, pv: Document, pvc: Document) -> dict[str, str] | None:
        """Named captures of the regular expressions (empty if there are none); None when the rule does not match."""
        found: dict[str, str] = {}
        for test in self._tests:
            if not test(pv, pvc, found):
                return None
        return found


def _tests(match: Document) -> Iterator[Test]:
    for key, wanted in match.items():
        if key == "name":
            yield _on_name(_pattern(wanted))
        elif key == "namespace":
            yield _on_namespace(_any_of(wanted))
        elif key == "storage_class":
            yield _on_class(_any_of(wanted))
        elif key in ("labels", "annotations"):
            compare = _any_of if key == "labels" else _pattern
            yield _on_metadata(key, {name: compare(value) for name, value in wanted.items()})
        else:
            yield _on_source(key, {name: _field(SOURCES[key][name], value) for name, value in wanted.items()})


def _on_name(test: FieldTest) -> Test:
    return lambda pv, _pvc, captures: test(pv["metadata"]["name"], captures)


def _on_namespace(test: FieldTest) -> Test:
    return lambda _pv, pvc, captures: test(pvc["metadata"]["namespace"], captures)


def _on_class(test: FieldTest) -> Test:
    return lambda pv, _pvc, captures: test(pv["spec"].get("storageClassName", ""), captures)


def _on_metadata(part: str, tests: Mapping[str, FieldTest]) -> Test:
    every = _keys(tests)
    return lambda pv, _pvc, captures: every(pv["metadata"].get(part) or {}, captures)


def _on_source(source: str, tests: Mapping[str, FieldTest]) -> Test:
    every = _keys(tests)
    return lambda pv, _pvc, captures: source in pv["spec"] and every(pv["spec"][source], captures)


def _field(kind: Kind, wanted: Any) -> FieldTest:
    if kind is Kind.PATTERN:
        return _pattern(wanted)
    if kind is Kind.FLAG:
        return lambda seen, _captures: bool(seen) == wanted
    if kind is Kind.WORDS:
        return _some_of(wanted)
    if kind in (Kind.REFERENCE, Kind.ATTRIBUTES):
        return _keys({name: _any_of(value) for name, value in wanted.items()})
    return _any_of(wanted)


def _keys(tests: Mapping[str, FieldTest]) -> FieldTest:
    pairs = tuple(tests.items())

    def every(seen: Any, captures: dict[str, str]) -> bool:
        return isinstance(seen, dict) and all(test(seen.get(name), captures) for name, test in pairs)

    return every if pairs else lambda _seen, _captures: True


def _pattern(pattern: str) -> FieldTest:
    compiled = re.compile(pattern)
    named = bool(compiled.groupindex)

    def fits(seen: Any, captures: dict[str, str]) -> bool:
        found = compiled.fullmatch(seen) if isinstance(seen, str) else None
        if found is not None and named:
            captures.update({name: value or "" for name, value in found.groupdict().items()})
        return found is not None

    return fits


def _any_of(wanted: Any) -> FieldTest:
    values = tuple(wanted) if isinstance(wanted, (list, tuple)) else (wanted,)
    return lambda seen, _captures: seen in values


def _some_of(wanted: Any) -> FieldTest:
    values = tuple(wanted) if isinstance(wanted, (list, tuple)) else (wanted,)
    return lambda seen, _captures: any(item in values for item in seen or ())
