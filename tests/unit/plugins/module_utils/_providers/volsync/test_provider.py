# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Switches by volsync: planned there and back, forced, refused, killed and taken up again."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import REPLICATION_DESTINATION
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import DrError, Refused, TerminalState, Timeout
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.volsync.guard import against_promotion
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.volsync.link import take_over
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.volsync.double import DESTINATION, SOURCE
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.volsync.world import (
    World,
    enabled,
    roles,
    world,
)


@pytest.fixture
def replicating() -> World:
    return enabled(world())


def switch(made: World, source: str, target: str) -> None:
    made.provider.demote(made.group, source)
    assert made.provider.final_sync(made.group, source, target).holds
    assert made.provider.promote(made.group, target, forced=False)


def test_p3_a_planned_move_and_back_loses_nothing(replicating: World) -> None:
    made = replicating
    made.data.write("east", "disk-1", "first")
    for source, target in (("east", "west"), ("west", "east")):
        made.data.write(source, "disk-1", f"last words of {source}")
        assert made.provider.demote(made.group, source) is True
        assert made.provider.demote(made.group, source) is False
        proof = made.provider.final_sync(made.group, source, target)
        assert (proof.holds, proof.volumes) == (True, 2)
        assert made.provider.observe(made.group, source).sync_proof
        assert made.provider.promote(made.group, target, forced=False) is True
        assert made.provider.promote(made.group, target, forced=False) is False
        assert made.data.read(target, "disk-1")[-1] == f"last words of {source}"
        made.wait()
        seen = [made.provider.observe(made.group, site) for site in (target, source)]
        assert [(item.role, item.health, item.direction) for item in seen] == [
            ("primary", "healthy", "outgoing"),
            ("secondary", "healthy", "incoming"),
        ]
        assert made.provider.resync(made.group, source) is False


def test_p3_a_sync_that_began_before_the_demotion_is_no_proof() -> None:
    """VolSync writes the new trigger as done when a sync ends that had begun before it was set."""
    made = enabled(world(volumes=1))
    made.apis["east"].slow = 20.0
    while "lastSyncStartTime" not in made.item("east", SOURCE)["status"]:
        made.wait(0.5)
    made.data.write("east", "disk-0", "written after the copy was made")
    made.provider.demote(made.group, "east")
    assert made.provider.final_sync(made.group, "east", "west").holds
    assert made.data.read("west", "disk-0") == ["written after the copy was made"]


def test_p3_the_demotions_own_trigger_is_confirmed_by_the_older_sync() -> None:
    """Why `final_sync` asks twice: the trap is there."""
    made = enabled(world(volumes=1))
    made.apis["east"].slow = 20.0
    while "lastSyncStartTime" not in made.item("east", SOURCE)["status"]:
        made.wait(0.5)
    made.data.write("east", "disk-0", "written after the copy was made")
    made.provider.demote(made.group, "east")
    made.wait(25)
    item = made.item("east", SOURCE)
    assert item["spec"]["trigger"]["manual"] == item["status"]["lastManualSync"]
    assert made.data.read("west", "disk-0") == []
    seen = made.provider.observe(made.group, "east")
    assert (seen.role, seen.sync_proof) == ("secondary", "")


def test_p3_a_proof_is_refused_before_the_demotion(replicating: World) -> None:
    with pytest.raises(Refused, match=r"what follows its schedule proves nothing.*demote it first"):
        replicating.provider.final_sync(replicating.group, "east", "west")
    assert replicating.writes("east") == []


def test_p3_a_way_that_is_cut_is_no_proof_and_joined_again_it_is(replicating: World) -> None:
    made = replicating
    made.data.write("east", "disk-0", "unproven")
    made.data.linked = False
    made.provider.demote(made.group, "east")
    with pytest.raises(Timeout, match=r"the mover failed: connection refused.*waited 300 s"):
        made.provider.final_sync(made.group, "east", "west")
    assert made.provider.observe(made.group, "east").sync_proof == ""
    with pytest.raises(Refused, match="its final sync is not proven"):
        made.provider.promote(made.group, "west", forced=False)
    made.data.linked = True
    switch(made, "east", "west")
    assert made.data.read("west", "disk-0") == ["unproven"]


def test_p3_a_demotion_is_taken_back_without_a_proof(replicating: World) -> None:
    replicating.provider.demote(replicating.group, "east")
    assert roles(replicating) == ("secondary", "secondary")
    assert replicating.provider.promote(replicating.group, "east", forced=False) is True
    assert roles(replicating) == ("primary", "secondary")
    replicating.data.write("east", "disk-0", "afterwards")
    replicating.wait()
    assert replicating.data.read("west", "disk-0") == ["afterwards"]


def test_p3_a_final_sync_is_taken_back_and_replication_goes_on(replicating: World) -> None:
    replicating.provider.demote(replicating.group, "east")
    replicating.provider.final_sync(replicating.group, "east", "west")
    replicating.provider.promote(replicating.group, "east", forced=False)
    replicating.data.write("east", "disk-0", "afterwards")
    replicating.wait()
    assert replicating.data.read("west", "disk-0") == ["afterwards"]


def test_p1_a_primary_peer_is_never_taken_over(replicating: World) -> None:
    with pytest.raises(Refused, match="at east it is not demoted"):
        replicating.provider.promote(replicating.group, "west", forced=False)
    assert (replicating.writes("east"), replicating.writes("west")) == ([], [])


def test_p1_a_silent_peer_permits_nothing(replicating: World) -> None:
    replicating.apis["east"].reachable = False
    with pytest.raises(Refused, match=r"no answer.*nothing was written.*declare it lost"):
        replicating.fresh().promote(replicating.group, "west", forced=False)
    assert replicating.writes("west") == []


def test_p1_a_peer_without_objects_shows_nothing() -> None:
    made = world()
    with pytest.raises(Refused, match="nothing shows that it was demoted"):
        made.provider.promote(made.group, "west", forced=False)
    assert made.writes("west") == []


def test_p1_no_copy_is_promoted_while_a_mover_still_writes_to_it(replicating: World) -> None:
    volume = {"persistentVolumeClaim": {"claimName": "disk-1"}}
    mover = {"metadata": {"name": "dst-disk-1", "namespace": "payroll"}, "spec": {"volumes": [volume]}}
    replicating.apis["west"].lingering = [mover]
    with pytest.raises(Timeout, match=r"nothing writes to the claims.*Pod/payroll/dst-disk-1"):
        replicating.provider.promote(replicating.group, "west", forced=True)
    replicating.apis["west"].lingering = []
    replicating.provider.promote(replicating.group, "west", forced=True)
    assert roles(replicating)[1] == "primary"


def test_p1_what_else_writes_to_a_claim_is_named_and_refused(replicating: World) -> None:
    body = {
        "kind": DESTINATION,
        "metadata": {"name": "restore", "namespace": "payroll"},
        "spec": {"restic": {"destinationPVC": "disk-0"}},
    }
    replicating.apis["west"].objects[DESTINATION, "payroll", "restore"] = body
    assert replicating.provider.observe(replicating.group, "west").role == "unknown"
    with pytest.raises(DrError, match="ReplicationDestination/payroll/restore uses the claim, too"):
        replicating.provider.promote(replicating.group, "west", forced=True)


def test_a_backup_of_a_claim_by_restic_is_no_replication(replicating: World) -> None:
    body = {
        "kind": SOURCE,
        "metadata": {"name": "backup", "namespace": "payroll"},
        "spec": {"sourcePVC": "disk-0", "restic": {"repository": "backup"}},
    }
    replicating.apis["east"].objects[SOURCE, "payroll", "backup"] = body
    assert roles(replicating) == ("primary", "secondary")


def test_p4_a_forced_switch_asks_nobody_and_a_resync_ends_it(replicating: World) -> None:
    made = replicating
    made.data.write("east", "disk-0", "arrived")
    made.wait()
    made.data.linked = False
    made.data.write("east", "disk-0", "too late")
    made.apis["east"].reachable = False
    provider = made.fresh()
    assert provider.promote(made.group, "west", forced=True) is True
    assert provider.promote(made.group, "west", forced=True) is False
    assert provider.promote(made.group, "west", forced=False) is False
    made.data.write("west", "disk-0", "after the failover")
    made.apis["east"].reachable = made.data.linked = True
    made.wait()
    assert roles(made) == ("primary", "primary")
    assert made.data.read("west", "disk-0") == ["arrived", "after the failover"]

    made.provider.demote(made.group, "east")
    assert made.provider.resync(made.group, "east") is True
    assert made.provider.resync(made.group, "east") is False
    assert roles(made) == ("secondary", "primary")
    assert made.data.read("east", "disk-0") == ["arrived", "after the failover"]


def test_p1_two_primaries_are_left_as_they_are(replicating: World) -> None:
    replicating.provider.promote(replicating.group, "west", forced=True)
    for api in replicating.apis.values():
        api.writes.clear()
    assert replicating.provider.promote(replicating.group, "west", forced=False) is False
    assert (replicating.writes("east"), replicating.writes("west")) == ([], [])
    with pytest.raises(Refused, match="at west it has a ReplicationSource"):
        replicating.provider.enable(replicating.group, "east", "west")


def test_p8_a_promotion_that_has_nothing_to_do_throws_no_copy_away(replicating: World) -> None:
    """The old primary was demoted after a forced promotion: what only it holds is left to `resync`."""
    made = replicating
    made.data.linked = False
    made.data.write("east", "disk-0", "nowhere else")
    made.provider.promote(made.group, "west", forced=True)
    made.provider.demote(made.group, "east")
    made.data.linked = True
    made.provider.promote(made.group, "west", forced=False)
    made.wait()
    assert made.data.read("east", "disk-0") == ["nowhere else"]
    assert made.item("east", SOURCE)


def test_a_paused_source_proves_nothing(replicating: World) -> None:
    replicating.provider.pause(replicating.group, "east")
    replicating.provider.demote(replicating.group, "east")
    with pytest.raises(Refused, match=r"paused.*resume it first"):
        replicating.provider.final_sync(replicating.group, "east", "west")


def test_p1_a_copy_is_thrown_away_only_for_a_primary(replicating: World) -> None:
    with pytest.raises(Refused, match=r"role secondary.*promote west first"):
        replicating.provider.resync(replicating.group, "east")
    replicating.provider.demote(replicating.group, "east")
    with pytest.raises(Refused, match="role secondary"):
        replicating.provider.resync(replicating.group, "west")


def test_p5_a_move_that_was_killed_after_the_proof_is_completed_by_another_process(replicating: World) -> None:
    replicating.provider.demote(replicating.group, "east")
    replicating.provider.final_sync(replicating.group, "east", "west")
    assert replicating.fresh().promote(replicating.group, "west", forced=False)
    assert roles(replicating) == ("secondary", "primary")


def test_p5_a_promotion_that_was_killed_in_the_middle_is_completed(replicating: World) -> None:
    """One claim has both objects, the other one none of the new ones."""
    made = replicating
    made.provider.demote(made.group, "east")
    made.provider.final_sync(made.group, "east", "west")
    side = made.provider._side(made.group, "west")
    half = side.pairs()[:1]

    def interrupted(*_args: object) -> None:
        raise KeyboardInterrupt

    made.apis["west"].patch = interrupted  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        take_over(side, half)
    del made.apis["west"].patch
    status = made.fresh().observe(made.group, "west")
    assert status.role == "unknown"
    assert "sends while its ReplicationDestination takes in" in status.message
    assert made.fresh().promote(made.group, "west", forced=False)
    assert roles(made) == ("secondary", "primary")
    made.wait()
    assert made.provider.observe(made.group, "east").direction == "incoming"


def test_p5_a_final_sync_that_was_killed_is_proven_anew(replicating: World) -> None:
    made = replicating
    made.provider.demote(made.group, "east")
    made.apis["west"].patch(
        REPLICATION_DESTINATION, "disk-0", "payroll", {"spec": {"trigger": {"manual": "dr.ocpvirt.io/final/old"}}}
    )
    made.data.write("east", "disk-0", "last words")
    assert made.fresh().final_sync(made.group, "east", "west").holds
    assert made.data.read("west", "disk-0") == ["last words"]


def test_a_final_sync_of_another_demotion_is_no_permission(replicating: World) -> None:
    switch(replicating, "east", "west")
    replicating.wait()
    replicating.provider.demote(replicating.group, "west")
    side, there = (replicating.provider._side(replicating.group, site) for site in ("east", "west"))
    assert "its final sync is not proven" in against_promotion(side.pairs()[0], there.pairs()[0], "west")


def test_the_operator_being_down_ends_a_wait_with_the_last_state(replicating: World) -> None:
    for api in replicating.apis.values():
        api.stopped = True
    replicating.provider.demote(replicating.group, "east")
    with pytest.raises(Timeout, match=r"asked for dr.ocpvirt.io/drain/\w+, has ended none"):
        replicating.provider.final_sync(replicating.group, "east", "west")


def test_an_object_that_is_deleted_under_a_final_sync_ends_it(replicating: World) -> None:
    replicating.provider.demote(replicating.group, "east")
    api = replicating.apis["west"]
    replicating.time.at(replicating.time.seconds + 1, lambda: api.objects.pop((DESTINATION, "payroll", "disk-0")))
    with pytest.raises(TerminalState, match=r"disk-0.*was deleted meanwhile"):
        replicating.provider.final_sync(replicating.group, "east", "west")


@pytest.mark.parametrize("statuses", [[429, 500, 503], [500] * 10])
def test_an_api_server_that_restarts_under_a_wait_is_waited_for(replicating: World, statuses: list[int]) -> None:
    replicating.provider.demote(replicating.group, "east")
    api = replicating.apis["west"]
    replicating.time.at(replicating.time.seconds + 1, lambda: api.failures.extend(statuses))
    assert replicating.provider.final_sync(replicating.group, "east", "west").holds


def test_a_pause_is_a_status_and_is_ended(replicating: World) -> None:
    assert replicating.provider.pause(replicating.group, "east") is True
    assert replicating.provider.pause(replicating.group, "east") is False
    seen = replicating.provider.observe(replicating.group, "east")
    assert (seen.role, seen.health, seen.direction) == ("primary", "degraded", "none")
    assert replicating.provider.resume(replicating.group, "east") is True
    assert replicating.provider.observe(replicating.group, "east").health == "healthy"


def test_p1_a_fenced_survivor_takes_nothing_in(replicating: World) -> None:
    proof = replicating.provider.fence(replicating.group, "west", "east")
    assert "2 ReplicationDestinations are paused" in proof.evidence
    replicating.data.write("east", "disk-0", "after the fence")
    replicating.wait()
    assert replicating.data.read("west", "disk-0") == []
    assert replicating.provider.unfence(replicating.group, "west", "east") is True
    assert replicating.provider.unfence(replicating.group, "west", "east") is False
    replicating.wait()
    assert replicating.data.read("west", "disk-0") == ["after the fence"]
