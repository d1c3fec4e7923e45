# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What statuses amount to: those of facts and source of csi-addons v0.12.0, and of later versions."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.csi_addons.guard import ReplicatedCopy
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.csi_addons.objects import DEMOTION
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.csi_addons.status import (
    judge,
    may_write,
    volume_status,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.last_primary import against_promotion

PROMOTED = ("Promoted", "Healthy", "NotResyncing")
DEMOTED = ("Demoted", "VolumeDegraded", "NotResyncing")
SYNCING = ("Demoted", "VolumeDegraded", "ResyncTriggered")
SYNCED = ("Demoted", "Healthy", "NotResyncing")
SPLIT = ("FailedToResync", "Error", "FailedToResync")
TRUE = {"Promoted", "Demoted", "VolumeDegraded", "Error", "ResyncTriggered", "PrerequisiteMet", "Replicating"}


def replication(asked: str, state: str, reasons: tuple[str, ...], generation: int = 2, **more: Any) -> dict[str, Any]:
    kinds = ("Completed", "Degraded", "Resyncing", "Validated", "Replicating")
    conditions = [
        {
            "type": kind,
            "status": str(reason in TRUE),
            "reason": reason,
            "message": f"told of {reason}",
            "observedGeneration": generation,
            "lastTransitionTime": "2026-03-01T12:00:00Z",
        }
        for kind, reason in zip(kinds, reasons, strict=False)
        if reason
    ]
    status = {"state": state, "observedGeneration": generation, "conditions": conditions, **more}
    meta = {"name": "disk-0", "namespace": "payroll", "generation": generation}
    return {"metadata": meta, "spec": {"replicationState": asked}, "status": status}


PRIMARY = replication("primary", "Primary", PROMOTED)
STEPPED_DOWN = replication("secondary", "Secondary", DEMOTED)
FOLLOWS = replication("secondary", "Secondary", SYNCING)
EQUAL = replication("secondary", "Secondary", SYNCED)
DIVERGED = replication("secondary", "Secondary", SPLIT)
SYNCED_GOALS = ("secondary", "reported", "follows", "synced")
RESYNC_OF_A_PRIMARY = replication("resync", "Primary", SYNCING)


@pytest.mark.parametrize(
    ("item", "reached"),
    [
        (PRIMARY, {"primary"}),
        (replication("primary", "Primary", PROMOTED, lastSyncTime="2026-03-01T12:01:00Z"), {"primary", "sends"}),
        (replication("primary", "Primary", (*PROMOTED, "", "Replicating")), {"primary", "sends"}),
        (replication("secondary", "Secondary", SYNCED, lastSyncTime="2026-03-01T12:01:00Z"), set(SYNCED_GOALS)),
        (STEPPED_DOWN, {"secondary"}),
        (FOLLOWS, {"secondary", "reported", "follows"}),
        (EQUAL, set(SYNCED_GOALS)),
        (DIVERGED, {"secondary", "reported"}),
        (RESYNC_OF_A_PRIMARY, {"resyncing"}),
        # the trap: what calls itself Primary with Completed=True is none
        (replication("primary", "Primary", SYNCING), set()),
        (replication("primary", "Primary", ("FailedToDemote", "Error", "NotResyncing")), set()),
        (replication("primary", "Secondary", PROMOTED), set()),
        (replication("secondary", "Primary", SYNCED), set()),
        (replication("secondary", "Unknown", SYNCED), set()),
        ({**EQUAL, "status": {}}, set()),
        ({"metadata": EQUAL["metadata"], "spec": EQUAL["spec"]}, set()),
    ],
)
def test_goals_that_a_status_has_reached(item: dict[str, Any], reached: set[str]) -> None:
    goals = ("primary", "sends", "secondary", "reported", "follows", "synced", "resyncing")
    assert {goal for goal in goals if judge(item, goal).done} == reached


@pytest.mark.parametrize(("item", "goal"), [(PRIMARY, "primary"), (EQUAL, "synced"), (FOLLOWS, "follows")])
def test_a_status_of_an_older_generation_is_no_status(item: dict[str, Any], goal: Any) -> None:
    moved = {**item, "metadata": {**item["metadata"], "generation": 3}}
    assert not judge(moved, goal).done
    assert "the controller has seen generation 2 of 3" in judge(moved, goal).seen
    # a list from before our write
    assert not judge(item, goal, generation=3).done
    assert judge(item, goal, generation=3).terminal == ""


def test_an_unmet_prerequisite_is_terminal_with_its_message() -> None:
    reasons = ("FailedToPromote", "Error", "NotResyncing", "PrerequisiteNotMet")
    verdict = judge(replication("primary", "Unknown", reasons), "primary")
    assert verdict.terminal == "PrerequisiteNotMet: told of PrerequisiteNotMet"


def test_an_old_unmet_prerequisite_does_not_spoil_a_success() -> None:
    """A later promotion leaves Validated=False behind."""
    verdict = judge(replication("primary", "Primary", (*PROMOTED, "PrerequisiteNotMet")), "primary")
    assert (verdict.done, verdict.terminal) == (True, "")


@pytest.mark.parametrize("reason", ["FailedToPromote", "FailedToDemote", "FailedToResync"])
def test_what_the_controller_tries_again_is_not_terminal(reason: str) -> None:
    item = replication("primary", "Unknown", (reason, "Error", "NotResyncing", "PrerequisiteMet"))
    verdict = judge(item, "primary")
    assert (verdict.done, verdict.terminal) == (False, "")
    assert "told of Error" in verdict.seen


def test_another_order_and_a_deletion_end_a_wait() -> None:
    assert "somebody else asked it for secondary" in judge(EQUAL, "primary").terminal
    going = {**PRIMARY, "metadata": {**PRIMARY["metadata"], "deletionTimestamp": "2026-03-01T12:00:00Z"}}
    assert "being deleted" in judge(going, "primary").terminal
    assert may_write(going)


@pytest.mark.parametrize(
    ("item", "role", "health", "direction"),
    [
        (STEPPED_DOWN, "secondary", "degraded", "none"),
        (FOLLOWS, "secondary", "healthy", "incoming"),
        (EQUAL, "secondary", "healthy", "incoming"),
        (DIVERGED, "secondary", "error", "none"),
        (RESYNC_OF_A_PRIMARY, "unknown", "degraded", "none"),
        (None, "unknown", "unknown", "none"),
        (replication("primary", "Unknown", ("FailedToPromote", "Error", "NotResyncing")), "unknown", "error", "none"),
        (replication("primary", "Primary", (*PROMOTED, "", "NotReplicating")), "primary", "degraded", "none"),
        (replication("primary", "Primary", (*PROMOTED, "", "Replicating")), "primary", "healthy", "outgoing"),
        (PRIMARY, "primary", "healthy", "none"),
    ],
)
def test_the_normalised_status(item: Any, role: str, health: str, direction: str) -> None:
    status = volume_status("payroll/disk-0", item, "VolumeReplication")
    assert (status.role, status.health, status.direction) == (role, health, direction)
    assert bool(status.sync_proof) == (item is EQUAL)


@pytest.mark.parametrize(
    ("last_sync", "direction"), [("2026-03-01T11:59:00Z", "none"), ("2026-03-01T12:01:00Z", "outgoing")]
)
def test_only_a_sync_after_the_promotion_shows_that_somebody_takes_the_data(last_sync: str, direction: str) -> None:
    item = replication("primary", "Primary", PROMOTED, lastSyncTime=last_sync)
    status = volume_status("payroll/disk-0", item, "VolumeReplication")
    assert (status.direction, status.last_sync is not None) == (direction, True)


def test_a_sync_time_left_on_a_secondary_is_not_shown() -> None:
    item = replication("secondary", "Secondary", SYNCING, lastSyncTime="2026-03-01T12:01:00Z")
    assert volume_status("payroll/disk-0", item, "VolumeReplication").last_sync is None


def counted(item: dict[str, Any], number: int) -> dict[str, Any]:
    return {**item, "metadata": {**item["metadata"], "annotations": {DEMOTION: str(number)}}}


@pytest.mark.parametrize(
    ("mine", "theirs", "said"),
    [
        (FOLLOWS, EQUAL, ""),
        (None, EQUAL, ""),
        (EQUAL, EQUAL, ""),
        (FOLLOWS, None, "nothing shows"),
        (FOLLOWS, PRIMARY, "not proven to be demoted"),
        (FOLLOWS, RESYNC_OF_A_PRIMARY, "not proven to be demoted"),
        (FOLLOWS, STEPPED_DOWN, "not proven to be synced"),
        (FOLLOWS, FOLLOWS, "not proven to be synced"),
        (FOLLOWS, DIVERGED, "not proven to be synced"),
        (DIVERGED, EQUAL, "would be forced by the product"),
        (counted(STEPPED_DOWN, 1), FOLLOWS, ""),
        (counted(STEPPED_DOWN, 1), None, ""),
        (counted(STEPPED_DOWN, 1), counted(FOLLOWS, 1), "not proven to be synced"),
        (counted(STEPPED_DOWN, 1), counted(FOLLOWS, 2), "not proven to be synced"),
        (counted(STEPPED_DOWN, 9), PRIMARY, "not proven to be demoted"),
        # a count says who was demoted last, and nothing of a split brain
        (counted(DIVERGED, 1), FOLLOWS, "would be forced by the product"),
        (counted(DIVERGED, 1), EQUAL, "would be forced by the product"),
        (counted(DIVERGED, 1), None, "would be forced by the product"),
        (counted(STEPPED_DOWN, 1), DIVERGED, "not proven to be synced"),
        # the target was cut off from the demoted source: the move is taken back (P3)
        (counted(STEPPED_DOWN, 1), STEPPED_DOWN, ""),
        (counted(STEPPED_DOWN, 1), EQUAL, ""),
    ],
)
def test_p1_what_permits_a_promotion_without_force(mine: Any, theirs: Any, said: str) -> None:
    reason = against_promotion(ReplicatedCopy(mine, "west"), ReplicatedCopy(theirs, "east"))
    assert said in reason
    assert bool(reason) == bool(said)
