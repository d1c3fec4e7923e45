# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planned and forced switches by dell_csm, and the ways back."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict, Refused, Timeout
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.replication.taking_back import take_back
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.dell_csm.double import (
    POWERFLEX,
    POWERMAX,
    POWERSTORE,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.dell_csm.world import World, world
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.planned_switch import switch


@pytest.fixture(params=[POWERSTORE, POWERMAX, POWERFLEX])
def made(request: pytest.FixtureRequest) -> World:
    found = world(driver=request.param)
    for api in found.apis.values():
        api.supported.add("SWAP_LOCAL")
    return found


def test_p3_a_planned_switch_loses_nothing_there_and_back(made: World) -> None:
    for source, target in (("east", "west"), ("west", "east")):
        made.arrays.write(source, f"last words of {source}")
        assert made.provider.demote(made.group, source) is True
        assert made.provider.demote(made.group, source) is False
        proof = made.provider.final_sync(made.group, source, target)
        assert (proof.holds, proof.volumes) == (True, 2)
        assert made.provider.observe(made.group, source).sync_proof
        assert made.provider.promote(made.group, target, forced=False) is True
        assert made.provider.promote(made.group, target, forced=False) is False
        assert made.arrays.writable == {target}
        assert made.arrays.data[target][-1] == f"last words of {source}"
    assert made.roles() == ("primary", "secondary")


def test_each_action_is_asked_for_at_its_side(made: World) -> None:
    switch(made, "east", "west")
    assert (made.apis["east"].asked(), made.apis["west"].asked()) == (["FAILOVER_REMOTE"], ["REPROTECT_LOCAL"])


def test_p3_a_planned_promotion_is_refused_before_the_source_is_demoted(made: World) -> None:
    with pytest.raises(Refused, match="demote it at east: that is the switch"):
        made.provider.promote(made.group, "west", forced=False)
    assert made.apis["west"].asked() == []


def test_p3_what_is_writable_proves_nothing(made: World) -> None:
    with pytest.raises(Refused, match="demote it first"):
        made.provider.final_sync(made.group, "east", "west")


def test_p3_no_switch_is_asked_for_over_a_link_that_stands_still(made: World) -> None:
    """PowerMax would make the target writable without what has not arrived."""
    made.arrays.suspended = True
    made.wait()
    with pytest.raises(Timeout, match=r"wait until group payroll is synchronized.*link SUSPENDED"):
        made.provider.demote(made.group, "east")
    assert (made.apis["east"].asked(), made.roles()) == ([], ("primary", "secondary"))


def test_a_switch_waits_for_a_transfer_to_end(made: World) -> None:
    made.arrays.syncing = True
    made.wait()
    made.time.at(made.time.seconds + 100, lambda: setattr(made.arrays, "syncing", False))
    assert made.provider.demote(made.group, "east") is True
    assert made.apis["east"].asked() == ["FAILOVER_REMOTE"]


def test_p3_a_switch_is_taken_back_by_a_switch(made: World) -> None:
    made.provider.demote(made.group, "east")
    made.wait()
    take_back(made.provider, made.group, "east", "west", forced=False)
    assert (made.roles(), made.arrays.writable) == (("primary", "secondary"), {"east"})


def test_p3_a_failed_switch_leaves_the_source_primary_and_says_so(made: World) -> None:
    made.arrays.linked = False
    with pytest.raises(Timeout, match="it is under way, is tried again for an hour, and may still succeed"):
        made.provider.demote(made.group, "east")
    assert made.arrays.writable == {"east"}
    # what is tried for an hour may succeed while VMs run: so they are not started meanwhile
    assert made.provider.observe(made.group, "east").role == "unknown"
    with pytest.raises(Conflict, match="FAILOVER_REMOTE is asked for or under way"):
        made.provider.promote(made.group, "east", forced=False)


def test_p5_a_rerun_joins_the_switch_that_is_under_way(made: World) -> None:
    made.arrays.linked = False
    with pytest.raises(Timeout):
        made.provider.demote(made.group, "east")
    made.arrays.linked = True
    switch(made, "east", "west")
    assert made.apis["east"].asked() == ["FAILOVER_REMOTE"]


def test_p5_a_rerun_joins_the_reprotection_that_is_under_way(made: World) -> None:
    made.provider.demote(made.group, "east")
    made.provider.final_sync(made.group, "east", "west")
    made.arrays.linked = False
    with pytest.raises(Timeout):
        made.provider.promote(made.group, "west", forced=False)
    made.arrays.linked = True
    assert made.provider.promote(made.group, "west", forced=False) is True
    assert (made.apis["west"].asked(), made.roles()) == (["REPROTECT_LOCAL"], ("secondary", "primary"))


def test_p5_a_switch_that_was_killed_before_it_was_seen_is_completed(made: World) -> None:
    made.provider.demote(made.group, "east")
    assert made.provider.demote(made.group, "east") is False
    # west's monitor has not looked yet
    assert made.provider.promote(made.group, "west", forced=False) is True
    assert made.roles() == ("secondary", "primary")


def test_p1_a_forced_switch_loses_what_had_not_arrived_and_a_resync_ends_it(made: World) -> None:
    made.arrays.write("east", "too late")
    made.arrays.data["west"] = ["arrived"]
    made.forced()
    assert made.provider.promote(made.group, "west", forced=True) is False
    assert made.roles() == ("primary", "primary")
    assert made.provider.demote(made.group, "east") is False
    assert made.provider.resync(made.group, "east") is True
    assert made.provider.resync(made.group, "east") is False
    assert made.roles() == ("secondary", "primary")
    assert (made.arrays.data["east"], made.apis["east"].asked()) == (["arrived"], [])
    switch(made, "west", "east")
    assert made.roles() == ("primary", "secondary")


def test_a_forced_switch_needs_no_answer_of_the_lost_site(made: World) -> None:
    made.apis["east"].reachable = False
    assert made.provider.promote(made.group, "west", forced=True) is True
    assert made.apis["west"].asked() == ["UNPLANNED_FAILOVER_LOCAL"]


def test_p4_a_target_without_claims_is_found_by_the_volumes_to_come() -> None:
    made = world(at=("east",))
    provider = made.provider
    volumes = provider.sites["east"].volumes(made.group)
    made.apis["east"].reachable = False
    assert made.provider.observe(made.group, "west").present is False
    provider.sites["west"].expect(volumes)
    assert provider.observe(made.group, "west").role == "secondary"
    assert provider.promote(made.group, "west", forced=True) is True


def test_p1_a_silent_peer_permits_no_planned_promotion(made: World) -> None:
    made.provider.demote(made.group, "east")
    made.apis["east"].reachable = False
    with pytest.raises(Refused, match="bring east back, or declare it lost"):
        made.provider.promote(made.group, "west", forced=False)
    assert made.apis["west"].asked() == []


def test_p1_a_healthy_primary_is_never_resynchronised(made: World) -> None:
    with pytest.raises(Refused, match="promote west first"):
        made.provider.resync(made.group, "east")
    assert made.roles() == ("primary", "secondary")


def test_p1_two_primaries_of_which_none_was_failed_over_to_are_named_and_refused(made: World) -> None:
    made.arrays.unaware = {"east", "west"}
    assert made.roles() == ("primary", "primary")
    with pytest.raises(Refused, match="at east role primary"):
        made.provider.resync(made.group, "west")
    with pytest.raises(Refused, match="if both are primary, reprotect"):
        made.provider.promote(made.group, "west", forced=False)


def test_p1_two_secondaries_are_refused_and_nothing_is_asked_for(made: World) -> None:
    for site in ("east", "west"):
        made.set(site, replicationLinkState={"state": "SUSPENDED", "isSource": False})
    with pytest.raises(Refused, match="role secondary; at east role secondary"):
        made.provider.promote(made.group, "west", forced=False)
    with pytest.raises(Refused, match="promote west first"):
        made.provider.resync(made.group, "east")
    assert made.provider.demote(made.group, "east") is False
    assert (made.apis["east"].asked(), made.apis["west"].asked()) == ([], [])


def test_the_wrong_side_is_not_asked_for_a_switch(made: World) -> None:
    assert made.provider.demote(made.group, "west") is False
    with pytest.raises(Refused, match="prove the final sync"):
        made.provider.final_sync(made.group, "west", "east")
    assert made.apis["west"].asked() == []


def test_p4_a_resync_that_cannot_converge_ends_with_the_last_state(made: World) -> None:
    made.forced()
    made.arrays.linked = False
    with pytest.raises(Timeout, match=r"_IN_PROGRESS.*failed with error"):
        made.provider.resync(made.group, "east")
    made.arrays.linked = True
    assert made.provider.resync(made.group, "east") is True
    assert made.roles() == ("secondary", "primary")


def test_p3_a_forced_failover_of_somebody_else_is_no_final_sync(made: World) -> None:
    """The source was given up by a planned switch once before, and its array says the same of both."""
    switch(made, "east", "west")
    switch(made, "west", "east")
    made.provider.promote(made.group, "west", forced=True)
    made.wait()
    with pytest.raises(Refused, match="at west: Action UNPLANNED_FAILOVER_LOCAL succeeded"):
        made.provider.final_sync(made.group, "east", "west")


def test_a_paused_link_is_resumed_once(made: World) -> None:
    assert made.provider.pause(made.group, "east") is True
    assert made.provider.pause(made.group, "east") is False
    assert made.roles() == ("primary", "secondary")
    assert made.provider.resume(made.group, "east") is True
    assert made.provider.resume(made.group, "east") is False
    assert made.provider.observe(made.group, "east").direction == "outgoing"
