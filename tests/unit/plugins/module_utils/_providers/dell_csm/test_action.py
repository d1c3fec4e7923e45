# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an action of Dell's sidecar shows, and what of it is to be believed."""

from __future__ import annotations

from functools import partial

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import DELL_REPLICATION_GROUP
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import (
    Conflict,
    DrError,
    Failed,
    NotFound,
    TerminalState,
    Timeout,
    Unsupported,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.api_faults import (
    RESTARTING,
    refuse_patches,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.dell_csm.double import Final, Internal
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.dell_csm.world import RG, World, world
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi


@pytest.fixture
def made() -> World:
    return world()


def demote(made: World) -> bool:
    return made.provider.demote(made.group, "east")


def asked_by_hand(made: World, action: str, site: str = "east") -> None:
    made.apis[site].patch(DELL_REPLICATION_GROUP, RG, None, {"spec": {"action": action}})


def test_an_unsupported_action_is_reset_without_a_word_and_refused(made: World) -> None:
    made.apis["east"].supported.discard("FAILOVER_REMOTE")
    with pytest.raises(Unsupported, match=r"reset it without doing anything.*Warning events"):
        demote(made)
    assert made.roles() == ("primary", "secondary")


def test_an_older_success_of_the_same_action_is_none_of_this_one(made: World) -> None:
    told = {"condition": "Action FAILOVER_REMOTE succeeded", "time": "2026-03-01T11:00:00Z"}
    made.set("east", lastAction=told, conditions=[told])
    made.apis["east"].supported.discard("FAILOVER_REMOTE")
    with pytest.raises(Unsupported):
        demote(made)


def test_p3_an_error_of_an_action_that_the_array_has_done_is_no_failure(made: World) -> None:
    """dell/csm#1445: the driver's answer got lost, and its next attempt found nothing left to do."""

    def done_and_told_as_failed() -> None:
        made.arrays.does.clear()
        made.arrays.execute("east", "FAILOVER_REMOTE")
        raise Final("policy is not enabled")

    made.arrays.does["FAILOVER_REMOTE"] = done_and_told_as_failed
    assert demote(made) is True
    assert made.rg("east")["status"]["state"] == "Error"
    proof = made.provider.final_sync(made.group, "east", "west")
    assert proof.holds
    assert "FAILOVER_REMOTE reported an error" in proof.compared


def test_a_final_error_ends_the_wait_once_the_array_was_looked_at(made: World) -> None:
    def fail() -> None:
        raise Final("the volume group was deleted")

    made.arrays.does["FAILOVER_REMOTE"] = fail
    began = made.time.seconds
    with pytest.raises(TerminalState, match=r"the array does not show it done either.*the volume group was deleted"):
        demote(made)
    assert made.time.seconds - began < 130
    seen = made.provider.observe(made.group, "east")
    assert (seen.role, seen.health) == ("primary", "degraded")
    assert "the volume group was deleted" in seen.message


def test_an_action_that_is_tried_for_an_hour_ends_at_our_deadline_with_its_message(made: World) -> None:
    def fail() -> None:
        raise Internal("the session is paused")

    made.arrays.does["FAILOVER_REMOTE"] = fail
    with pytest.raises(
        Timeout, match=r"FAILOVER_REMOTE_IN_PROGRESS.*the session is paused.*may still succeed"
    ) as raised:
        demote(made)
    assert raised.value.waited == pytest.approx(300, abs=5)


def test_p1_what_a_dead_sidecar_has_not_taken_up_is_withdrawn(made: World) -> None:
    """It would be done when the sidecar comes back, long after the run has given everything back."""
    made.apis["east"].stopped = True
    with pytest.raises(Timeout, match="nobody took it up, and it was withdrawn"):
        demote(made)
    made.apis["east"].stopped = False
    made.apis["east"].wake(RG)
    assert (made.roles(), made.arrays.done) == (("primary", "secondary"), [])


def test_another_action_under_way_is_not_disturbed(made: World) -> None:
    asked_by_hand(made, "SYNC")
    with pytest.raises(Conflict, match="SYNC is asked for or under way"):
        demote(made)
    assert made.apis["east"].asked() == ["SYNC"]


def test_an_action_that_somebody_else_puts_in_the_place_of_ours_ends_the_wait(made: World) -> None:
    made.apis["east"].stopped = True
    made.time.at(made.time.seconds + 2, partial(asked_by_hand, made, "SUSPEND"))
    with pytest.raises(Conflict, match="somebody else asked for SUSPEND"):
        demote(made)


def test_an_object_that_changes_under_our_write_is_looked_at_again(made: World) -> None:
    refuse_patches(made.apis["east"], 3)
    assert demote(made) is True
    assert made.apis["east"].asked() == ["FAILOVER_REMOTE"]


@pytest.mark.parametrize("error", RESTARTING)
def test_p5_an_api_server_that_restarts_under_the_wait_is_waited_for(made: World, error: DrError) -> None:
    made.time.at(made.time.seconds + 1, lambda: made.apis["east"].errors.extend([error] * 5))
    assert demote(made) is True


def test_a_refusal_by_the_api_server_ends_the_wait(made: World) -> None:
    error = Failed("GET", site="east", seen="forbidden", status=403)
    made.time.at(made.time.seconds + 1, lambda: made.apis["east"].errors.append(error))
    with pytest.raises(Failed, match="forbidden"):
        demote(made)


def test_a_relationship_that_is_deleted_under_the_wait_ends_it(made: World) -> None:
    made.time.at(made.time.seconds + 1, lambda: MemoryApi.delete(made.apis["east"], DELL_REPLICATION_GROUP, RG))
    with pytest.raises(NotFound, match="the relationship was deleted"):
        demote(made)
