# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a volume rule is read from a plan: what it matches, what it sets at each site, and whether both fit together."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

from .plan_collections import Field, Items, Keys, Names, OneOrMore, PerSite
from .plan_free_form import FreeForm
from .plan_problem import Path, render_path
from .plan_schema import Flag, Node, Reading, Text, Whole
from .plan_volume_fields import (
    REFERENCE_KEYS,
    SOURCES,
    Kind,
    check_placeholders,
    field_kind,
    field_path,
    pattern_fields,
    texts_of,
)

_LARGEST = 2**31 - 1


def _regular_expression(text: str) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"not a regular expression: {error}") from error
    return text


def _field_name(text: str) -> str:
    field_path(text)
    return text


_REGEX = Text(_regular_expression, "a regular expression")
_WORD = Text()
_WORDS = OneOrMore(_WORD)
_NUMBER = Whole(0, _LARGEST)
_TREE = FreeForm()

_MATCHED: Mapping[Kind, Node] = {
    Kind.WORD: _WORDS,
    Kind.PATTERN: _REGEX,
    Kind.NUMBER: OneOrMore(_NUMBER),
    Kind.FLAG: Flag(),
    Kind.WORDS: _WORDS,
    Kind.REFERENCE: Keys({name: Field(_WORDS) for name in REFERENCE_KEYS}),
    Kind.ATTRIBUTES: Names(_WORDS, str, "a volume attribute"),
}


class FieldValue:
    """What a rule writes into a PV's field: a value of the field's kind, whose texts may be templates."""

    def read(self, value: Any, at: Path, reading: Reading) -> Any:
        try:
            kind = field_kind(field_path(str(at[-1])))
        except ValueError:
            return value  # the name of the field is reported by who reads it
        if kind is Kind.NUMBER:
            if isinstance(value, str) and "{" in value:
                return _WORD.read(value, at, reading)
            return _NUMBER.read(value, at, reading)
        if kind is Kind.FLAG:
            return Flag().read(value, at, reading)
        if kind is Kind.WORDS:
            return Items(_WORD, minimum=1).read(value, at, reading)
        if kind is Kind.TREE:
            return _TREE.read(value, at, reading)
        return _WORD.read(value, at, reading)


def check_rule(rule: dict[str, Any], at: Path, reading: Reading) -> None:
    """Both sites set the same fields, to templates that can be filled."""
    captures = _check_captures(_mapping(rule.get("match")), (*at, "match"), reading)
    by_site = {site: _mapping(values) for site, values in _mapping(rule.get("set")).items()}
    for site, values in by_site.items():
        _check_overlaps(values, (*at, "set", site), reading)
        for field, value in values.items():
            for place, text in texts_of(value):
                try:
                    check_placeholders(text, captures)
                except ValueError as error:
                    reading.problem((*at, "set", site, field, *place), str(error))
        for other, others in by_site.items():
            for field in values.keys() - others.keys() if other != site else ():
                setter = render_path((*at, "set", site))
                reading.problem((*at, "set", other, field), f"is required: {setter} sets it, and the way back needs it")


def check_rules(rules: list[Any], at: Path, reading: Reading) -> None:
    for index, rule in enumerate(rules[:-1]):
        if _mapping(rule).get("match") == {}:
            reading.problem((*at, index, "match"), "is empty and matches every volume: only the last rule may do that")


def rules_of(namespace: Text) -> Items:
    """The node that reads `volumes.rules`. namespace: reads the name of one."""
    match = Keys(
        {
            "name": Field(_REGEX),
            "namespace": Field(OneOrMore(namespace)),
            "storage_class": Field(_WORDS),
            "labels": Field(Names(_WORDS, str, "a label")),
            "annotations": Field(Names(_REGEX, str, "an annotation")),
            **{
                source: Field(Keys({name: Field(_MATCHED[kind]) for name, kind in fields.items()}))
                for source, fields in SOURCES.items()
            },
        }
    )
    rule = Keys(
        {
            "match": Field(match, required=True),
            "set": Field(PerSite(Names(FieldValue(), _field_name, "a PV field"), complete=True), required=True),
        },
        check=check_rule,
    )
    return Items(rule, check=check_rules)


def _check_captures(match: Mapping[str, Any], at: Path, reading: Reading) -> frozenset[str]:
    """The names that the match's regular expressions capture; each may be captured once."""
    found: dict[str, str] = {}
    for where, pattern in _patterns(match, at):
        for name in re.compile(pattern).groupindex:
            if name in found:
                reading.problem(where, f"captures {name} again; {found[name]} does so already")
            found.setdefault(name, render_path(where))
    return frozenset(found)


def _patterns(match: Mapping[str, Any], at: Path) -> Iterator[tuple[Path, str]]:
    candidates: list[tuple[Path, Any]] = [
        ((*at, "name"), match.get("name")),
        *(((*at, "annotations", key), value) for key, value in _mapping(match.get("annotations")).items()),
        *(((*at, source, field), _mapping(match.get(source)).get(field)) for source, field in pattern_fields()),
    ]
    return ((where, text) for where, text in candidates if isinstance(text, str))


def _check_overlaps(values: Mapping[str, Any], at: Path, reading: Reading) -> None:
    paths = {field_path(field): field for field in values}
    for field in values:
        other = paths[field_path(field)]
        if other != field:
            reading.problem((*at, field), f"means the same as {other}, which is set as well")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
