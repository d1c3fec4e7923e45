# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Forced promotions by hitachi, and what both sites may be taken for after one."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict, NotFound, Refused
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.hitachi.world import (
    PAIRED,
    World,
    add_claim,
    killed_when,
    paired_world,
    world,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.killing import Killed
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.movable import fail_over
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.planned_switch import switch


@pytest.fixture(params=PAIRED)
def made(request: pytest.FixtureRequest) -> World:
    return paired_world(request.param)


def test_p1_a_forced_promotion_makes_both_sides_primary_and_a_resync_ends_it(made: World) -> None:
    made.arrays.write("east", "arrived")
    made.arrays.arrive()
    made.arrays.write("east", "too late")
    made.forced()
    assert made.provider.promote(made.group, "west", forced=True) is False
    assert made.roles() == ("primary", "primary")
    assert made.provider.observe(made.group, "east").health == "diverged"
    assert made.provider.demote(made.group, "east") is False
    assert made.provider.resync(made.group, "east") is True
    assert made.provider.resync(made.group, "east") is False
    assert (made.roles(), made.arrays.writable()) == (("secondary", "primary"), {"west"})
    assert made.arrays.held("east") == {("arrived",)}
    assert made.provider.observe(made.group, "east").sync_proof == ""
    switch(made, "west", "east")
    assert made.roles() == ("primary", "secondary")


def test_p1_two_primaries_are_named_and_neither_is_promoted_or_demoted(made: World) -> None:
    made.forced()
    for site in ("east", "west"):
        with pytest.raises(Refused, match=r"P-VOL, volumeStatus SSWS.*if both can be written, reprotect"):
            made.provider.promote(made.group, site, forced=False)
    assert made.provider.demote(made.group, "east") is False
    with pytest.raises(Refused, match="reprotect if both can be written"):
        made.provider.demote(made.group, "west")
    assert made.roles() == ("primary", "primary")


def test_p4_a_forced_promotion_needs_nothing_of_the_source(made: World) -> None:
    made.arrays.linked = False
    made.apis["east"].reachable = False
    assert made.provider.promote(made.group, "west", forced=True) is True
    assert made.provider.observe(made.group, "west").role == "primary"


def test_p4_an_operation_that_never_ends_does_not_stop_a_forced_promotion(made: World) -> None:
    """The dead array lets the copy's operator hang."""
    made.arrays.linked = False
    west, (kind, name) = made.apis["west"], made.asked_of("west")
    west._tell(kind, name, operation="pair", running=True)

    def given_up() -> None:
        west._tell(kind, name, running=False)
        west.wake(kind, name)

    made.later(20, given_up)
    assert made.provider.promote(made.group, "west", forced=True) is True
    assert west.asked()[0] == "failover"
    assert "west" in made.arrays.writable()


def test_p1_a_forced_promotion_that_was_killed_leaves_no_secondary_until_it_is_taken_back(made: World) -> None:
    """Its operator is down, and would take over beside a source that runs again."""
    made.apis["west"].stopped = True
    killed_when(made, "west", "failover")
    with pytest.raises(Killed):
        made.provider.promote(made.group, "west", forced=True)
    assert made.roles() == ("primary", "unknown")
    for _time in range(2):
        made.provider.promote(made.group, "east", forced=False)
    assert made.roles() == ("primary", "secondary")
    made.apis["west"].stopped = False
    made.apis["west"].wake(*made.asked_of("west"))
    made.wait()
    assert "failover west" not in made.arrays.done


def test_p3_a_failover_by_somebody_else_is_no_final_sync(made: World) -> None:
    """The pair was given up by planned switches before."""
    switch(made, "east", "west")
    switch(made, "west", "east")
    made.forced()
    with pytest.raises(Refused, match="demote it first"):
        made.provider.final_sync(made.group, "east", "west")
    made.provider.resync(made.group, "east")
    with pytest.raises(Refused, match="demote it first"):
        made.provider.final_sync(made.group, "east", "west")


def test_p4_a_failover_is_let_pass_and_asks_nothing_of_the_lost_site(made: World) -> None:
    made.apis["east"].reachable = False
    fail_over(made)
    assert made.apis["west"].asked() == []


def test_p5_a_failover_that_was_done_may_be_asked_again(made: World) -> None:
    made.forced()
    fail_over(made)


def test_p5_a_failover_with_nothing_left_to_do_is_not_refused_before_a_promotion_that_is_not(made: World) -> None:
    made.forced()
    made.change("west", "metadata", labels={"dr.ocpvirt.io/replicates-plan": "other"})
    assert made.provider.promote(made.group, "west", forced=True) is False
    fail_over(made)


def test_p8_what_belongs_to_another_plan_is_said_before_a_failover_stops_anything(made: World) -> None:
    made.change("west", "metadata", labels={"dr.ocpvirt.io/replicates-plan": "other"})
    with pytest.raises(Conflict, match="it belongs to plan other"):
        fail_over(made)


def test_a_claim_of_no_replication_is_said_before_a_failover_stops_anything() -> None:
    made = world()
    add_claim(made.apis["west"], "disk-9")
    with pytest.raises(NotFound, match=r"payroll/disk-9 has no Replication"):
        fail_over(made)


def test_of_claims_and_replications_that_the_run_brings_nothing_is_asked_before_a_failover() -> None:
    fail_over(world(volumes=0))
