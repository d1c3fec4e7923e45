# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan_parser import parse_plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan_problem import PlanInvalid
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of


def problems_of(snapshots: Any) -> list[str]:
    with pytest.raises(PlanInvalid) as caught:
        plan_of(snapshots=snapshots)
    return [str(problem) for problem in caught.value.problems]


def test_volumes_are_not_cloned_unless_the_plan_says_so() -> None:
    assert plan_of().snapshots is None
    assert "snapshots" not in plan_of().document


def test_an_empty_section_takes_the_defaults() -> None:
    found = plan_of(snapshots={}).snapshots
    assert found is not None
    assert (found.keep, found.classes) == (3, {})


def test_it_is_read_back_as_it_was_written() -> None:
    plan = plan_of(snapshots={"keep": 7, "storage_classes": {"ceph-rbd": "ceph-rbd.at-once"}})
    assert parse_plan(plan.document) == plan
    assert plan.snapshots is not None
    assert plan.snapshots.classes == {"ceph-rbd": "ceph-rbd.at-once"}


@pytest.mark.parametrize(
    ("snapshots", "problem"),
    [
        (True, "snapshots: got the truth value true, wanted a mapping"),
        ({"keep": 0}, "snapshots.keep: got the number 0, wanted 1 to 100"),
        ({"keep": "3"}, "snapshots.keep: got the text"),
        ({"kep": 3}, "snapshots.kep: unknown key, did you mean keep?"),
        ({"storage_classes": ["fast"]}, "snapshots.storage_classes: got a list"),
        ({"storage_classes": {"fast": "Not A Name"}}, "snapshots.storage_classes.fast: got the text"),
        ({"storage_classes": {"NOT": "fast"}}, "not the name of an object in Kubernetes"),
    ],
)
def test_what_is_wrong_is_refused_by_its_path(snapshots: Any, problem: str) -> None:
    found = problems_of(snapshots)
    assert [text for text in found if problem in text], found
