# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planned and forced switches by ramen, and the ways back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import (
    DR_PLACEMENT_CONTROL,
    PVC,
    RAMEN_VOLUME_GROUP,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict, Refused, Timeout, Unreachable
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.replication.taking_back import take_back
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ramen.placement import is_settled
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.ramen.world import World, world

Verb = Callable[[World], bool]
VERBS: tuple[Verb, ...] = (
    lambda made: made.provider.demote(made.group, "east"),
    lambda made: made.provider.promote(made.group, "west", forced=True),
)


@pytest.fixture
def made() -> World:
    return world()


def switch(made: World, source: str, target: str) -> None:
    assert made.provider.demote(made.group, source) is True
    assert made.provider.final_sync(made.group, source, target).holds
    made.provider.promote(made.group, target, forced=False)


def test_p3_a_planned_switch_loses_nothing_there_and_back(made: World) -> None:
    for source, target in (("east", "west"), ("west", "east")):
        made.ramen.write(f"last words of {source}")
        assert made.provider.demote(made.group, source) is True
        assert made.provider.demote(made.group, source) is False
        proof = made.provider.final_sync(made.group, source, target)
        assert (proof.holds, proof.volumes) == (True, 2)
        assert made.provider.observe(made.group, source).sync_proof
        assert made.provider.promote(made.group, target, forced=False) is False
        assert made.ramen.data[target][-1] == f"last words of {source}"
    assert made.roles() == ("primary", "secondary")
    assert made.hub.orders() == [("Relocate", "dr2"), ("Relocate", "dr1")]


def test_nothing_is_written_at_the_sites(made: World) -> None:
    switch(made, "east", "west")
    assert made.apis["east"].patches == made.apis["west"].patches == []


def test_p3_a_planned_promotion_is_refused_before_the_source_is_demoted(made: World) -> None:
    with pytest.raises(Refused, match="demote it at east: that is the relocation"):
        made.provider.promote(made.group, "west", forced=False)
    assert made.hub.orders() == []


def test_p3_what_is_writable_proves_nothing(made: World) -> None:
    with pytest.raises(Refused, match="demote it first"):
        made.provider.final_sync(made.group, "east", "west")


def test_p5_a_source_that_follows_its_new_primary_already_was_given_up_before(made: World) -> None:
    """Ramen takes DataProtected back then, for ever: of a copy with a live primary."""
    made.ramen.restarted, made.ramen.restores = True, False
    made.time.at(made.time.seconds + 60, lambda: setattr(made.ramen, "restores", True))
    made.ramen.write("last words")
    assert made.provider.demote(made.group, "east") is True
    assert made.provider.demote(made.group, "east") is False
    proof = made.provider.final_sync(made.group, "east", "west")
    assert proof.holds
    assert "DataProtected False" in proof.source
    assert "Relocate to dr2, phase Relocated" in proof.source
    assert made.ramen.data["west"] == ["last words"]


@pytest.mark.parametrize("order", [{"action": "Failover", "failoverCluster": "dr2"}, {"preferredCluster": "dr1"}])
def test_p3_what_follows_proves_nothing_where_the_hub_says_of_no_relocation(made: World, order: dict[str, str]) -> None:
    made.ramen.restarted = True
    made.provider.demote(made.group, "east")
    made.wait()
    made.ramen.stopped = True
    item = made.ramen.placement()
    item["spec"] |= order
    made.hub.keep(DR_PLACEMENT_CONTROL, item)
    with pytest.raises(Refused, match="DataProtected False"):
        made.provider.final_sync(made.group, "east", "west")


def test_p3_a_failover_proves_nothing(made: World) -> None:
    made.forced()
    made.ramen.reached.add("east")
    made.ramen.unused.add("east")
    made.wait(20)
    assert made.roles() == ("secondary", "primary")
    assert made.provider.observe(made.group, "east").sync_proof == ""
    with pytest.raises(Refused, match="by Failover"):
        made.provider.final_sync(made.group, "east", "west")


def test_p3_a_source_without_proof_is_promoted_again(made: World) -> None:
    made.provider.demote(made.group, "east")
    take_back(made.provider, made.group, "east", "west", forced=False)
    assert made.roles() == ("primary", "secondary")


def test_p3_a_relocation_that_waits_for_a_cleanup_says_for_which_and_is_taken_back(made: World) -> None:
    made.ramen.by_hand = True
    with pytest.raises(Timeout) as late:
        made.provider.demote(made.group, "east")
    assert "WaitOnUserToCleanUp" in str(late.value)
    # the playbook gives the application back after this error: what is deleted then is deleted under a primary
    assert "while the hub shows that word, and never after the run was rolled back" in str(late.value.next_step)
    made.ramen.cleaned.add("east")
    take_back(made.provider, made.group, "east", "west", forced=False)
    assert made.roles() == ("primary", "secondary")


@pytest.mark.parametrize("where", ["hub", "east"])
def test_p1_a_cluster_that_is_silent_for_a_moment_does_not_make_a_taking_back_a_failover(
    made: World, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """Whoever takes a move back forces it where storages do not reach each other."""
    made.ramen.by_hand = True
    with pytest.raises(Timeout):
        made.provider.demote(made.group, "east")
    api = made.hub if where == "hub" else made.apis["east"]
    asked = getattr(api, verb := "patch" if where == "hub" else "list")
    silent = [Unreachable("PATCH", site=where, seen="timed out")]

    def answer(*args: Any, **named: Any) -> Any:
        if silent:
            raise silent.pop()
        return asked(*args, **named)

    monkeypatch.setattr(api, verb, answer)
    with pytest.raises(Refused, match="no answer"):
        take_back(made.provider, made.group, "east", "west", forced=False)
    assert made.hub.orders() == [("Relocate", "dr2")]


def test_p8_a_relocation_is_not_taken_back_under_claims_that_are_being_deleted(made: World) -> None:
    """Ramen would take their deletion for the end of the protection."""
    made.ramen.by_hand = True
    with pytest.raises(Timeout):
        made.provider.demote(made.group, "east")
    made.apis["east"].objects[PVC.kind, "payroll", "disk-0"]["metadata"]["deletionTimestamp"] = "2026-03-01T12:00:00Z"
    with pytest.raises(Refused, match="being deleted: payroll/disk-0"):
        made.provider.promote(made.group, "east", forced=False)
    assert made.hub.orders() == [("Relocate", "dr2")]


def test_p1_a_target_that_is_primary_already_is_not_left_by_promoting_the_source(made: World) -> None:
    made.ramen.restores = False
    with pytest.raises(Timeout, match="WaitForReadiness"):
        made.provider.demote(made.group, "east")
    assert made.roles() == ("secondary", "primary")
    with pytest.raises(Refused, match="a peer that a relocation has given up"):
        made.provider.promote(made.group, "east", forced=False)
    assert made.hub.orders() == [("Relocate", "dr2")]


def test_p3_a_target_is_taken_up_when_the_relocation_has_ended(made: World) -> None:
    made.ramen.restores = False
    with pytest.raises(Timeout, match="WaitForReadiness"):
        made.provider.demote(made.group, "east")
    made.time.at(made.time.seconds + 60, lambda: setattr(made.ramen, "restores", True))
    assert made.provider.promote(made.group, "west", forced=False) is True
    assert is_settled(made.ramen.placement())
    assert made.hub.orders() == [("Relocate", "dr2")]


def test_p3_a_target_that_a_failover_made_primary_after_the_relocation_is_no_proof(made: World) -> None:
    made.provider.demote(made.group, "east")
    item = made.ramen.group("west")
    item["spec"]["action"] = "Failover"
    made.apis["west"].keep(RAMEN_VOLUME_GROUP, item)
    assert made.provider.final_sync(made.group, "east", "west").holds is False


def test_a_cleanup_by_hand_lets_it_go_on(made: World) -> None:
    made.ramen.by_hand = True
    made.time.at(made.time.seconds + 60, lambda: made.ramen.cleaned.add("east"))
    assert made.provider.demote(made.group, "east") is True
    assert made.roles() == ("secondary", "primary")


def test_p5_a_switch_that_was_killed_is_joined(made: World) -> None:
    made.ramen.by_hand = True
    with pytest.raises(Timeout):
        made.provider.demote(made.group, "east")
    made.ramen.cleaned.add("east")
    switch(made, "east", "west")
    assert made.hub.orders() == [("Relocate", "dr2")]


def test_p4_a_relocation_whose_way_is_cut_goes_on_once_it_is_mended(made: World) -> None:
    made.ramen.write("unproven")
    made.ramen.linked = False
    with pytest.raises(Timeout, match="DataProtected False"):
        made.provider.demote(made.group, "east")
    assert made.provider.observe(made.group, "west").role == "secondary"
    made.ramen.linked = True
    switch(made, "east", "west")
    assert made.ramen.data["west"] == ["unproven"]


@pytest.mark.parametrize("out_of_reach", [True, False])
def test_p3_an_order_that_nobody_took_up_is_withdrawn(made: World, out_of_reach: bool) -> None:
    """Of a cluster that its hub does not reach, Ramen says nothing; else its operator is down."""
    made.ramen.reached -= {"west"} if out_of_reach else set()
    made.ramen.stopped = not out_of_reach
    with pytest.raises(Timeout, match="nothing has moved, and the order was withdrawn"):
        made.provider.demote(made.group, "east")
    assert made.provider.promote(made.group, "east", forced=False) is False
    made.ramen.reached.add("west")
    made.ramen.stopped = False
    made.wait(60)
    assert made.roles() == ("primary", "secondary")
    assert made.provider.observe(made.group, "east").health == "healthy"


def test_p5_after_an_order_that_was_withdrawn_the_same_command_orders_anew(made: World) -> None:
    made.ramen.reached.discard("west")
    with pytest.raises(Timeout, match="the order was withdrawn"):
        made.provider.demote(made.group, "east")
    made.time.at(made.time.seconds + 20, lambda: made.ramen.reached.add("west"))
    switch(made, "east", "west")
    assert made.hub.orders() == [("Relocate", "dr2"), ("Relocate", "dr1"), ("Relocate", "dr2")]


def test_p3_a_relocation_that_has_begun_and_moved_nothing_is_withdrawn(made: World) -> None:
    """The source is primary all the time, so nobody would take it back later."""
    made.ramen.prepared = False
    with pytest.raises(Timeout, match=r"PreparingFinalSync.* the order was withdrawn"):
        made.provider.demote(made.group, "east")
    made.ramen.prepared = True
    made.wait(60)
    assert made.roles() == ("primary", "secondary")
    assert made.hub.orders() == [("Relocate", "dr2"), ("Relocate", "dr1")]


def test_p10_a_withdrawal_that_does_not_end_is_said(made: World) -> None:
    made.ramen.prepared = False
    made.time.at(made.time.seconds + 290, lambda: setattr(made.ramen, "stopped", True))
    began = made.time.seconds
    with pytest.raises(Timeout, match="Relocate to dr1 was ordered in its place, and has not ended"):
        made.provider.demote(made.group, "east")
    # the deadline had passed already
    assert made.time.seconds < began + 300 + 70


def test_p10_an_order_that_cannot_be_withdrawn_is_named(made: World) -> None:
    made.ramen.stopped = True
    made.time.at(made.time.seconds + 290, lambda: setattr(made.hub, "reachable", False))
    with pytest.raises(Timeout, match=r"could not be withdrawn .* order Relocate to dr1 by hand"):
        made.provider.demote(made.group, "east")


def test_p1_an_action_of_somebody_else_is_not_overtaken(made: World) -> None:
    item = made.ramen.placement()
    item["status"]["progression"] = "Cleaning Up"
    made.hub.keep(DR_PLACEMENT_CONTROL, item)
    with pytest.raises(Conflict, match="wanted: an action that has ended"):
        made.provider.demote(made.group, "east")
    assert made.hub.orders() == []


def test_p4_a_failover_needs_nothing_of_the_lost_site(made: World) -> None:
    made.ramen.write("arrived")
    made.lose("east")
    began = made.time.seconds
    assert made.provider.promote(made.group, "west", forced=True) is True
    assert made.provider.promote(made.group, "west", forced=True) is False
    assert made.time.seconds - began < 30
    assert made.hub.orders() == [("Failover", "dr2")]


def test_failed_over_is_not_finished_before_all_is_restored(made: World) -> None:
    made.ramen.restores = False
    made.lose("east")
    with pytest.raises(Timeout, match="phase FailedOver, progression WaitForReadiness") as late:
        made.provider.promote(made.group, "west", forced=True)
    assert "ClusterDataReady False" in str(late.value)
    made.ramen.restores = True
    assert made.provider.promote(made.group, "west", forced=True) is True
    assert made.provider.promote(made.group, "west", forced=True) is False
    assert made.hub.orders() == [("Failover", "dr2")]


def test_p1_after_a_failover_only_the_resync_gives_the_old_source_up(made: World) -> None:
    made.ramen.write("arrived")
    made.forced()
    assert made.roles() == ("primary", "primary")
    assert made.provider.demote(made.group, "east") is False
    with pytest.raises(Timeout, match="progression Cleaning Up"):
        made.provider.resync(made.group, "east")
    made.ramen.reached.add("east")
    made.ramen.unused.add("east")
    assert made.provider.resync(made.group, "east") is True
    assert made.provider.resync(made.group, "east") is False
    assert made.roles() == ("secondary", "primary")
    switch(made, "west", "east")
    assert made.ramen.data["east"] == ["arrived"]


def test_p1_a_healthy_primary_is_never_resynchronised(made: World) -> None:
    with pytest.raises(Refused, match="primary at west"):
        made.provider.resync(made.group, "east")


def ask(made: World, site: str, state: str) -> None:
    """As somebody does by hand."""
    made.ramen.stopped = True
    made.ramen._ask(site, state, "")
    made.wait()


def test_p1_two_primaries_that_no_failover_made_are_left_to_a_person(made: World) -> None:
    ask(made, "west", "primary")
    assert made.roles() == ("primary", "primary")
    for verb in (
        lambda: made.provider.resync(made.group, "east"),
        lambda: made.provider.promote(made.group, "east", forced=False),
        lambda: made.provider.enable(made.group, "east", "west"),
    ):
        with pytest.raises(Refused, match=r"nothing was (ordered|written)|reprotect"):
            verb()
    assert made.hub.orders() == []


def test_p1_two_secondaries_are_left_to_a_person(made: World) -> None:
    ask(made, "east", "secondary")
    made.ramen.cleaned.add("east")
    made.wait()
    assert made.roles() == ("secondary", "secondary")
    for site in ("east", "west"):
        with pytest.raises(Refused, match="a peer that a relocation has given up"):
            made.provider.promote(made.group, site, forced=False)
    assert made.hub.orders() == []


def test_p1_without_the_word_of_the_peer_nothing_is_ordered(made: World) -> None:
    made.apis["east"].reachable = False
    with pytest.raises(Refused, match="no answer"):
        made.provider.promote(made.group, "west", forced=False)
    made.apis["east"].reachable, made.apis["west"].reachable = True, False
    with pytest.raises(Refused, match="bring west back"):
        made.provider.demote(made.group, "east")
    assert made.hub.orders() == []


@pytest.mark.parametrize("verb", VERBS)
def test_without_its_hub_nothing_moves_and_the_way_is_named(made: World, verb: Verb) -> None:
    made.hub.reachable = False
    with pytest.raises(Refused, match="recover the hub") as refusal:
        verb(made)
    assert "are not to be changed by hand" in str(refusal.value.next_step)
    assert made.apis["west"].patches == []


def test_p5_what_was_failed_over_needs_no_hub_any_more(made: World) -> None:
    made.forced()
    made.hub.reachable = False
    assert made.provider.promote(made.group, "west", forced=True) is False


@pytest.mark.parametrize("verb", VERBS)
def test_a_test_failover_of_ramen_does_not_become_the_data(made: World, verb: Verb) -> None:
    item = made.ramen.placement()
    item["spec"]["dryRun"] = True
    made.hub.keep(DR_PLACEMENT_CONTROL, item)
    with pytest.raises(Refused, match="dryRun is set"):
        verb(made)
    assert made.hub.orders() == []


def test_p10_a_failover_during_a_test_failover_to_the_same_cluster_is_refused_at_once(made: World) -> None:
    """Ramen's test is the very same order, with dryRun."""
    item = made.ramen.placement()
    item["spec"] |= {"action": "Failover", "failoverCluster": "dr2", "dryRun": True}
    made.hub.keep(DR_PLACEMENT_CONTROL, item)
    made.ramen.stopped = True
    began = made.time.seconds
    with pytest.raises(Refused, match="dryRun is set"):
        made.provider.promote(made.group, "west", forced=True)
    assert made.time.seconds == began
