# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Ramen would not move is said before VMs are stopped for it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import DR_PLACEMENT_CONTROL, RAMEN_VOLUME_GROUP
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict, DrError, Refused
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.movable import (
    BOTH,
    Ask,
    fail_over,
    move,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.ramen.api import tell
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.ramen.world import (
    World,
    add_claim,
    world,
)


@pytest.fixture
def made() -> World:
    return world()


def refused(made: World, ask: Ask, words: str, kind: type[DrError] = Refused) -> None:
    began = made.time.seconds
    with pytest.raises(kind, match=words):
        ask(made)
    assert made.time.seconds == began
    assert made.hub.orders() == []


def set_placement(made: World, **spec: Any) -> None:
    item = made.ramen.placement()
    item["spec"] |= spec
    made.hub.keep(DR_PLACEMENT_CONTROL, item)


@BOTH
def test_what_is_protected_may_be_moved_and_is_not_touched_by_the_question(made: World, ask: Ask) -> None:
    ask(made)
    assert made.hub.patches == []


@BOTH
def test_p4_without_its_hub_nothing_is_stopped_for_what_cannot_move(made: World, ask: Ask) -> None:
    made.hub.reachable = False
    refused(made, ask, "recover the hub")


def test_p4_a_failover_asks_nothing_of_the_lost_site(made: World) -> None:
    made.lose("east")
    fail_over(made)


def test_p5_what_was_failed_over_needs_no_hub_any_more(made: World) -> None:
    made.forced()
    made.hub.reachable = False
    fail_over(made)


@BOTH
def test_a_test_failover_of_ramen_is_said_while_everything_runs(made: World, ask: Ask) -> None:
    set_placement(made, dryRun=True)
    refused(made, ask, "dryRun is set")


@BOTH
def test_p8_what_another_plan_moves_is_said_while_everything_runs(made: World, ask: Ask) -> None:
    item = made.ramen.placement()
    item["metadata"]["labels"] = {"dr.ocpvirt.io/replicates-plan": "theirs"}
    made.hub.keep(DR_PLACEMENT_CONTROL, item)
    refused(made, ask, "it belongs to plan theirs", Conflict)


def test_an_action_that_has_not_ended_is_said_while_everything_runs(made: World) -> None:
    item = made.ramen.placement()
    tell(item, "PeerReady", False, "Started", "cleaning up")
    made.hub.keep(DR_PLACEMENT_CONTROL, item)
    refused(made, move, "wanted: an action that has ended", Conflict)


def test_p3_cluster_data_that_is_not_protected_is_said_while_everything_runs(made: World) -> None:
    item = made.ramen.group("east")
    tell(item, "ClusterDataProtected", False, "UploadError", "no store")
    made.apis["east"].keep(RAMEN_VOLUME_GROUP, item)
    refused(made, move, "ClusterDataProtected False")


def test_p1_a_claim_that_ramen_does_not_protect_is_said_while_everything_runs(made: World) -> None:
    add_claim(made.apis["east"], "new")
    refused(made, move, "does not protect payroll/new")
