# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import random
from collections.abc import Iterator
from copy import deepcopy
from datetime import date
from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan_parser import parse_plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan_problem import PlanInvalid

CASES = 2_000
WORDS = [
    *("east", "west", "north", "rest", "name", "sites", "selector", "matchLabels", "after", "In", "password", "x_env"),
    *("{pv.name}", "{", "(?P<a>.)", "(((", "a{99999999999}", "0 2 * * *", "@every", "15m", "nfs.path", "csi.x[y]", "["),
    *("", " ", "\ud800", "\x00", "9" * 500, "\xdf" * 300, "http://a:b@c", "true"),
]
ODD: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    1,
    10**5000,
    1.5,
    float("nan"),
    float("inf"),
    [],
    {},
    [[]],
    [None],
    {"": None},
]


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all values in the document but the document itself."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield (*at, key)
        yield from places(child, (*at, key))


def anything(chance: random.Random, depth: int = 0) -> Any:
    kind = chance.randrange(6 if depth < 4 else 3)
    if kind == 0:
        return deepcopy(chance.choice(ODD))
    if kind in (1, 2):
        return chance.choice(WORDS)
    if kind == 3:
        return [anything(chance, depth + 1) for _round in range(chance.randrange(4))]
    if kind == 4:
        return chance.choice([date(2024, 1, 1), b"bytes", 3 + 4j, {1, 2}, ("a", 1)])
    keys = [*WORDS, None, True, 1, 2.5, ("a", "b")]
    return {chance.choice(keys): anything(chance, depth + 1) for _round in range(chance.randrange(4))}


def mutate(document: Any, chance: random.Random) -> None:
    paths = list(places(document))
    path = chance.choice(paths)
    parent = document
    for key in path[:-1]:
        parent = parent[key]
    kind = chance.randrange(5)
    if kind == 0:
        del parent[path[-1]]
    elif kind == 1 and isinstance(parent, dict):
        parent[chance.choice([*WORDS, None, 1, True])] = parent.pop(path[-1])
    elif kind == 2:
        other = document
        for key in chance.choice(paths):
            other = other[key] if not isinstance(other, list) or key < len(other) else other
        parent[path[-1]] = deepcopy(other)
    else:
        parent[path[-1]] = anything(chance)


def test_no_input_makes_the_parser_raise_anything_but_plan_invalid(document: dict[str, Any]) -> None:
    chance = random.Random(20240229)
    accepted = 0
    for case in range(CASES):
        mutant = deepcopy(document)
        for _round in range(chance.randrange(1, 4)):
            if mutant:
                mutate(mutant, chance)
        outcome = parsed(mutant)
        if isinstance(outcome, Plan):
            accepted += 1
            assert_usable(outcome)
        else:
            assert outcome.problems, case
            assert all(problem.path and problem.message for problem in outcome.problems), case
            str(outcome).encode()
            json.dumps(outcome.facts())
    assert CASES / 100 < accepted < CASES / 2, "the mutants are neither all valid nor all broken"


def test_a_document_that_contains_itself_is_refused(document: dict[str, Any]) -> None:
    options: dict[str, Any] = {}
    options["again"] = options
    document["traffic"][0]["options"] = options
    outcome = parsed(document)
    assert isinstance(outcome, PlanInvalid)
    assert [problem.message for problem in outcome.problems] == ["is nested deeper than 24 levels"]


def parsed(document: Any) -> Plan | PlanInvalid:
    try:
        return parse_plan(document)
    except PlanInvalid as error:
        return error


def assert_usable(plan: Plan) -> None:
    assert parse_plan(plan.document) == plan
    assert len(plan.fingerprint()) == 64
    assert {plan.peer_of(site) for site in plan.sites} == set(plan.sites)
    assert plan.startup.waves[-1].selector is None
    assert plan.groups
