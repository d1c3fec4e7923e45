# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a plan is told all at once, each by its path and with what is allowed."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan_problem import render_path
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._model.broken_plan import (
    RULE,
    Document,
    Keys,
    problems_of,
    put,
    wave,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._model.plan_problem_cases import CASES


@pytest.mark.parametrize(("keys", "value", "problem"), CASES, ids=lambda value: None)
def test_a_problem_is_reported_with_its_path_and_what_is_allowed(
    document: Document, keys: Keys, value: object, problem: str
) -> None:
    found = [str(problem) for problem in problems_of(put(document, keys, value))]
    assert [text for text in found if problem in text], found


@pytest.mark.parametrize("document", [None, [], "payroll.yml", 5], ids=repr)
def test_what_is_no_mapping_is_no_plan(document: object) -> None:
    (problem,) = problems_of(document)
    assert problem.path == "plan"
    assert "wanted a mapping with keys of name, home, sites" in problem.message


def test_every_problem_is_reported_at_once(document: Document) -> None:
    put(document, ("home",), "north")
    put(document, ("startup", "max_starting"), 0)
    put(document, (*RULE, "set", "west", "nfs.path"), "/{x}")
    put(document, ("startup", "waves"), [wave("a", "b"), wave("b", "a"), {"nam": "c"}])
    paths = [problem.path for problem in problems_of(document)]
    assert paths == [
        "home",
        "volumes.rules[0].set.west.nfs.path",
        "startup.waves[2].nam",
        "startup.waves",
        "startup.max_starting",
    ]


def test_a_misspelt_key_is_not_also_reported_as_missing(document: Document) -> None:
    document["nmae"] = document.pop("name")
    assert [str(problem).partition(";")[0] for problem in problems_of(document)] == [
        "nmae: unknown key, did you mean name?"
    ]


@pytest.mark.parametrize(
    ("at", "text"),
    [
        ((), "plan"),
        (("volumes", "rules", 2, "set", "west"), "volumes.rules[2].set.west"),
        (("set", "nfs.path"), "set.nfs.path"),
        (("a", "dr.ocpvirt.io/plan"), "a.dr.ocpvirt.io/plan"),
        (("a", 'b"c'), 'a["b\\"c"]'),
        (("a", ""), 'a[""]'),
    ],
)
def test_a_path_is_written_as_a_person_would(at: Keys, text: str) -> None:
    assert render_path(at) == text
