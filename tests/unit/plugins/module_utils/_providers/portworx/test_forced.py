# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Failovers by portworx without the source, what is refused then, and the ways back."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import STORK_ACTION, Kind
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import (
    NotFound,
    Refused,
    TerminalState,
    Timeout,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.portworx import switch as portworx_switch
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.portworx.status import is_ended
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.portworx.double import EVERY
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.portworx.stork import reconcile
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.portworx.stork_site import (
    FINALIZER,
    SCHEDULE,
    migrations_of,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.portworx.world import (
    FROM_EAST,
    FROM_WEST,
    World,
    switch,
    world,
)


@pytest.fixture
def made() -> World:
    return world()


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
    (action,) = made.actions("west")
    assert action["spec"]["actionParameter"]["failoverParameter"]["skipSourceOperations"] is True
    assert made.roles()[1] == "primary"


def test_p5_a_forced_promotion_that_was_killed_is_joined(made: World) -> None:
    made.apis["west"].stopped = True
    target = "ansible_collections.ocpvirt.dr.plugins.module_utils._providers.portworx.forced.await_success"
    with patch(target, side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        made.provider.promote(made.group, "west", forced=True)
    made.apis["west"].stopped = False
    made.wait(0.1)
    assert made.provider.promote(made.group, "west", forced=True) is True
    assert len(made.actions("west")) == 1


def test_p5_a_forced_promotion_that_was_killed_while_it_was_withdrawn_is_begun_anew(made: World) -> None:
    """Stork was down, and lets go of the deleted Action when it is back."""
    west = made.apis["west"]
    target = "ansible_collections.ocpvirt.dr.plugins.module_utils._providers.portworx.forced.await_success"
    with patch(target, side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        made.provider.promote(made.group, "west", forced=True)
    (action,) = made.actions("west")
    action["metadata"] |= {"finalizers": [FINALIZER], "deletionTimestamp": west.now()}
    assert made.provider.promote(made.group, "west", forced=True) is True
    assert made.roles()[1] == "primary"


def test_a_forced_promotion_that_nobody_takes_up_is_withdrawn(made: World) -> None:
    made.apis["west"].stopped = True
    with pytest.raises(Timeout, match="the Action was withdrawn"):
        made.provider.promote(made.group, "west", forced=True)
    made.apis["west"].stopped = False
    made.wait()
    assert (made.actions("west"), made.roles()) == ([], ("primary", "secondary"))


def test_a_copy_that_is_activated_between_two_lists_was_activated(made: World) -> None:
    """Stork ends its Action after our list of the schedules, and before that of the Actions."""
    west, plain = made.apis["west"], made.apis["west"].list

    def listed(kind: Kind, *args: Any, **named: Any) -> Any:
        if kind == STORK_ACTION:
            for _look in range(4):
                reconcile(west)
        return plain(kind, *args, **named)

    west.list = listed  # type: ignore[method-assign]
    assert made.provider.promote(made.group, "west", forced=True) is True
    assert len(made.actions("west")) == 1


def test_p1_two_primaries_are_named_and_refused(made: World) -> None:
    made.forced()
    for site in ("east", "west"):
        with pytest.raises(Refused, match="if both are primary, reprotect") as error:
            made.provider.promote(made.group, site, forced=False)
        assert "payroll-from-east failed over to" in (error.value.seen or "")


def test_the_source_of_a_failover_can_keep_its_data_once_that_is_deactivated(made: World) -> None:
    made.forced()
    with pytest.raises(Refused, match="to keep what east holds: storkctl deactivate migrations at west"):
        made.provider.resync(made.group, "west")
    made.wait(5)
    made.schedule("west", FROM_EAST)["status"]["applicationActivated"] = False
    assert made.provider.resync(made.group, "west") is True
    assert made.roles() == ("primary", "secondary")


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


def test_a_forced_promotion_of_a_source_that_a_switch_has_left_in_the_middle_goes_on_there(made: World) -> None:
    with patch.object(portworx_switch, "ask", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        made.provider.demote(made.group, "east")
    made.apis["west"].reachable = False
    assert made.provider.promote(made.group, "east", forced=True) is True
    assert made.provider.observe(made.group, "east").role == "primary"


def test_p1_of_two_that_send_none_is_thrown_away(made: World) -> None:
    """Somebody has made a schedule of the other direction, and nobody was failed over to."""
    made.apis["west"].objects.pop((SCHEDULE, "payroll", FROM_EAST))
    made.schedule("east", FROM_EAST)["spec"]["autoSuspend"] = False
    other = made.schedule("east", FROM_EAST)
    made.apis["west"].make(
        SCHEDULE, "payroll", FROM_WEST, {**other, "metadata": {"labels": other["metadata"]["labels"]}}
    )
    assert made.roles() == ("primary", "primary")
    with pytest.raises(Refused, match="find out which side holds the data"):
        made.provider.resync(made.group, "east")


def test_a_copy_that_follows_does_so_while_the_next_migration_runs(made: World) -> None:
    made.forced()
    made.provider.resync(made.group, "east")
    made.time.sleep(EVERY - 0.5)
    while is_ended(migrations_of(made.apis["west"], FROM_WEST)[-1]):
        made.time.sleep(0.5)
    assert made.provider.resync(made.group, "east") is False
    assert made.provider.observe(made.group, "west").health == "healthy"
