# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Demotions by csi_addons, and the proof that everything has arrived after them."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import VOLUME_REPLICATION
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import NotFound, Refused, Timeout
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.csi_addons.world import (
    World,
    enabled,
    replication,
    world,
)


def test_demote_without_objects_points_to_protect() -> None:
    made = world()
    with pytest.raises(NotFound, match=r"payroll/disk-0.*run protect"):
        made.provider.demote(made.group, "east")


def test_a_demotion_that_fails_ends_at_the_deadline_with_its_message(replicating: World) -> None:
    replicating.storage.broken = "demote"
    with pytest.raises(Timeout, match=r"FailedToDemote.*the volume is in use"):
        replicating.provider.demote(replicating.group, "east")


def test_two_objects_for_one_claim_are_refused() -> None:
    made = enabled(world(volumes=1))
    made.apis["east"].create(VOLUME_REPLICATION, replication("second", "disk-0"))
    with pytest.raises(Refused, match="has 2 VolumeReplications: disk-0, second"):
        made.provider.demote(made.group, "east")
    assert made.provider.observe(made.group, "east").health == "error"


def test_a_switch_of_many_volumes_is_waited_for_together() -> None:
    made = enabled(world(volumes=60))
    made.provider.demote(made.group, "east")
    assert len(made.written("east")) == 60
    # the state before, and a few looks of one wait
    assert made.apis["east"].lists.count("VolumeReplication") <= 6


def test_final_sync_of_what_is_writable_proves_nothing(replicating: World) -> None:
    with pytest.raises(Refused, match="proves nothing"):
        replicating.provider.final_sync(replicating.group, "east", "west")


def test_a_final_sync_that_never_ends_has_a_deadline_and_says_what_was_seen(replicating: World) -> None:
    replicating.provider.demote(replicating.group, "east")
    replicating.storage.linked = False
    replicating.storage.data["east", "disk-0"] = ["never arrives"]
    began = replicating.time.seconds
    with pytest.raises(Timeout, match="Resyncing=True/ResyncTriggered") as raised:
        replicating.provider.final_sync(replicating.group, "east", "west")
    assert raised.value.waited == pytest.approx(300, abs=5)
    assert replicating.time.seconds - began < 310


def test_the_proof_does_not_hold_when_a_copy_became_primary_meanwhile(replicating: World) -> None:
    replicating.provider.demote(replicating.group, "east")
    replicating.wait()
    replicating.provider.promote(replicating.group, "west", forced=True)
    proof = replicating.provider.final_sync(replicating.group, "east", "west")
    assert not proof.holds
    assert "not secondary: payroll/" in proof.target
