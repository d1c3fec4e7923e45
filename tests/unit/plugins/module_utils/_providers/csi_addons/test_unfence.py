# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way back: NetworkFences that are lifted, over an API in memory."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import NETWORK_FENCE
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Failed, Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.csi_addons.test_fence import (
    CIDRS,
    FENCED,
    OPTIONS,
    UNFENCED,
    answer,
    fences,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.csi_addons.world import World, world

FORBIDDEN = Failed("GET", site="west", seen="networkfences is forbidden", status=403)


@pytest.fixture
def fenced() -> World:
    made = world(**OPTIONS)
    answer(made, FENCED)
    made.provider.fence(made.group, "west", "east")
    return made


def corrected(made: World) -> Group:
    """The addresses of east as the plan has them now."""
    return replace(made.group, options={**made.group.options, "sites": {"east": {"fence": {"cidrs": CIDRS[:1]}}}})


def test_a_site_is_unfenced_before_its_fence_is_deleted(fenced: World) -> None:
    answer(fenced, UNFENCED, after=7)
    began = fenced.time.seconds
    assert fenced.provider.unfence(fenced.group, "west", "east")
    # the success of the fence itself was not taken for that of its end
    assert fenced.time.seconds - began >= 7
    assert fences(fenced) == {}
    assert not fenced.provider.unfence(fenced.group, "west", "east")


def test_p8_addresses_that_others_have_fenced_stay_fenced(fenced: World) -> None:
    spec = {"driver": "block.csi.example.com", "cidrs": CIDRS[:1], "fenceState": "Fenced"}
    fenced.apis["west"].create(NETWORK_FENCE, {"metadata": {"name": "theirs"}, "spec": spec})
    with pytest.raises(Refused, match="also fenced by NetworkFence theirs"):
        fenced.provider.unfence(fenced.group, "west", "east")
    assert {item["spec"]["fenceState"] for item in fences(fenced).values()} == {"Fenced"}


def test_p8_a_same_named_fence_of_somebody_else_is_not_touched(fenced: World) -> None:
    (found,) = fences(fenced).values()
    found["metadata"]["labels"] = {}
    with pytest.raises(Refused, match="somebody else has this name"):
        fenced.provider.unfence(fenced.group, "west", "east")


def test_p8_a_fence_of_a_plan_whose_name_begins_alike_is_left_alone() -> None:
    made = world(**OPTIONS)
    labels = {"dr.ocpvirt.io/replicates-plan": "payroll-east"}
    spec = {"driver": "block.csi.example.com", "cidrs": ["203.0.113.0/24"], "fenceState": "Fenced"}
    body = {"metadata": {"name": "payroll-east-west-0123abcd", "labels": labels}, "spec": spec}
    made.apis["west"].create(NETWORK_FENCE, body)
    assert made.provider.unfence(made.group, "west", "east") is False
    assert len(fences(made)) == 1


def test_a_site_is_let_in_although_its_addresses_in_the_plan_were_corrected_meanwhile(fenced: World) -> None:
    answer(fenced, UNFENCED)
    assert fenced.provider.unfence(corrected(fenced), "west", "east") is True
    assert fences(fenced) == {}


def test_the_fences_of_before_and_after_a_correction_are_lifted_together(fenced: World) -> None:
    answer(fenced, FENCED)
    fenced.provider.fence(corrected(fenced), "west", "east")
    assert len(fences(fenced)) == 2
    answer(fenced, UNFENCED)
    fenced.provider.unfence(corrected(fenced), "west", "east")
    assert fences(fenced) == {}


def test_a_site_is_let_in_although_the_plan_names_no_fence_any_more(fenced: World) -> None:
    answer(fenced, UNFENCED)
    bare = replace(fenced.group, options={"class": "mirrored"})
    assert fenced.provider.unfence(bare, "west", "east") is True
    assert fences(fenced) == {}


def test_a_site_whose_fence_was_waived_is_let_in_where_the_plan_has_none() -> None:
    made = world()
    assert made.provider.unfence(made.group, "west", "east") is False


def test_rights_to_fences_are_not_needed_where_the_plan_has_none() -> None:
    made = world()
    made.apis["west"].failures = [FORBIDDEN]
    assert made.provider.unfence(made.group, "west", "east") is False


def test_p10_a_fence_that_nobody_may_look_for_is_not_taken_for_none() -> None:
    made = world(**OPTIONS)
    made.apis["west"].failures = [FORBIDDEN]
    with pytest.raises(Failed, match="networkfences is forbidden"):
        made.provider.unfence(made.group, "west", "east")


@pytest.mark.parametrize("options", [OPTIONS, {**OPTIONS, "fence": {"class": "fencing"}}])
def test_a_site_whose_fence_was_waived_is_let_in_where_nothing_serves_one(options: dict[str, Any]) -> None:
    made = world(**options)
    made.apis["west"].absent = {"NetworkFence", "NetworkFenceClass"}
    assert made.provider.unfence(made.group, "west", "east") is False


def test_a_site_whose_fence_was_waived_is_let_in_where_its_class_is_absent() -> None:
    made = world(**{**OPTIONS, "fence": {"class": "fencing"}})
    assert made.provider.unfence(made.group, "west", "east") is False
