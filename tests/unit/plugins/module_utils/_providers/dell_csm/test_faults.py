# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong on the way of a switch by dell_csm, and what is left of it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import DELL_REPLICATION_GROUP
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import (
    Conflict,
    Failed,
    NotFound,
    Refused,
    Timeout,
    Unreachable,
    Unsupported,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.replication.taking_back import take_back
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.dell_csm.objects import mark_patch
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.dell_csm.double import (
    POWERFLEX,
    POWERMAX,
    POWERSTORE,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.dell_csm.world import RG, World, world
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.killing import Killed, killed_after
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.planned_switch import switch_on
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi

# after the write: not taken up, under way, done, seen by both monitors
MOMENTS = [0.0, 1.0, 10.0, 120.0]
DRIVERS = [POWERSTORE, POWERFLEX, POWERMAX]


@pytest.fixture
def made() -> World:
    return world()


def of_driver(driver: str) -> World:
    found = world(driver=driver)
    for api in found.apis.values():
        api.supported.add("SWAP_LOCAL")
    return found


def asked(made: World) -> list[str]:
    return made.apis["east"].asked() + made.apis["west"].asked()


@pytest.mark.parametrize("seconds", MOMENTS)
@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("driver", DRIVERS)
def test_p5_a_switch_that_was_killed_after_any_of_its_writes_is_completed(
    driver: str, number: int, seconds: float
) -> None:
    made = of_driver(driver)
    made.arrays.write("east", "before the kill")
    with killed_after(made.apis.values(), number), pytest.raises(Killed):
        switch_on(made, "east", "west")
    made.wait(seconds)
    made.provider.demote(made.group, "east")
    made.provider.promote(made.group, "west", forced=False)
    assert (made.roles(), made.arrays.writable) == (("secondary", "primary"), {"west"})
    assert made.arrays.data["west"] == ["before the kill"]
    # by anything more, arrays are asked for what they have done, which some take for an error
    assert (made.apis["east"].asked(), made.apis["west"].asked()) == (["FAILOVER_REMOTE"], ["REPROTECT_LOCAL"])


@pytest.mark.parametrize("seconds", [10.0, 120.0])
@pytest.mark.parametrize("driver", DRIVERS)
def test_p5_a_switch_that_was_killed_once_it_was_asked_for_can_be_taken_back(driver: str, seconds: float) -> None:
    made = of_driver(driver)
    made.arrays.write("east", "before the kill")
    with killed_after(made.apis.values(), 0), pytest.raises(Killed):
        made.provider.demote(made.group, "east")
    made.wait(seconds)
    take_back(made.provider, made.group, "east", "west", forced=False)
    assert (made.roles(), made.arrays.writable) == (("primary", "secondary"), {"east"})
    assert made.arrays.data["east"] == ["before the kill"]


@pytest.mark.parametrize("seconds", MOMENTS)
@pytest.mark.parametrize("driver", DRIVERS)
def test_p5_a_forced_switch_that_was_killed_once_it_was_asked_for_is_completed(driver: str, seconds: float) -> None:
    made = of_driver(driver)
    made.apis["east"].reachable, made.arrays.linked = False, False
    with killed_after(made.apis.values(), 0), pytest.raises(Killed):
        made.provider.promote(made.group, "west", forced=True)
    made.wait(seconds)
    made.provider.promote(made.group, "west", forced=True)
    assert made.provider.observe(made.group, "west").role == "primary"
    assert made.apis["west"].asked() == ["UNPLANNED_FAILOVER_LOCAL"]


RESYNCS = [(POWERSTORE, 0), (POWERFLEX, 0), (POWERMAX, 0), (POWERMAX, 1)]


@pytest.mark.parametrize("seconds", MOMENTS)
@pytest.mark.parametrize(("driver", "number"), RESYNCS)
def test_p5_a_resync_that_was_killed_after_any_of_its_writes_is_completed(
    driver: str, number: int, seconds: float
) -> None:
    """Both sides are primary, by what the old source's monitor has seen last."""
    made = of_driver(driver)
    made.forced()
    with killed_after(made.apis.values(), number), pytest.raises(Killed):
        made.provider.resync(made.group, "east")
    made.wait(seconds)
    made.provider.resync(made.group, "east")
    assert (made.roles(), made.arrays.writable) == (("secondary", "primary"), {"west"})
    asked_before = ["SWAP_LOCAL"] if driver == POWERMAX else []
    assert made.apis["west"].asked()[1:] == [*asked_before, "REPROTECT_LOCAL"]


@pytest.mark.parametrize("seen", ["connection refused", "timed out"])
def test_p1_a_peer_that_refuses_or_drops_permits_nothing_but_force(made: World, seen: str) -> None:
    made.apis["east"].errors = [Unreachable("GET", site="east", seen=seen)] * 20
    for verb in (
        lambda: made.provider.promote(made.group, "west", forced=False),
        lambda: made.provider.resync(made.group, "west"),
    ):
        with pytest.raises((Refused, Unreachable), match=seen):
            verb()
    assert asked(made) == []
    assert made.provider.promote(made.group, "west", forced=True) is True


@pytest.mark.parametrize("status", [429, 500, 503])
def test_p5_a_burst_of_a_server_under_any_wait_of_a_switch_is_waited_for(made: World, status: int) -> None:
    for site in ("east", "west"):
        burst = [Failed("GET", site=site, seen="busy", status=status) for _number in range(6)]
        made.time.at(made.time.seconds + 2, lambda site=site, burst=burst: made.apis[site].errors.extend(burst))
        verb = made.provider.demote if site == "east" else made.provider.promote
        assert verb(made.group, site, *([False] if site == "west" else [])) is True
        assert made.apis[site].errors == []
    assert made.roles() == ("secondary", "primary")


def test_p1_a_reprotection_that_nobody_takes_up_is_withdrawn_and_asked_for_again(made: World) -> None:
    """Nothing replicates until then, and both sides say so."""
    made.provider.demote(made.group, "east")
    made.wait()
    made.apis["west"].stopped = True
    with pytest.raises(Timeout, match="nobody took it up, and it was withdrawn"):
        made.provider.promote(made.group, "west", forced=False)
    assert made.arrays.done == ["FAILOVER_REMOTE east"]
    assert [made.provider.observe(made.group, site).direction for site in ("east", "west")] == ["none", "none"]
    made.apis["west"].stopped = False
    assert made.provider.promote(made.group, "west", forced=False) is True
    assert made.roles() == ("secondary", "primary")


def test_p1_a_forced_switch_that_nobody_takes_up_is_withdrawn(made: World) -> None:
    """It must not make two primaries when the sidecar comes back, long after the run was given up."""
    made.apis["west"].stopped = True
    with pytest.raises(Timeout, match="nobody took it up, and it was withdrawn"):
        made.provider.promote(made.group, "west", forced=True)
    made.apis["west"].stopped = False
    made.apis["west"].wake(RG)
    assert (made.roles(), made.arrays.done) == (("primary", "secondary"), [])


@pytest.mark.parametrize("site", ["east", "west"])
def test_p1_a_relationship_that_was_deleted_at_either_site_is_switched_nowhere(made: World, site: str) -> None:
    MemoryApi.delete(made.apis[site], DELL_REPLICATION_GROUP, RG)
    for verb in (
        lambda: made.provider.enable(made.group, "east", "west"),
        lambda: made.provider.demote(made.group, "east"),
        lambda: made.provider.final_sync(made.group, "east", "west"),
        lambda: made.provider.promote(made.group, "west", forced=False),
        lambda: made.provider.resync(made.group, "east"),
    ):
        with pytest.raises(NotFound, match="the relationship was deleted"):
            verb()
    assert asked(made) == []


def test_a_version_of_the_definitions_that_is_not_served_is_named(made: World) -> None:
    """As v1alpha1 of CSM Replication before 1.7."""
    made.apis["west"].served = False
    with pytest.raises(Unsupported, match=r"replication.storage.dell.com/v1"):
        made.provider.promote(made.group, "west", forced=True)
    assert asked(made) == []


def test_p1_a_switch_of_somebody_else_at_the_other_side_is_not_overtaken(made: World) -> None:
    made.apis["west"].patch(DELL_REPLICATION_GROUP, RG, None, {"spec": {"action": "UNPLANNED_FAILOVER_LOCAL"}})
    with pytest.raises(Conflict, match="UNPLANNED_FAILOVER_LOCAL is asked for or under way"):
        made.provider.demote(made.group, "east")
    assert made.apis["east"].asked() == []


def of_another_plan(made: World) -> None:
    for api in made.apis.values():
        api.patch(DELL_REPLICATION_GROUP, RG, None, mark_patch("ledger", "books"))


def test_p8_no_switch_touches_the_group_of_another_plan(made: World) -> None:
    of_another_plan(made)
    for verb in (
        lambda: made.provider.demote(made.group, "east"),
        lambda: made.provider.promote(made.group, "west", forced=True),
        lambda: made.provider.pause(made.group, "east"),
    ):
        with pytest.raises(Conflict, match="it belongs to plan ledger"):
            verb()
    assert asked(made) == []


def test_p8_no_reprotection_touches_the_group_of_another_plan(made: World) -> None:
    made.forced()
    of_another_plan(made)
    with pytest.raises(Conflict, match="it belongs to plan ledger"):
        made.provider.resync(made.group, "east")
    assert asked(made) == ["UNPLANNED_FAILOVER_LOCAL"]


@pytest.mark.parametrize(
    ("site", "source"), [("east", False), ("west", True)], ids=["two secondaries", "two primaries"]
)
def test_p1_a_group_with_one_end_the_wrong_way_is_not_taken_for_a_plan(made: World, site: str, source: bool) -> None:
    made.set(site, replicationLinkState={"state": "SUSPENDED", "isSource": source})
    with pytest.raises(Refused, match="source at east, and not at west"):
        made.provider.enable(made.group, "east", "west")
    assert all(not api.patches for api in made.apis.values())


def test_p3_a_source_that_the_array_itself_made_primary_again_was_not_given_up(made: World) -> None:
    """As by its own administrator, of which Dell's history says nothing."""
    switch_on(made, "east", "west")
    made.set("east", replicationLinkState={"state": "SYNCHRONIZED", "isSource": True})
    assert made.provider.observe(made.group, "east").sync_proof == ""
    with pytest.raises(Refused, match="prove the final sync"):
        made.provider.final_sync(made.group, "east", "west")


def test_p1_a_copy_that_was_failed_over_to_after_a_resync_is_not_thrown_away(made: World) -> None:
    """The other side's monitor has not seen it, and still says that it sends."""
    made.forced()
    made.provider.resync(made.group, "east")
    made.wait()
    made.arrays.linked = False
    made.provider.promote(made.group, "east", forced=True)
    assert [made.provider.observe(made.group, site).role for site in ("east", "west")] == ["primary", "primary"]
    before = asked(made)
    with pytest.raises(Refused, match="at east role primary"):
        made.provider.resync(made.group, "east")
    assert asked(made) == before


def test_p3_a_move_that_has_switched_nothing_is_given_back_without_an_action(made: World) -> None:
    assert made.provider.has_switched(made.group, "east", "west") is False
    assert take_back(made.provider, made.group, "east", "west", forced=False) is False
    assert asked(made) == []


def test_a_link_that_was_failed_over_is_not_paused(made: World) -> None:
    made.provider.demote(made.group, "east")
    made.wait()
    for verb in (made.provider.pause, made.provider.resume):
        with pytest.raises(Refused, match="a link that replicates or is suspended"):
            verb(made.group, "west")
    assert asked(made) == ["FAILOVER_REMOTE"]


def test_a_paused_link_goes_on_by_a_resync(made: World) -> None:
    made.provider.pause(made.group, "east")
    made.wait()
    assert made.provider.resync(made.group, "west") is True
    assert made.provider.observe(made.group, "east").direction == "outgoing"
    assert made.apis["east"].asked() == ["SUSPEND", "RESUME"]


def test_an_object_that_changes_under_every_write_is_given_up(made: World) -> None:
    busy = [Conflict("PATCH", site="east", status=409)] * 50

    def patch(*_arguments: Any) -> Any:
        raise busy.pop()

    made.apis["east"].patch = patch  # type: ignore[method-assign]
    with pytest.raises(Conflict, match="PATCH"):
        made.provider.demote(made.group, "east")
    assert len(busy) == 45


def test_an_action_of_somebody_else_that_ended_after_ours_ends_the_wait(made: World) -> None:
    """What it has done to the link, only a person knows."""
    made.apis["east"].stopped = True

    def ended() -> None:
        told = {"condition": "Action SUSPEND succeeded", "time": made.apis["east"].now()}
        item = made.rg("east")
        item["spec"]["action"] = ""
        item["status"].update(lastAction=told, conditions=[told])
        made.apis["east"].keep(item)

    made.time.at(made.time.seconds + 2, ended)
    with pytest.raises(Conflict, match="somebody else's SUSPEND has ended after it"):
        made.provider.demote(made.group, "east")
