# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planned switches by portworx, and the ways back."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import (
    Refused,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.replication.taking_back import take_back
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.portworx.stork_site import SCHEDULE
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.portworx.world import (
    FROM_EAST,
    FROM_WEST,
    World,
    add_claim,
    switch,
    world,
)


@pytest.fixture
def made() -> World:
    return world()


def test_p3_a_planned_switch_loses_nothing_there_and_back(made: World) -> None:
    for source, target in (("east", "west"), ("west", "east")):
        made.data.write(source, f"last words of {source}")
        assert made.provider.demote(made.group, source) is True
        assert made.provider.demote(made.group, source) is False
        proof = made.provider.final_sync(made.group, source, target)
        assert (proof.holds, proof.volumes) == (True, 2)
        assert made.provider.observe(made.group, source).sync_proof
        assert made.provider.promote(made.group, target, forced=False) is True
        assert made.provider.promote(made.group, target, forced=False) is False
        assert made.data.read(target)[-1] == f"last words of {source}"
        made.wait()
    assert made.roles() == ("primary", "secondary")


def test_after_a_switch_nothing_of_the_old_direction_is_left(made: World) -> None:
    switch(made, "east", "west")
    made.wait()
    assert [item["metadata"]["name"] for api in made.apis.values() for item in api.of(SCHEDULE)] == [FROM_WEST] * 2
    assert not made.schedule("west", FROM_WEST)["spec"]["suspend"]


def test_the_action_is_asked_for_at_the_target_and_takes_the_source_along(made: World) -> None:
    made.provider.demote(made.group, "east")
    (action,) = made.actions("west")
    asked = action["spec"]["actionParameter"]["failoverParameter"]
    assert asked == {
        "failoverNamespaces": ["payroll"],
        "migrationScheduleReference": FROM_EAST,
        "skipSourceOperations": False,
    }
    assert made.actions("east") == []


def test_p3_a_planned_promotion_is_refused_before_the_source_is_demoted(made: World) -> None:
    with pytest.raises(Refused, match="demote it at east: that is the switch"):
        made.provider.promote(made.group, "west", forced=False)
    assert made.apis["west"].writes == []


def test_p3_what_is_writable_proves_nothing(made: World) -> None:
    with pytest.raises(Refused, match="demote it first"):
        made.provider.final_sync(made.group, "east", "west")


def test_p3_a_switch_is_taken_back_by_a_switch(made: World) -> None:
    made.data.write("east", "last words")
    made.provider.demote(made.group, "east")
    take_back(made.provider, made.group, "east", "west", forced=False)
    assert (made.roles(), made.data.read("east")) == (("primary", "secondary"), ["last words"])


def test_p1_a_promotion_without_the_word_of_the_peer_is_refused_and_changes_nothing(made: World) -> None:
    made.apis["east"].reachable = False
    with pytest.raises(Refused, match="no answer"):
        made.provider.promote(made.group, "west", forced=False)
    assert made.apis["west"].writes == []


def test_p3_a_target_without_claims_is_switched_to(made: World) -> None:
    """They are made after the promotion; what sends back finds them with its next migration."""
    bare = world(at=("east",))
    switch(bare, "east", "west")
    assert bare.roles() == ("secondary", "primary")
    for number in range(2):
        add_claim(bare.apis["west"], f"disk-{number}")
    assert bare.provider.observe(bare.group, "west").health == "degraded"
    bare.wait()
    assert bare.provider.observe(bare.group, "west").health == "healthy"


def test_p3_a_proof_needs_the_action_that_it_is_of(made: World) -> None:
    made.provider.demote(made.group, "east")
    for key in [key for key in made.apis["west"].objects if key[0] == "Action"]:
        del made.apis["west"].objects[key]
    with pytest.raises(Refused, match="no Action of it"):
        made.provider.final_sync(made.group, "east", "west")


def test_p1_a_source_that_was_given_up_is_not_promoted_beside_its_target(made: World) -> None:
    made.provider.demote(made.group, "east")
    with pytest.raises(Refused, match="payroll-from-east failed over to"):
        made.provider.promote(made.group, "east", forced=False)
    assert made.roles() == ("secondary", "primary")
