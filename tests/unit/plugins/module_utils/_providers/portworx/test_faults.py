# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong on the way of a planned switch by portworx, and what is left of it."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import (
    Conflict,
    DrError,
    NotFound,
    Refused,
    TerminalState,
    Timeout,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.replication.taking_back import take_back
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.portworx import switch as portworx_switch
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.api_faults import refuse_patches
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.killing import Killed, killed_after
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.portworx.stork_site import SCHEDULE
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.portworx.world import (
    FROM_EAST,
    World,
    switch,
    world,
)


@pytest.fixture
def made() -> World:
    return world()


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


def test_p1_a_target_that_is_lost_within_a_switch_leaves_no_primary_until_it_answers(made: World) -> None:
    def lose() -> None:
        made.apis["west"].reachable, made.apis["west"].stopped = False, True

    made.data.write("east", "last words")
    made.time.at(made.time.seconds + 1.6, lose)
    with pytest.raises(Timeout, match="nothing starts at either site until the same command has run"):
        made.provider.demote(made.group, "east")
    assert made.roles() == ("unknown", "unknown")
    made.apis["west"].reachable, made.apis["west"].stopped = True, False
    switch(made, "east", "west")
    assert (made.roles(), made.data.read("west")) == (("secondary", "primary"), ["last words"])


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


@pytest.mark.parametrize("seconds", [0.5, 30])
@pytest.mark.parametrize("number", range(6))
def test_p5_a_switch_that_was_killed_after_any_of_its_writes_is_completed(
    made: World, number: int, seconds: float
) -> None:
    made.data.write("east", "before the kill")
    with killed_after(made.apis.values(), number), pytest.raises(Killed):
        switch(made, "east", "west")
    made.wait(seconds)
    if made.roles()[0] != "secondary":
        made.provider.demote(made.group, "east")
    made.provider.promote(made.group, "west", forced=False)
    assert (made.roles(), made.data.read("west")) == (("secondary", "primary"), ["before the kill"])


def killed_after_asking(made: World) -> None:
    """The Action is there, the source has no word of its uid, and Stork goes on to the end."""
    west = made.apis["west"]
    create = west.create

    def deadly(*arguments: Any) -> Any:
        create(*arguments)
        raise KeyboardInterrupt

    west.create = deadly  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        made.provider.demote(made.group, "east")
    west.create = create  # type: ignore[method-assign]
    made.wait(30)
    assert made.roles() == ("unknown", "primary")


def test_p5_a_switch_that_was_killed_as_soon_as_it_was_asked_for_is_completed(made: World) -> None:
    made.data.write("east", "before the kill")
    killed_after_asking(made)
    switch(made, "east", "west")
    assert (made.roles(), made.data.read("west")) == (("secondary", "primary"), ["before the kill"])


def test_p5_a_switch_that_was_killed_as_soon_as_it_was_asked_for_can_be_taken_back(made: World) -> None:
    killed_after_asking(made)
    take_back(made.provider, made.group, "east", "west", forced=False)
    assert made.roles() == ("primary", "secondary")


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


def test_a_server_that_restarts_or_is_overloaded_is_waited_for(made: World) -> None:
    def fail() -> None:
        made.apis["west"].failures = [500, 429, 503]

    made.time.at(made.time.seconds + 1.0, fail)
    switch(made, "east", "west")


def test_a_schedule_that_changes_under_our_write_is_looked_at_again(made: World) -> None:
    refuse_patches(made.apis["east"], 3)
    switch(made, "east", "west")


def test_a_schedule_that_changes_under_each_write_is_told_and_nothing_is_asked_for(made: World) -> None:
    refuse_patches(made.apis["east"], 100)
    with pytest.raises(Conflict, match="has been modified"):
        made.provider.demote(made.group, "east")
    assert (made.actions("west"), made.roles()) == ([], ("primary", "secondary"))


def test_p1_a_relationship_that_was_deleted_switches_nothing(made: World) -> None:
    made.apis["east"].objects.pop((SCHEDULE, "payroll", FROM_EAST))
    assert made.roles() == ("unknown", "secondary")
    with pytest.raises(DrError, match="no MigrationSchedule of the group"):
        made.provider.demote(made.group, "east")
    made.apis["west"].objects.pop((SCHEDULE, "payroll", FROM_EAST))
    with pytest.raises(NotFound, match="run protect"):
        made.provider.promote(made.group, "west", forced=True)


def test_a_last_migration_that_never_ends_is_ended_with_its_switch(made: World) -> None:
    stopping = patch.object(portworx_switch, "await_whole", lambda _side: setattr(made.apis["east"], "stopped", True))
    with stopping, pytest.raises(Timeout, match=r"stage LastMileMigration.*taken back: east is primary"):
        made.provider.demote(made.group, "east")
    assert made.last_miles("east") == []


def test_p5_a_switch_that_failed_after_it_was_killed_is_begun_anew(made: World) -> None:
    with (
        patch.object(portworx_switch, "await_success", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        made.provider.demote(made.group, "east")
    made.data.linked = False
    made.wait(20)
    made.data.linked = True
    switch(made, "east", "west")


def test_p3_the_last_migration_of_an_earlier_switch_proves_nothing(made: World) -> None:
    made.apis["west"].forgets = True
    with pytest.raises(TerminalState):
        made.provider.demote(made.group, "east")
    assert len(made.last_miles("east")) == 1
    made.apis["west"].forgets = made.data.paired = False
    with pytest.raises(TerminalState, match="it has made no last migration"):
        made.provider.demote(made.group, "east")
    assert made.roles() == ("primary", "secondary")


def test_p3_a_source_without_its_claims_proves_nothing(made: World) -> None:
    made.provider.demote(made.group, "east")
    for key in [key for key in made.apis["east"].objects if key[0] == "PersistentVolumeClaim"]:
        del made.apis["east"].objects[key]
    assert made.roles() == ("unknown", "primary")


def test_p1_a_switch_that_skipped_its_source_unseen_is_left_to_a_person(made: World) -> None:
    made.data.paired = False
    with (
        patch.object(portworx_switch, "await_success", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        made.provider.demote(made.group, "east")
    made.wait(20)
    made.data.paired = True
    assert made.roles() == ("unknown", "primary")
    assert made.provider.demote(made.group, "east") is False
    for site in ("east", "west"):
        with pytest.raises(Refused):
            made.provider.promote(made.group, site, forced=False)
    made.schedule("west", FROM_EAST)["status"]["applicationActivated"] = False
    with pytest.raises(TerminalState, match="east is primary"):
        made.provider.demote(made.group, "east")
    switch(made, "east", "west")
