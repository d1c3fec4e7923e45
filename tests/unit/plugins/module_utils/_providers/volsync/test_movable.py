# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What volsync says of a move or a failover before anything is stopped for it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import PVC
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import DrError, NotFound
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.volsync.double import DESTINATION, SOURCE
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.volsync.world import (
    World,
    add_claim,
    enabled,
    world,
)


def check(made: World, source: str = "east", target: str = "west") -> None:
    made.fresh().check_movable([made.group], source, target)


def no_claims() -> World:
    return enabled(world(at=("east",)))


def one_claim_less() -> World:
    made = enabled(world())
    del made.apis["west"].objects[PVC.kind, "payroll", "disk-1"]
    return made


def a_claim_that_is_new() -> World:
    made = enabled(world())
    for api in made.apis.values():
        add_claim(api, "disk-2")
    return made


def a_paused_source() -> World:
    made = enabled(world())
    made.provider.pause(made.group, "east")
    return made


def a_paused_destination() -> World:
    made = enabled(world())
    made.provider.pause(made.group, "west")
    return made


def no_destination() -> World:
    made = enabled(world())
    del made.apis["west"].objects[DESTINATION, "payroll", "disk-1"]
    return made


def another_address() -> World:
    made = enabled(world())
    made.item("east", SOURCE)["spec"]["rsyncTLS"]["address"] = "198.51.100.9"
    return made


def a_stranger() -> World:
    made = enabled(world())
    made.item("west", DESTINATION)["metadata"]["labels"] = {}
    return made


@pytest.mark.parametrize(
    ("prepared", "said"),
    [
        (no_claims, "at site west.*2 of its 2 claims are not here: payroll/disk-0, payroll/disk-1.*prestage does"),
        (one_claim_less, "at site west.*1 of its 2 claims are not here: payroll/disk-1"),
        (a_claim_that_is_new, "payroll/disk-2.*run protect"),
        (a_paused_source, "at site east.*payroll/disk-0: paused.*nothing was stopped: resume it"),
        (a_paused_destination, "at site west.*payroll/disk-0: role secondary paused.*Destination that takes in"),
        (no_destination, "at site west.*disk-1: role unknown it has no ReplicationSource"),
        (another_address, "at site east.*it sends to 198[.]51[.]100[.]9, not to west-disk-0.*protect tells it"),
        (a_stranger, "belongs to somebody else.*it was not touched"),
    ],
)
def test_p3_a_move_whose_final_sync_cannot_be_proven_is_refused_and_nothing_is_written(
    prepared: Callable[[], World], said: str
) -> None:
    made = prepared()
    for api in made.apis.values():
        api.writes.clear()
    with pytest.raises(DrError, match=said):
        check(made)
    assert (made.writes("east"), made.writes("west")) == ([], [])


def test_moves_there_and_back_are_let_pass() -> None:
    made = enabled(world())
    check(made)
    made.provider.demote(made.group, "east")
    made.provider.final_sync(made.group, "east", "west")
    made.provider.promote(made.group, "west", forced=False)
    check(made, "west", "east")


def test_a_move_that_was_taken_back_may_be_tried_again() -> None:
    made = enabled(world())
    made.provider.demote(made.group, "east")
    made.provider.final_sync(made.group, "east", "west")
    made.provider.promote(made.group, "east", forced=False)
    check(made)


def forced(made: World) -> None:
    made.fresh().promote(made.group, "west", forced=True)


def asked(made: World) -> None:
    made.fresh().check_forceable([made.group], "west")


# what would be refused with all VMs off is said before, and by the promotion itself
SAID = pytest.mark.parametrize("verb", [asked, forced])


def test_p4_a_failover_is_let_pass_and_asks_nothing_of_the_lost_site() -> None:
    made = enabled(world())
    made.apis["east"].reachable = False
    asked(made)
    assert made.writes("west") == []


def test_p5_a_failover_that_was_done_may_be_asked_again() -> None:
    made = enabled(world())
    forced(made)
    asked(made)


@SAID
def test_p1_a_claim_that_nothing_was_ever_sent_to_is_no_copy(verb: Callable[[World], None]) -> None:
    """It is as empty as it was made: its VM would start with a blank disk."""
    made = enabled(world())
    add_claim(made.apis["west"], "disk-2")
    with pytest.raises(NotFound, match=r"payroll/disk-2.*no ReplicationSource and no ReplicationDestination"):
        verb(made)
    assert made.writes("west") == []


@SAID
def test_a_failover_without_claims_is_refused(verb: Callable[[World], None]) -> None:
    made = no_claims()
    with pytest.raises(DrError, match="none of its claims is here"):
        verb(made)


@SAID
def test_p8_a_failover_asks_whose_the_objects_are(verb: Callable[[World], None]) -> None:
    made = a_stranger()
    with pytest.raises(DrError, match=r"belongs to somebody else.*it was not touched"):
        verb(made)
    assert made.writes("west") == []
