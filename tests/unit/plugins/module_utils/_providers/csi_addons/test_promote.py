# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Promotions by csi_addons: what they are refused for, since the product forces by itself, and how they end."""

from __future__ import annotations

import threading

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import VOLUME_REPLICATION
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused, Timeout
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.selector import LabelSelector
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.csi_addons.world import (
    World,
    add_claim,
    enabled,
    provider_of,
    roles,
    world,
)


def test_a_planned_move_and_back_needs_no_force(replicating: World) -> None:
    storage, provider, group = replicating.storage, replicating.provider, replicating.group
    for number in range(2):
        storage.write("east", f"disk-{number}", "last words")
    for source, target in (("east", "west"), ("west", "east")):
        assert provider.demote(group, source)
        assert not provider.demote(group, source)
        proof = provider.final_sync(group, source, target)
        assert (proof.holds, proof.volumes, proof.bytes) == (True, 2, None)
        assert provider.promote(group, target, forced=False)
        assert not provider.promote(group, target, forced=False)
        for number in range(2):
            storage.write(target, f"disk-{number}", f"at {target}")
        replicating.wait()
        status = provider.observe(group, target)
        assert (status.role, status.direction) == ("primary", "outgoing")
        assert not provider.resync(group, source)
    assert storage.forced == []
    assert storage.copy("east", "disk-1") == ["last words", "at west", "at east"]
    assert roles(replicating) == ("primary", "secondary")


def test_a_planned_move_to_a_site_without_objects() -> None:
    made = enabled(world(at=("east",)))
    made.provider.demote(made.group, "east")
    assert made.provider.final_sync(made.group, "east", "west").holds
    for number in range(2):
        add_claim(made.apis["west"], f"disk-{number}")
    made.provider = provider_of(made.plan, made.apis)
    assert made.provider.promote(made.group, "west", forced=False)
    assert made.asked("west") == {"disk-0": "primary", "disk-1": "primary"}
    assert made.storage.forced == []


def test_without_claims_nothing_can_be_promoted() -> None:
    made = enabled(world(at=("east",)))
    with pytest.raises(Refused, match=r"none of its claims is here.*create the claims first"):
        made.provider.promote(made.group, "west", forced=True)


def test_p1_a_primary_peer_is_never_taken_over_by_the_products_own_force(replicating: World) -> None:
    with pytest.raises(Refused, match="not proven to be demoted: asked for primary"):
        replicating.provider.promote(replicating.group, "west", forced=False)
    assert replicating.written("west") == []
    assert replicating.storage.forced == []


def test_p3_a_peer_that_is_demoted_but_not_synced_is_no_permission(replicating: World) -> None:
    replicating.storage.write("east", "disk-0", "still on its way")
    replicating.storage.linked = False
    replicating.provider.demote(replicating.group, "east")
    replicating.wait()
    with pytest.raises(Refused, match="demoted, but not proven to be synced"):
        replicating.provider.promote(replicating.group, "west", forced=False)
    assert replicating.written("west") == []


def test_a_peer_without_objects_shows_nothing() -> None:
    made = world(at=("west",))
    with pytest.raises(Refused, match="nothing shows that it is demoted"):
        made.provider.promote(made.group, "west", forced=False)
    assert made.asked("west") == {}


def test_p4_a_silent_peer_is_refused_without_force_and_nothing_is_written(replicating: World) -> None:
    replicating.apis["east"].reachable = False
    with pytest.raises(Refused, match=r"no answer.*nothing was written at west.*declare it lost"):
        replicating.provider.promote(replicating.group, "west", forced=False)
    assert replicating.written("west") == []
    assert replicating.asked("west").popitem()[1] == "secondary"


def test_p4_a_forced_promotion_asks_nobody(replicating: World) -> None:
    replicating.storage.write("east", "disk-0", "lost")
    replicating.apis["east"].reachable = False
    replicating.storage.linked = False
    assert replicating.provider.promote(replicating.group, "west", forced=True)
    assert replicating.provider.observe(replicating.group, "west").role == "primary"
    assert not replicating.provider.observe(replicating.group, "east").reachable
    replicating.wait()
    # the product shows a forced promotion as a clean one: without a sync nothing is said to flow
    status = replicating.provider.observe(replicating.group, "west")
    assert (status.direction, status.message.count("no sync was reported")) == ("none", len(replicating.asked("west")))


def test_p3_a_demotion_is_taken_back_without_a_proof(replicating: World) -> None:
    """Everything that was written is at the source, so its promotion loses nothing."""
    replicating.storage.write("east", "disk-0", "still on its way")
    replicating.storage.linked = False
    replicating.provider.demote(replicating.group, "east")
    replicating.storage.linked = True
    assert replicating.provider.promote(replicating.group, "east", forced=False)
    assert roles(replicating)[0] == "primary"
    assert replicating.storage.forced == []


def test_p3_of_two_demoted_copies_only_the_newer_one_is_promoted(replicating: World) -> None:
    provider, group, storage = replicating.provider, replicating.group, replicating.storage
    provider.demote(group, "east")
    provider.final_sync(group, "east", "west")
    provider.promote(group, "west", forced=False)
    storage.linked = False
    storage.write("west", "disk-0", "newest")
    provider.demote(group, "west")
    with pytest.raises(Refused, match="not proven to be synced"):
        provider.promote(group, "east", forced=False)
    storage.linked = True
    assert provider.promote(group, "west", forced=False)
    assert storage.forced == []


def test_p5_a_partly_switched_group_is_completed_by_a_rerun() -> None:
    made = enabled(world(volumes=3))
    made.provider.demote(made.group, "east")
    made.provider.final_sync(made.group, "east", "west")
    made.apis["west"].patch(VOLUME_REPLICATION, "disk-1", "payroll", {"spec": {"replicationState": "primary"}})
    made.wait(1)
    status = made.provider.observe(made.group, "west")
    assert status.role == "unknown"
    assert "partly switched: 1 primary (payroll/disk-1), 2 secondary" in status.message
    made.apis["west"].writes.clear()
    assert made.provider.promote(made.group, "west", forced=False)
    assert sorted(made.written("west")) == [f"patch VolumeReplication/payroll/disk-{n}" for n in (0, 2)]
    assert made.storage.forced == []


def test_p5_a_promotion_that_was_killed_after_its_writes_is_waited_for() -> None:
    made = enabled(world())
    made.provider.demote(made.group, "east")
    made.provider.final_sync(made.group, "east", "west")
    made.apis["west"].stopped = True
    with pytest.raises(Timeout, match="the controller has seen generation 1 of 2"):
        made.provider.promote(made.group, "west", forced=False)
    made.apis["west"].stopped = False
    for name in ("disk-0", "disk-1"):
        made.apis["west"].reconcile(("VolumeReplication", "payroll", name))
    assert not made.provider.promote(made.group, "west", forced=False)


def test_a_failure_that_the_controller_retries_ends_at_the_deadline_with_its_message(replicating: World) -> None:
    replicating.provider.demote(replicating.group, "east")
    replicating.provider.final_sync(replicating.group, "east", "west")
    replicating.storage.broken = "promote"
    with pytest.raises(Timeout, match=r"Completed=False/FailedToPromote.*the array is on fire"):
        replicating.provider.promote(replicating.group, "west", forced=False)


def test_what_calls_itself_primary_after_a_resync_is_stepped_down_first() -> None:
    made = enabled(world(volumes=1))
    made.storage.roles["east", "disk-0"] = "secondary"
    made.storage.linked = False
    made.apis["east"].patch(VOLUME_REPLICATION, "disk-0", "payroll", {"spec": {"replicationState": "resync"}})
    made.wait(1)
    status = made.replication("east")["status"]
    assert status["state"] == "Primary"
    assert {"Demoted"} == {entry["reason"] for entry in status["conditions"] if entry["type"] == "Completed"}
    assert made.provider.observe(made.group, "east").role == "unknown"
    assert made.provider.promote(made.group, "east", forced=True)
    assert made.storage.roles["east", "disk-0"] == "primary"


def test_many_groups_are_asked_for_before_the_first_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The product's sidecar is slow: it must never be without work."""
    made = world()
    all_asked = threading.Barrier(60, timeout=30)
    monkeypatch.setattr(made.provider, "promote", lambda group, site, forced: all_asked.wait() >= 0)
    groups = [Group(f"g{n}", LabelSelector()) for n in range(60)]
    assert made.provider.promote_all(groups, "west", forced=False) == [True] * 60
