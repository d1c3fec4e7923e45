# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A switch by hitachi that fails on its way: it is taken back, or completed by the same command."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import DrError, Refused, TerminalState, Timeout
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.replication.taking_back import take_back
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.hitachi.double import Rejected
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.hitachi.world import (
    PAIRED,
    World,
    killed_when,
    paired_world,
    world,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.killing import Killed
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.planned_switch import switch


@pytest.fixture(params=PAIRED)
def made(request: pytest.FixtureRequest) -> World:
    return paired_world(request.param)


def test_p3_a_switch_is_taken_back_by_a_switch(made: World) -> None:
    made.provider.demote(made.group, "east")
    made.wait()
    take_back(made.provider, made.group, "east", "west", forced=False)
    assert (made.roles(), made.arrays.writable()) == (("primary", "secondary"), {"east"})


def licence_expired(_name: str) -> None:
    raise Rejected("the licence has expired")


def test_p3_a_failed_switch_leaves_the_source_primary_and_its_copy_following(made: World) -> None:
    """Of a copy that is still split off nobody knows who may write: the source's VMs would not be started again."""
    made.arrays.does["failover"] = licence_expired
    with pytest.raises((Timeout, TerminalState), match="the licence has expired") as raised:
        made.provider.demote(made.group, "east")
    assert "the switch was taken back: east is primary" in (raised.value.next_step or "")
    assert (made.roles(), made.arrays.writable()) == (("primary", "secondary"), {"east"})
    made.arrays.does.clear()
    made.arrays.write("east", "after the failure")
    switch(made, "east", "west")
    assert made.arrays.held("west") == {("after the failure",)}


def test_p3_a_switch_that_fails_after_it_was_killed_leaves_the_source_primary_too(made: World) -> None:
    made.apis["west"].words.discard("failover")
    killed_when(made, "west", "failover")
    with pytest.raises(Killed):
        made.provider.demote(made.group, "east")
    with pytest.raises(Timeout, match="the switch was taken back: east is primary"):
        made.provider.demote(made.group, "east")
    assert (made.roles(), made.arrays.writable()) == (("primary", "secondary"), {"east"})
    assert made.desired("west") <= {"pair", ""}


def test_p1_a_failed_switch_is_not_taken_back_while_its_takeover_may_still_happen(made: World) -> None:
    made.later(10, lambda: setattr(made.apis["west"], "takes", 1e9))
    with pytest.raises(Timeout, match="nothing starts at either site until the same command has run"):
        made.provider.demote(made.group, "east")
    assert (made.desired("east"), made.desired("west")) == ({"split"}, {"failover"})


def test_p1_a_target_that_is_lost_within_a_switch_leaves_no_primary_until_it_answers(made: World) -> None:
    """Once its takeover was asked for."""
    west = made.apis["west"]
    made.arrays.write("east", "last words")
    patch = west.patch

    def last(*arguments: Any) -> Any:
        found = patch(*arguments)
        if (arguments[-1].get("spec") or {}).get("desiredPairState") == "failover":
            west.patch = patch  # type: ignore[method-assign]
            west.reachable, west.stopped = False, True
        return found

    west.patch = last  # type: ignore[method-assign]
    with pytest.raises(DrError, match="nothing starts at either site until the same command has run"):
        made.provider.demote(made.group, "east")
    assert made.roles() == ("unknown", "unknown")
    west.reachable, west.stopped = True, False
    switch(made, "east", "west")
    assert (made.roles(), made.arrays.held("west")) == (("secondary", "primary"), {("last words",)})


def test_p5_a_killed_switch_can_be_taken_back() -> None:
    made = world(volumes=1)
    killed_when(made, "west", "failover")
    with pytest.raises(Killed):
        made.provider.demote(made.group, "east")
    made.wait()
    take_back(made.provider, made.group, "east", "west", forced=False)
    assert (made.roles(), made.arrays.writable()) == (("primary", "secondary"), {"east"})


def test_p5_a_switch_of_some_pairs_is_not_taken_back_but_completed() -> None:
    made = world()
    killed_when(made, "west", "failover")
    with pytest.raises(Killed):
        made.provider.demote(made.group, "east")
    made.arrays.does["failover"] = lambda name: partly(made, name)
    made.wait(40)
    if made.provider.observe(made.group, "west").role == "unknown":
        with pytest.raises(Refused, match="a switch was cut, and is completed by that"):
            take_back(made.provider, made.group, "east", "west", forced=False)
    switch(made, "east", "west")
    assert (made.roles(), made.arrays.writable()) == (("secondary", "primary"), {"west"})


def test_p3_a_split_that_was_not_seen_yet_is_taken_back_with_its_switch(made: World) -> None:
    """It would be done beside VMs that run again."""
    killed_when(made, "east", "split")
    with pytest.raises(Killed):
        made.provider.demote(made.group, "east")
    take_back(made.provider, made.group, "east", "west", forced=False)
    made.wait(60)
    assert made.roles() == ("primary", "secondary")


def test_a_group_that_is_partly_switched_is_named_and_completed() -> None:
    made = world(volumes=3)
    made.arrays.does["failover"] = lambda name: partly(made, name)
    with pytest.raises((Timeout, TerminalState), match=r"disk-2.*the port is down"):
        made.provider.demote(made.group, "east")
    made.wait()
    assert "partly switched" in made.provider.observe(made.group, "west").message
    made.arrays.does.clear()
    switch(made, "east", "west")
    assert (made.roles(), made.arrays.writable()) == (("secondary", "primary"), {"west"})


def partly(made: World, name: str) -> None:
    if name == "disk-2":
        raise Rejected("the port is down")
    made.arrays._failover("west", made.arrays.pairs[name])
