# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Label selectors as Kubernetes writes them: matchLabels and matchExpressions, joined by and."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from .plan_collections import Field, Items, Keys, Names
from .plan_problem import Path
from .plan_schema import Choice, Reading, Text

Operator = Literal["In", "NotIn", "Exists", "DoesNotExist"]

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_PREFIX = re.compile(r"(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*")


@dataclass(frozen=True, slots=True)
class Requirement:
    """One expression. NotIn is also fulfilled by an object without the label, as in Kubernetes."""

    key: str
    operator: Operator
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        if self.operator == "Exists":
            return self.key in labels
        if self.operator == "DoesNotExist":
            return self.key not in labels
        among = self.key in labels and labels[self.key] in self.values
        return among if self.operator == "In" else not among

    def to_query(self) -> str:
        if self.operator == "Exists":
            return self.key
        if self.operator == "DoesNotExist":
            return f"!{self.key}"
        return f"{self.key} {self.operator.lower()} ({','.join(sorted(self.values))})"


@dataclass(frozen=True, slots=True)
class LabelSelector:
    """All of its labels and expressions must match; an empty selector matches everything."""

    match_labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    match_expressions: tuple[Requirement, ...] = ()

    @classmethod
    def parse(cls, mapping: Mapping[str, Any]) -> LabelSelector:
        """The selector that the mapping describes; ValueError lists what is wrong with it."""
        reading = Reading()
        found = SELECTOR.read(mapping, ("selector",), reading)
        if reading.problems:
            raise ValueError("; ".join(str(problem) for problem in reading.problems))
        return cls.of_document(found)

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> LabelSelector:
        """The selector of what SELECTOR has read without a problem."""
        return cls(
            match_labels=dict(document.get("matchLabels", {})),
            match_expressions=tuple(
                Requirement(item["key"], cast(Operator, item["operator"]), tuple(item.get("values", ())))
                for item in document.get("matchExpressions", ())
            ),
        )

    @property
    def keys(self) -> frozenset[str]:
        """Labels that it looks at."""
        return frozenset((*self.match_labels, *(requirement.key for requirement in self.match_expressions)))

    def matches(self, labels: Mapping[str, str]) -> bool:
        return all(labels.get(key) == value for key, value in self.match_labels.items()) and all(
            requirement.matches(labels) for requirement in self.match_expressions
        )

    def to_query(self) -> str:
        """The value of the API's labelSelector parameter; empty for a selector that matches everything."""
        labels = [f"{key}={value}" for key, value in sorted(self.match_labels.items())]
        return ",".join([*labels, *(requirement.to_query() for requirement in self.match_expressions)])


def label_key(text: str) -> str:
    prefix, slash, name = text.rpartition("/")
    if not _NAME.fullmatch(name) or (slash and not _PREFIX.fullmatch(prefix)):
        raise ValueError("not a label key such as tier or example.org/tier (the name at most 63 characters)")
    return text


class LabelValue:
    """A label's value: a text, which may be empty."""

    def read(self, value: Any, at: Path, reading: Reading) -> Any:
        return "" if value == "" and isinstance(value, str) else _LABEL_VALUE.read(value, at, reading)


def _label_value(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError("not a label value (letters, digits, '-', '_', '.', at most 63, alphanumeric at both ends)")
    return text


def _check_expression(found: dict[str, Any], at: Path, reading: Reading) -> None:
    operator, values = found.get("operator"), found.get("values", [])
    if operator in ("In", "NotIn") and values == []:
        reading.problem((*at, "values"), f"is required by the operator {operator}, with at least one value")
    if operator in ("Exists", "DoesNotExist") and values != []:
        reading.problem((*at, "values"), f"must be left out: the operator {operator} takes no values")


_LABEL_VALUE = Text(_label_value, "a label value")

SELECTOR = Keys(
    {
        "matchLabels": Field(Names(LabelValue(), label_key, "a label key")),
        "matchExpressions": Field(
            Items(
                Keys(
                    {
                        "key": Field(Text(label_key, "a label key"), required=True),
                        "operator": Field(Choice("In", "NotIn", "Exists", "DoesNotExist"), required=True),
                        "values": Field(Items(LabelValue())),
                    },
                    check=_check_expression,
                )
            )
        ),
    }
)
