# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How csi_addons begins to replicate a group, whose objects it takes over, and what it deletes at the end."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import PVC, VOLUME_REPLICATION
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict, Refused, TerminalState, Timeout
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.csi_addons.objects import GROUP_LABEL, PLAN_LABEL
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.csi_addons.world import (
    World,
    add_claim,
    enabled,
    provider_of,
    replication,
    world,
)


def test_enable_makes_the_source_primary_and_lets_the_target_follow(replicating: World) -> None:
    east, west = (replicating.provider.observe(replicating.group, site) for site in ("east", "west"))
    assert (east.role, east.health, east.direction) == ("primary", "healthy", "outgoing")
    assert (west.role, west.health, west.direction) == ("secondary", "healthy", "incoming")
    assert east.last_sync
    assert "lastSyncTime" in east.last_sync_source
    assert west.last_sync is None
    assert west.sync_proof == ""
    assert not replicating.provider.enable(replicating.group, "east", "west")
    assert replicating.storage.forced == []


def test_the_objects_are_named_after_their_claims_and_labelled() -> None:
    made = enabled(world(volumes=3))
    assert made.asked("east") == {f"disk-{n}": "primary" for n in range(3)}
    assert made.asked("west") == {f"disk-{n}": "secondary" for n in range(3)}
    assert made.replication("east")["metadata"]["labels"] == {PLAN_LABEL: "payroll", GROUP_LABEL: "payroll"}
    assert "autoResync" not in made.replication("east")["spec"]
    assert "autoResync" not in made.replication("west")["spec"]


def test_auto_resync_is_set_where_it_is_asked_for() -> None:
    assert enabled(world(auto_resync=True)).replication("west")["spec"]["autoResync"] is True


def test_a_target_without_claims_gets_no_objects() -> None:
    made = enabled(world(at=("east",)))
    assert made.asked("west") == {}
    status = made.provider.observe(made.group, "west")
    assert (status.role, status.present) == ("unknown", False)


def test_an_unmet_prerequisite_is_terminal(replicating: World) -> None:
    replicating.provider.disable(replicating.group, "east")
    replicating.provider.disable(replicating.group, "west")
    replicating.storage.broken = "enable"
    began = replicating.time.seconds
    with pytest.raises(TerminalState, match=r"PrerequisiteNotMet: .*mirroring is not enabled on the pool"):
        replicating.provider.enable(replicating.group, "east", "west")
    assert replicating.time.seconds - began < 5


def test_p8_an_equal_object_of_somebody_else_is_taken_over() -> None:
    made = world(volumes=1)
    made.apis["east"].create(VOLUME_REPLICATION, replication("by-hand", "disk-0"))
    made.wait(1)
    assert made.provider.enable(made.group, "east", "west")
    assert made.asked("east") == {"by-hand": "primary"}
    assert made.replication("east", "by-hand")["metadata"]["labels"][PLAN_LABEL] == "payroll"
    assert made.provider.demote(made.group, "east")


def test_p8_what_was_taken_over_is_given_back_and_not_deleted() -> None:
    made = world(volumes=2)
    made.apis["east"].create(VOLUME_REPLICATION, replication("by-hand", "disk-0"))
    made.wait(1)
    before = made.replication("east", "by-hand")
    made.provider.enable(made.group, "east", "west")
    assert made.provider.disable(made.group, "east")
    assert made.asked("east") == {"by-hand": "primary"}
    after = made.replication("east", "by-hand")
    assert after["spec"] == before["spec"]
    assert not after["metadata"].get("labels")
    assert not [key for key in after["metadata"].get("annotations") or {} if key.startswith("dr.ocpvirt.io/")]
    assert not made.provider.enabled(made.group, "east")


@pytest.mark.parametrize(
    ("changes", "labels", "said"),
    [
        ({"volumeReplicationClass": "other"}, {}, "spec.volumeReplicationClass is other, wanted mirrored"),
        ({}, {PLAN_LABEL: "invoices"}, "it belongs to plan invoices"),
    ],
)
def test_p8_a_different_object_of_somebody_else_is_not_touched(changes: Any, labels: Any, said: str) -> None:
    made = world(volumes=1)
    body = replication("by-hand", "disk-0")
    body["spec"].update(changes)
    body["metadata"]["labels"] = labels
    before = made.apis["east"].create(VOLUME_REPLICATION, body)["spec"]
    made.wait(1)
    with pytest.raises(Conflict, match=said):
        made.provider.enable(made.group, "east", "west")
    assert made.replication("east", "by-hand")["spec"] == before
    assert made.asked("west") == {}


def test_a_source_whose_copy_is_secondary_is_not_enabled(replicating: World) -> None:
    with pytest.raises(Refused, match=r"it is not asked to be primary.*protect where the plan lives"):
        replicating.provider.enable(replicating.group, "west", "east")
    assert set(replicating.asked("west").values()) == {"secondary"}


def test_a_site_is_not_declared_primary_beside_a_primary_peer() -> None:
    made = enabled(world(at=("east",)))
    for number in range(2):
        add_claim(made.apis["west"], f"disk-{number}")
    made.provider = provider_of(made.plan, made.apis)
    with pytest.raises(Refused, match="at east it is not proven to be demoted"):
        made.provider.enable(made.group, "west", "east")
    assert made.asked("west") == {}


def test_disable_deletes_our_objects_and_nothing_else() -> None:
    made = enabled(world())
    made.apis["east"].create(VOLUME_REPLICATION, replication("stranger", "disk-9"))
    assert made.provider.enabled(made.group, "east")
    assert made.provider.disable(made.group, "east")
    assert not made.provider.enabled(made.group, "east")
    assert not made.provider.disable(made.group, "east")
    assert set(made.asked("east")) == {"stranger"}
    assert len(made.apis["east"].list(PVC, "payroll")) == 2


def test_a_deletion_that_hangs_has_a_deadline() -> None:
    made = enabled(world())
    made.apis["east"].stopped = True
    with pytest.raises(Timeout, match="2 still there"):
        made.provider.disable(made.group, "east")


@pytest.mark.parametrize(
    ("per", "needed_by"),
    [("volume", "VolumeReplication/payroll/disk-0"), ("group", "VolumeGroupReplication/payroll/")],
)
def test_p8_a_claim_is_needed_by_the_object_that_replicates_it(per: str, needed_by: str) -> None:
    made = enabled(world(volumes=1, per=per))
    provider = provider_of(made.plan, made.apis)
    assert provider.needed_by(made.group, "west", ("payroll", "disk-0")).startswith(needed_by)
    apart = world(volumes=1, per=per)
    assert apart.provider.needed_by(apart.group, "west", ("payroll", "disk-0")) == ""


def test_a_claim_that_is_let_go_loses_its_object_and_no_other_does() -> None:
    made = enabled(world(volumes=3))
    made.provider.release(made.group, "east", ["payroll/disk-1"])
    assert sorted(made.asked("east")) == ["disk-0", "disk-2"]
    made.provider.release(made.group, "east", ["payroll/disk-1"])


def test_p8_an_object_of_somebody_else_is_not_deleted_with_the_claim_that_is_let_go() -> None:
    made = enabled(world(volumes=2))
    made.apis["east"].patch(VOLUME_REPLICATION, "disk-1", "payroll", {"metadata": {"labels": {PLAN_LABEL: None}}})
    made.provider.release(made.group, "east", ["payroll/disk-1"])
    assert sorted(made.asked("east")) == ["disk-0", "disk-1"]
