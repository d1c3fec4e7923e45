# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planned and forced switches by portworx, what goes wrong on their way, and the ways back."""

from __future__ import annotations

from unittest.mock import patch

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import (
    DrError,
    NotFound,
    Refused,
    TerminalState,
    Timeout,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.replication.taking_back import take_back
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers import portworx_switch
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.portworx_stork import SCHEDULE
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.portworx_world import (
    FROM_EAST,
    FROM_WEST,
    World,
    add_claim,
    world,
)


@pytest.fixture
def made() -> World:
    return world()


def switch(made: World, source: str, target: str) -> None:
    assert made.provider.demote(made.group, source) is True
    assert made.provider.final_sync(made.group, source, target).holds
    assert made.provider.promote(made.group, target, forced=False) is True


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


def test_p3_a_source_that_stork_skipped_is_not_given_up(made: World) -> None:
    """The Action is successful all the same."""
    made.data.write("east", "last words")
    made.data.paired = False
    with pytest.raises(TerminalState, match=r"is successful, but it has made no last migration.*east is primary"):
        made.provider.demote(made.group, "east")
    assert made.roles() == ("primary", "secondary")
    made.data.paired = True
    switch(made, "east", "west")
    assert made.data.read("west") == ["last words"]


def test_p3_a_last_migration_that_went_in_part_is_no_switch(made: World) -> None:
    made.apis["east"].partly = True
    breaking = patch.object(portworx_switch, "await_whole", lambda _side: made.data.breaks.add("disk-1"))
    with breaking, pytest.raises(TerminalState, match="status PartialSuccess, disk-1: no route"):
        made.provider.demote(made.group, "east")
    assert made.roles() == ("primary", "secondary")
    made.data.breaks.clear()
    made.wait(130)
    switch(made, "east", "west")


def test_p3_a_claim_of_another_product_is_refused_before_anything_is_switched(made: World) -> None:
    """Stork passes over it, and calls that successful."""
    made.apis["east"].passed_over.add("disk-1")
    made.wait(130)
    with pytest.raises(Refused, match=r"successful without payroll/disk-1.*not Portworx's"):
        made.provider.demote(made.group, "east")
    seen = made.provider.observe(made.group, "east")
    assert (seen.health, seen.role) == ("degraded", "primary")
    assert "successful without payroll/disk-1" in seen.message
    assert made.actions("west") == []


def test_p3_a_claim_that_the_last_migration_passes_over_is_no_switch(made: World) -> None:
    passing = patch.object(portworx_switch, "await_whole", lambda _side: made.apis["east"].passed_over.add("disk-1"))
    with passing, pytest.raises(TerminalState, match="is successful without payroll/disk-1"):
        made.provider.demote(made.group, "east")
    assert made.roles() == ("primary", "secondary")


def test_p3_a_failed_switch_leaves_the_source_primary_and_sending(made: World) -> None:
    """Stork itself leaves its schedule suspended."""
    cutting = patch.object(portworx_switch, "await_whole", lambda _side: setattr(made.data, "linked", False))
    with cutting, pytest.raises(TerminalState, match=r"last mile migration \S+ failed.*taken back: east is primary"):
        made.provider.demote(made.group, "east")
    assert made.roles() == ("primary", "secondary")
    assert not made.schedule("east", FROM_EAST)["spec"]["suspend"]
    assert made.actions("west") == []


def test_p3_no_switch_is_asked_for_while_nothing_arrives(made: World) -> None:
    made.data.linked = False
    made.wait(130)
    with pytest.raises(Timeout, match="wait until the newest migration"):
        made.provider.demote(made.group, "east")
    assert (made.actions("west"), made.roles()) == ([], ("primary", "secondary"))


def test_p3_a_switch_that_was_not_activated_is_taken_back(made: World) -> None:
    made.apis["west"].forgets = True
    with pytest.raises(TerminalState, match="but its schedule's copy was not activated"):
        made.provider.demote(made.group, "east")
    assert made.roles() == ("primary", "secondary")


def test_p3_a_switch_is_taken_back_by_a_switch(made: World) -> None:
    made.data.write("east", "last words")
    made.provider.demote(made.group, "east")
    take_back(made.provider, made.group, "east", "west", forced=False)
    assert (made.roles(), made.data.read("east")) == (("primary", "secondary"), ["last words"])


def test_an_operator_that_is_down_is_told_and_nothing_happens_later(made: World) -> None:
    made.apis["west"].stopped = True
    with pytest.raises(Timeout, match=r"Stork has not looked at it.*taken back: east is primary"):
        made.provider.demote(made.group, "east")
    made.apis["west"].stopped = False
    made.wait()
    assert (made.actions("west"), made.roles()) == ([], ("primary", "secondary"))


def test_p1_an_operator_that_dies_within_a_switch_leaves_no_primary_until_it_is_back(made: World) -> None:
    """It could still activate the target."""
    made.time.at(made.time.seconds + 1.6, lambda: setattr(made.apis["west"], "stopped", True))
    with pytest.raises(Timeout, match="nothing starts at either site until the same command has run"):
        made.provider.demote(made.group, "east")
    assert made.roles() == ("unknown", "secondary")
    made.apis["west"].stopped = False
    switch(made, "east", "west")


@pytest.mark.parametrize("moment", ["ask", "await_success"])
def test_p5_a_switch_that_was_killed_is_completed(made: World, moment: str) -> None:
    made.data.write("east", "before the kill")
    with patch.object(portworx_switch, moment, side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        made.provider.demote(made.group, "east")
    made.wait(20)
    made.provider.demote(made.group, "east")
    assert made.provider.final_sync(made.group, "east", "west").holds
    assert made.provider.promote(made.group, "west", forced=False) is True
    assert (made.roles(), made.data.read("west")) == (("secondary", "primary"), ["before the kill"])


def test_p5_a_switch_that_was_killed_can_be_given_back(made: World) -> None:
    with patch.object(portworx_switch, "ask", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        made.provider.demote(made.group, "east")
    assert made.roles() == ("unknown", "secondary")
    assert made.provider.promote(made.group, "east", forced=False) is True
    assert made.roles() == ("primary", "secondary")


def test_p5_a_reversal_that_was_killed_is_completed(made: World) -> None:
    made.provider.demote(made.group, "east")
    made.data.paired = False
    with pytest.raises(Timeout, match="its copy of payroll-from-west"):
        made.provider.promote(made.group, "west", forced=False)
    assert made.roles() == ("secondary", "primary")
    made.data.paired = True
    assert made.provider.promote(made.group, "west", forced=False) is True
    assert made.roles() == ("secondary", "primary")


def test_p1_a_forced_switch_loses_what_had_not_arrived_and_a_resync_ends_it(made: World) -> None:
    made.data.write("east", "arrived")
    made.wait()
    made.data.write("east", "too late")
    made.forced()
    assert made.provider.promote(made.group, "west", forced=True) is False
    assert made.roles() == ("primary", "primary")
    assert made.provider.demote(made.group, "east") is False
    assert made.provider.resync(made.group, "east") is True
    assert made.provider.resync(made.group, "east") is False
    assert (made.roles(), made.data.read("east")) == (("secondary", "primary"), ["arrived"])
    switch(made, "west", "east")
    assert made.roles() == ("primary", "secondary")


def test_p1_what_was_failed_over_to_is_not_overwritten_by_the_source_that_returns(made: World) -> None:
    made.wait()
    made.forced()
    made.data.write("east", "stale")
    made.data.write("west", "new")
    made.wait(200)
    assert made.data.read("west") == ["new"]
    assert made.schedule("east", FROM_EAST)["spec"]["suspend"] is True


def test_p1_a_healthy_primary_is_never_resynchronised(made: World) -> None:
    with pytest.raises(Refused, match="promote west first"):
        made.provider.resync(made.group, "east")
    assert made.apis["west"].writes == made.apis["east"].writes == []


def test_p4_a_resync_that_cannot_converge_ends_with_the_last_state(made: World) -> None:
    made.forced()
    made.data.linked = False
    with pytest.raises(Timeout) as error:
        made.provider.resync(made.group, "east")
    assert error.value.seen
    made.data.linked = True
    made.provider.resync(made.group, "east")
    assert made.roles() == ("secondary", "primary")


def test_p4_a_forced_promotion_asks_only_the_survivor(made: World) -> None:
    made.forced()
    (action,) = made.actions("west")
    assert action["spec"]["actionParameter"]["failoverParameter"]["skipSourceOperations"] is True
    assert made.apis["east"].writes == []


def test_p4_a_planned_switch_that_waits_for_the_lost_source_stands_in_no_ones_way(made: World) -> None:
    made.apis["east"].stopped = True
    with patch.object(portworx_switch, "undo", side_effect=NotFound("lost")), pytest.raises(Timeout):
        made.provider.demote(made.group, "east")
    made.forced()
    assert made.roles()[1] == "primary"


def test_p5_a_forced_promotion_that_was_killed_is_joined(made: World) -> None:
    made.apis["west"].stopped = True
    target = "ansible_collections.ocpvirt.dr.plugins.module_utils._providers.portworx_forced.await_success"
    with patch(target, side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        made.provider.promote(made.group, "west", forced=True)
    made.apis["west"].stopped = False
    made.wait(0.1)
    assert made.provider.promote(made.group, "west", forced=True) is True
    assert len(made.actions("west")) == 1


def test_a_forced_promotion_that_nobody_takes_up_is_withdrawn(made: World) -> None:
    made.apis["west"].stopped = True
    with pytest.raises(Timeout, match="the Action was withdrawn"):
        made.provider.promote(made.group, "west", forced=True)
    made.apis["west"].stopped = False
    made.wait()
    assert (made.actions("west"), made.roles()) == ([], ("primary", "secondary"))


def test_p1_a_promotion_without_the_word_of_the_peer_is_refused_and_changes_nothing(made: World) -> None:
    made.apis["east"].reachable = False
    with pytest.raises(Refused, match="no answer"):
        made.provider.promote(made.group, "west", forced=False)
    assert made.apis["west"].writes == []


def test_a_server_that_restarts_or_is_overloaded_is_waited_for(made: World) -> None:
    def fail() -> None:
        made.apis["west"].failures = [500, 429, 503]

    made.time.at(made.time.seconds + 1.0, fail)
    switch(made, "east", "west")


def test_p1_a_relationship_that_was_deleted_switches_nothing(made: World) -> None:
    made.apis["east"].objects.pop((SCHEDULE, "payroll", FROM_EAST))
    assert made.roles() == ("unknown", "secondary")
    with pytest.raises(DrError, match="no MigrationSchedule of the group"):
        made.provider.demote(made.group, "east")
    made.apis["west"].objects.pop((SCHEDULE, "payroll", FROM_EAST))
    with pytest.raises(NotFound, match="run protect"):
        made.provider.promote(made.group, "west", forced=True)


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


def test_p1_two_primaries_are_named_and_refused(made: World) -> None:
    made.forced()
    for site in ("east", "west"):
        with pytest.raises(Refused, match="if both are primary, reprotect") as error:
            made.provider.promote(made.group, site, forced=False)
        assert "payroll-from-east failed over to" in (error.value.seen or "")


def test_two_secondaries_are_refused_and_the_same_command_makes_the_source_primary_again(made: World) -> None:
    """Somebody has deactivated what was failed over to."""
    made.provider.demote(made.group, "east")
    made.schedule("west", FROM_EAST)["status"]["applicationActivated"] = False
    assert made.roles() == ("secondary", "secondary")
    with pytest.raises(Refused, match="a peer that a planned switch has given up"):
        made.provider.promote(made.group, "west", forced=False)
    with pytest.raises(Refused, match="prove the final sync"):
        made.provider.final_sync(made.group, "east", "west")
    with pytest.raises(TerminalState, match="east is primary"):
        made.provider.demote(made.group, "east")
    switch(made, "east", "west")


def test_an_action_at_the_wrong_side_is_refused_by_stork_and_told(made: World) -> None:
    made.schedule("west", FROM_EAST)["metadata"]["annotations"] = {}
    with pytest.raises(TerminalState, match=r"is not created by Stork.*the Action was withdrawn"):
        made.provider.promote(made.group, "west", forced=True)
    assert made.actions("west") == []


def test_p3_a_proof_needs_the_action_that_it_is_of(made: World) -> None:
    made.provider.demote(made.group, "east")
    for key in [key for key in made.apis["west"].objects if key[0] == "Action"]:
        del made.apis["west"].objects[key]
    with pytest.raises(Refused, match="no Action of it"):
        made.provider.final_sync(made.group, "east", "west")


def test_a_forced_promotion_of_a_source_that_a_switch_has_left_in_the_middle_goes_on_there(made: World) -> None:
    with patch.object(portworx_switch, "ask", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        made.provider.demote(made.group, "east")
    made.apis["west"].reachable = False
    assert made.provider.promote(made.group, "east", forced=True) is True
    assert made.provider.observe(made.group, "east").role == "primary"
