# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Switches of a described product: what is proven first, what a silent peer permits, and who completes one."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import VOLUME_REPLICATION
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import NotFound, Refused, Timeout
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.csi_addons.world import (
    World,
    enabled,
    roles,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.custom.world import (
    custom_world,
    described,
    fresh,
    without,
)


@pytest.fixture
def replicating() -> World:
    return enabled(custom_world())


def test_p3_a_planned_move_and_back_needs_no_force(replicating: World) -> None:
    made, storage = replicating, replicating.storage
    for source, target in (("east", "west"), ("west", "east")):
        storage.write(source, "disk-1", f"last words of {source}")
        assert made.provider.demote(made.group, source) is True
        assert made.provider.demote(made.group, source) is False
        proof = made.provider.final_sync(made.group, source, target)
        assert (proof.holds, proof.volumes, proof.source.startswith("state Secondary")) == (True, 2, True)
        assert made.provider.observe(made.group, source).sync_proof
        assert made.provider.promote(made.group, target, forced=False) is True
        assert made.provider.promote(made.group, target, forced=False) is False
        storage.write(target, "disk-1", f"at {target}")
        made.wait()
        seen = made.provider.observe(made.group, target)
        assert (seen.role, seen.health, seen.direction) == ("primary", "healthy", "outgoing")
        assert seen.last_sync
        assert made.provider.resync(made.group, source) is False
    assert storage.forced == []
    assert storage.copy("east", "disk-1")[-1] == "at east"


@pytest.mark.parametrize(("verb", "site", "role"), [("demote", "east", "secondary"), ("promote", "west", "primary")])
def test_a_verb_ends_with_its_role_whatever_its_last_step_calls_done(verb: str, site: str, role: str) -> None:
    accepted = {"patch": {"spec": {"replicationState": role}}, "done": f"spec.replicationState == '{role}'"}
    unseen = without("status", "current")
    made = enabled(custom_world(verbs={**described()["verbs"], verb: accepted}, **unseen))
    made.provider.demote(made.group, "east")
    if verb == "promote":
        made.provider.final_sync(made.group, "east", "west")
        made.provider.promote(made.group, "west", forced=False)
    assert made.provider.observe(made.group, site).role == role


def test_p1_a_primary_peer_is_never_taken_over_by_the_products_own_force(replicating: World) -> None:
    with pytest.raises(Refused, match=r"the peer is not proven to be secondary: .*role primary"):
        replicating.provider.promote(replicating.group, "west", forced=False)
    assert replicating.written("west") == []
    assert replicating.storage.forced == []


def test_p1_a_silent_peer_permits_nothing(replicating: World) -> None:
    replicating.apis["east"].reachable = False
    with pytest.raises(Refused, match=r"no answer.*nothing was written.*declare it lost"):
        fresh(replicating).promote(replicating.group, "west", forced=False)
    assert replicating.written("west") == []


def test_p1_a_peer_without_objects_shows_nothing() -> None:
    made = custom_world(at=("west",))
    with pytest.raises(Refused, match="nothing shows that it is demoted there"):
        made.provider.promote(made.group, "west", forced=False)
    assert made.asked("west") == {}


def test_p3_a_peer_without_a_proof_is_no_permission(replicating: World) -> None:
    replicating.storage.write("east", "disk-0", "still on its way")
    replicating.storage.linked = False
    replicating.provider.demote(replicating.group, "east")
    with pytest.raises(Refused, match=r"status.proof shows nothing"):
        replicating.provider.promote(replicating.group, "west", forced=False)
    with pytest.raises(Timeout, match=r"prove the final sync.*0 of 2 are"):
        replicating.provider.final_sync(replicating.group, "east", "west")
    assert replicating.written("west") == []


def test_p3_a_demotion_is_taken_back_without_a_proof(replicating: World) -> None:
    replicating.storage.write("east", "disk-0", "still on its way")
    replicating.storage.linked = False
    replicating.provider.demote(replicating.group, "east")
    assert roles(replicating) == ("secondary", "secondary")
    replicating.storage.linked = True
    assert replicating.provider.promote(replicating.group, "east", forced=False) is True
    assert roles(replicating) == ("primary", "secondary")
    assert replicating.storage.forced == []


def test_p3_a_proof_is_refused_while_the_source_can_still_be_written(replicating: World) -> None:
    with pytest.raises(Refused, match=r"secondary: what is still writable proves nothing"):
        replicating.provider.final_sync(replicating.group, "east", "west")


def test_p5_a_partly_switched_group_is_completed_by_another_process(replicating: World) -> None:
    made = replicating
    made.provider.demote(made.group, "east")
    made.provider.final_sync(made.group, "east", "west")
    made.apis["west"].patch(VOLUME_REPLICATION, "disk-1", "payroll", {"spec": {"replicationState": "primary"}})
    made.wait(1)
    seen = made.provider.observe(made.group, "west")
    assert (seen.role, "partly switched" in seen.message) == ("unknown", True)
    made.apis["west"].writes.clear()
    made.provider = fresh(made)
    assert made.provider.promote(made.group, "west", forced=False) is True
    assert made.written("west") == ["patch VolumeReplication/payroll/disk-0"]


def test_nothing_to_promote_without_an_object_that_the_plan_can_make() -> None:
    made = custom_world(at=())
    with pytest.raises(Refused, match="none of its claims is here"):
        made.provider.promote(made.group, "west", forced=True)
    with pytest.raises(NotFound, match="it has no VolumeReplication named payroll/disk-0"):
        custom_world().provider.demote(made.group, "west")
