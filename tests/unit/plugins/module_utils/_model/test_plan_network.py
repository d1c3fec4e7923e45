# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan_problem import PlanInvalid
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of

VLAN = {"east": "vlan-100", "west": "vlan-2100"}


def problems_of(network: Any, **changes: Any) -> list[str]:
    with pytest.raises(PlanInvalid) as caught:
        plan_of(network=network, **changes)
    return [str(problem) for problem in caught.value.problems]


def test_a_plan_maps_no_network_unless_it_says_so() -> None:
    assert plan_of().attachments == ()
    assert "network" not in plan_of().document


def test_a_network_is_named_side_by_side_for_both_sites() -> None:
    storage = {"east": "default/storage", "west": "shared/storage.dr"}
    assert plan_of(network={"attachments": [VLAN, storage]}).attachments == (VLAN, storage)


@pytest.mark.parametrize(
    ("attachments", "problem"),
    [
        ([{"east": "vlan-100"}], "network.attachments[0].west: is required: the plan must serve every direction"),
        ([{**VLAN, "north": "x"}], 'network.attachments[0].north: unknown site "north"'),
        ([{**VLAN, "west": "a/b/c"}], "network.attachments[0].west: got the text"),
        ([{**VLAN, "west": "VLAN"}], "not the name of a NetworkAttachmentDefinition"),
        ([{**VLAN, "west": 2100}], "put it in quotes"),
        ({"east": "a", "west": "b"}, "network.attachments: got a mapping, wanted a list"),
        (
            [VLAN, {"east": "vlan-200", "west": "vlan-2100"}],
            'attachments[1].west: "vlan-2100" is already at network.attachments[0].west: it would have two names',
        ),
        (
            [VLAN, {"east": "payroll/vlan-100", "west": "default/vlan"}],
            'network.attachments[1].east: "payroll/vlan-100" is already at network.attachments[0].east',
        ),
    ],
)
def test_what_could_not_be_turned_back_is_refused_by_its_path(attachments: Any, problem: str) -> None:
    found = problems_of({"attachments": attachments})
    assert [text for text in found if problem in text], found


def test_a_network_section_without_networks_is_refused() -> None:
    assert problems_of({}) == ["network.attachments: is required"]


def test_networks_that_change_places_are_no_contradiction() -> None:
    swapped = [{"east": "a", "west": "b"}, {"east": "b", "west": "a"}]
    assert len(plan_of(network={"attachments": swapped}).attachments) == 2
