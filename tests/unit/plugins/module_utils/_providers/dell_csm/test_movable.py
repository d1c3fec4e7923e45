# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Dell's product could not do in a switch is said before VMs are stopped for it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import DELL_REPLICATION_GROUP
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict, Refused
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.dell_csm.world import (
    RG,
    World,
    add_volume,
    world,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.movable import (
    BOTH,
    Ask,
    fail_over,
    move,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi


@pytest.fixture
def made() -> World:
    return world()


def change(made: World, site: str, body: dict[str, Any]) -> None:
    MemoryApi.patch(made.apis[site], DELL_REPLICATION_GROUP, RG, None, body)


@BOTH
def test_what_replicates_may_be_switched_and_is_not_touched_by_the_question(made: World, ask: Ask) -> None:
    ask(made)
    assert [write for api in made.apis.values() for write in api.writes] == []


@BOTH
def test_claims_that_the_target_does_not_have_yet_are_no_obstacle(ask: Ask) -> None:
    ask(world(at=("east",)))


def test_a_transfer_that_goes_on_is_waited_for_by_the_switch_and_no_obstacle(made: World) -> None:
    made.arrays.syncing = True
    made.wait()
    move(made)


def test_p4_a_failover_without_claims_at_the_target_does_not_need_the_lost_site() -> None:
    """The run brings the claims; until then nothing leads to the group."""
    made = world(at=("east",))
    made.apis["east"].reachable = False
    fail_over(made)


def test_p3_a_link_that_stands_still_is_said_while_everything_runs(made: World) -> None:
    made.arrays.suspended = True
    made.wait()
    with pytest.raises(Refused, match=r"link SUSPENDED.*run protect where the plan lives.*nothing was written"):
        move(made)
    fail_over(made)


@pytest.mark.parametrize("site", ["east", "west"])
def test_p8_a_group_of_another_plan_is_said_while_everything_runs(made: World, site: str) -> None:
    change(made, site, {"metadata": {"labels": {"dr.ocpvirt.io/replicates-plan": "theirs"}}})
    with pytest.raises(Conflict, match="it belongs to plan theirs"):
        move(made)


def test_p8_a_failover_asks_whose_the_group_is_before_anything_is_stopped(made: World) -> None:
    change(made, "west", {"metadata": {"labels": {"dr.ocpvirt.io/replicates-plan": "theirs"}}})
    with pytest.raises(Conflict, match="it belongs to plan theirs"):
        fail_over(made)


@BOTH
def test_p8_volumes_of_others_are_said_while_everything_runs(made: World, ask: Ask) -> None:
    add_volume(made.apis["west"], "theirs")
    with pytest.raises(Refused, match="also replicates pv-theirs"):
        ask(made)


@BOTH
def test_an_action_that_is_under_way_is_said_while_everything_runs(made: World, ask: Ask) -> None:
    made.set("west", state="SUSPEND_IN_PROGRESS")
    with pytest.raises(Conflict, match="SUSPEND is asked for or under way"):
        ask(made)


@BOTH
def test_p1_a_driver_of_which_nobody_knows_who_may_write_is_said_while_everything_runs(made: World, ask: Ask) -> None:
    """After the switch its role would be unknown for ever, and nothing could be started at either site."""
    for site in made.apis:
        change(made, site, {"spec": {"driverName": "csi-unity.dellemc.com"}})
    with pytest.raises(Refused, match=r"csi-unity\.dellemc\.com.*csi-powerstore\.dellemc\.com"):
        ask(made)
