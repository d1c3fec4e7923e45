# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.selector import LabelSelector


def expression(key: str, operator: str, *values: str) -> dict[str, Any]:
    return {"key": key, "operator": operator, **({"values": list(values)} if values else {})}


@pytest.mark.parametrize(
    ("expressions", "labels", "matches"),
    [
        ([expression("tier", "In", "db", "app")], {"tier": "db"}, True),
        ([expression("tier", "In", "db", "app")], {"tier": "web"}, False),
        ([expression("tier", "In", "db")], {}, False),
        ([expression("tier", "NotIn", "db")], {"tier": "db"}, False),
        ([expression("tier", "NotIn", "db")], {"tier": "app"}, True),
        ([expression("tier", "NotIn", "db")], {}, True),
        ([expression("tier", "Exists")], {"tier": ""}, True),
        ([expression("tier", "Exists")], {}, False),
        ([expression("tier", "DoesNotExist")], {}, True),
        ([expression("tier", "DoesNotExist")], {"tier": "db"}, False),
        ([expression("tier", "Exists"), expression("zone", "In", "a")], {"tier": "x", "zone": "b"}, False),
    ],
)
def test_expressions_match_as_in_kubernetes(
    expressions: list[dict[str, Any]], labels: dict[str, str], matches: bool
) -> None:
    assert LabelSelector.parse({"matchExpressions": expressions}).matches(labels) is matches


def test_all_labels_and_expressions_must_match() -> None:
    selector = LabelSelector.parse(
        {"matchLabels": {"a": "1", "b": "2"}, "matchExpressions": [expression("c", "Exists")]}
    )
    assert selector.matches({"a": "1", "b": "2", "c": "3", "d": "4"})
    assert not selector.matches({"a": "1", "b": "2"})
    assert not selector.matches({"a": "1", "b": "x", "c": "3"})


def test_an_empty_selector_matches_everything() -> None:
    assert LabelSelector.parse({}).matches({})
    assert LabelSelector.parse({}).matches({"tier": "db"})
    assert LabelSelector.parse({}).to_query() == ""


def test_the_query_is_what_the_api_takes_and_does_not_depend_on_the_order_of_keys() -> None:
    selector = {
        "matchLabels": {"example.org/tier": "db", "app": "payroll"},
        "matchExpressions": [
            expression("zone", "NotIn", "c", "b"),
            expression("x", "Exists"),
            expression("y", "DoesNotExist"),
        ],
    }
    assert LabelSelector.parse(selector).to_query() == "app=payroll,example.org/tier=db,zone notin (b,c),x,!y"


@pytest.mark.parametrize(
    ("mapping", "problem"),
    [
        ({"matchLabel": {"a": "b"}}, "selector.matchLabel: unknown key, did you mean matchLabels?"),
        ({"match_labels": {"a": "b"}}, "did you mean matchLabels?"),
        ({"matchLabels": {"a": 1}}, "selector.matchLabels.a: got the number 1, wanted a label value; put it in quotes"),
        ({"matchLabels": {"-a": "b"}}, "not a label key"),
        ({"matchLabels": {"/a": "b"}}, "not a label key"),
        ({"matchLabels": {"a": "b c"}}, "not a label value"),
        ({"matchLabels": {"a": "x" * 64}}, "not a label value"),
        ({"matchExpressions": [expression("a", "in", "b")]}, "did you mean In?; allowed: In, NotIn"),
        ({"matchExpressions": [expression("a", "In")]}, "values: is required by the operator In"),
        ({"matchExpressions": [expression("a", "Exists", "b")]}, "the operator Exists takes no values"),
        ({"matchExpressions": [{"operator": "Exists"}]}, "selector.matchExpressions[0].key: is required"),
        ([], "got a list, wanted a mapping"),
    ],
)
def test_a_wrong_selector_is_refused_with_the_path_and_what_is_wanted(mapping: Any, problem: str) -> None:
    with pytest.raises(ValueError, match="selector") as caught:
        LabelSelector.parse(mapping)
    assert problem in str(caught.value)


def test_an_empty_label_value_is_a_value() -> None:
    assert LabelSelector.parse({"matchLabels": {"a": ""}}).matches({"a": ""})
