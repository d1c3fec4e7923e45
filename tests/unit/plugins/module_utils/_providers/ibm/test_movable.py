# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What IBM's driver would not take in a switch is said before VMs are stopped for it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict, Refused
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.ibm.world import (
    TOLD,
    IbmWorld,
    enabled,
    failed_over,
    world,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.movable import (
    BOTH,
    Ask,
    fail_over,
    move,
)


@pytest.fixture(params=("mirror", "policy"))
def replicating(request: pytest.FixtureRequest) -> IbmWorld:
    return enabled(world(request.param))


def objects(made: IbmWorld, site: str) -> list[dict[str, Any]]:
    return [item for key, item in made.apis[site].objects.items() if key[0] == "VolumeReplication"]


@BOTH
def test_what_replicates_may_be_switched_and_is_not_touched_by_the_question(replicating: IbmWorld, ask: Ask) -> None:
    ask(replicating)
    assert (replicating.written("east"), replicating.written("west")) == ([], [])


@pytest.mark.parametrize("site", ["east", "west"])
def test_p3_a_wrong_class_at_either_site_is_said_while_everything_runs(site: str) -> None:
    made = enabled(world("mirror"))
    made.set_class(site, copy_type="async")
    with pytest.raises(Refused, match=r"copy_type .* at east, and .* at west"):
        move(made)
    fail_over(made)


def test_a_class_that_the_driver_refuses_is_said_before_a_failover_stops_anything() -> None:
    made = enabled(world("mirror"))
    made.set_class("west", copy_type="metro")
    with pytest.raises(Refused, match="copy_type metro"):
        fail_over(made)


@pytest.mark.parametrize("site", ["east", "west"])
def test_p3_an_object_that_names_another_copy_is_said_while_everything_runs(site: str) -> None:
    made = enabled(world("mirror"))
    objects(made, site)[0]["spec"]["replicationHandle"] = "SVC:1;OTHER"
    with pytest.raises(Refused, match="SVC:1;OTHER, and the copy at the other site is"):
        move(made)


def test_p3_a_driver_whose_demotion_by_a_policy_does_nothing_is_said_while_everything_runs() -> None:
    made = enabled(world("policy"))
    for item in objects(made, "east"):
        item["status"].pop("lastSyncTime", None)
    with pytest.raises(Refused, match="they demote nothing"):
        move(made)


@BOTH
def test_p8_objects_of_another_plan_are_said_while_everything_runs(replicating: IbmWorld, ask: Ask) -> None:
    objects(replicating, "west")[0]["metadata"]["labels"] = {"dr.ocpvirt.io/replicates-plan": "theirs"}
    with pytest.raises(Conflict, match="it belongs to plan theirs"):
        ask(replicating)


def test_a_copy_that_nothing_names_is_said_before_a_failover_stops_anything() -> None:
    made = world("mirror", peer_handle=TOLD)
    made.apis["east"].reachable = False
    with pytest.raises(Refused, match="nothing names the copy at the other site"):
        fail_over(made)


def test_p4_a_failover_asks_nothing_of_the_lost_site(replicating: IbmWorld) -> None:
    replicating.apis["east"].reachable = False
    fail_over(replicating)


def test_p5_what_was_failed_over_needs_no_class_any_more(replicating: IbmWorld) -> None:
    made = failed_over(replicating)
    del made.apis["west"].objects["VolumeReplicationClass", None, "flash"]
    fail_over(made)
