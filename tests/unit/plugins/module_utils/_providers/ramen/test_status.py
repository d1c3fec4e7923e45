# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ramen makes of what the product says."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import GroupStatus
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ramen.group_status import Told, group_status
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ramen.objects import LAST_PLACED
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ramen.placement import (
    is_failed_over,
    is_settled,
    is_taken_up,
    remedy,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ramen.status import (
    describe,
    is_given_up,
    is_restored,
    protected,
    role,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.ramen.api import tell
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.ramen.world import (
    placement,
    volume_group,
)


def group(asked: str = "primary", **conditions: bool) -> dict[str, Any]:
    item = volume_group(asked)
    for name, value in {
        "DataReady": True,
        "ClusterDataReady": True,
        "ClusterDataProtected": True,
        **conditions,
    }.items():
        tell(item, name, value, "Ready", "as it is")
    return item


def status(item: dict[str, Any], **told: Any) -> GroupStatus:
    here, there = ("dr1", "dr2") if item["spec"]["replicationState"] == "primary" else ("dr2", "dr1")
    return group_status("payroll", "east", item, Told(told.get("placement", placement())), here, there, [])


@pytest.mark.parametrize(
    ("asked", "state", "found"),
    [
        ("primary", "Primary", "primary"),
        ("secondary", "Secondary", "secondary"),
        ("secondary", "Primary", "unknown"),
        ("primary", "Secondary", "unknown"),
        ("primary", "Unknown", "unknown"),
        ("primary", "", "unknown"),
    ],
)
def test_p1_a_role_is_what_is_asked_for_and_reached(asked: str, state: str, found: str) -> None:
    item = group(asked)
    item["status"]["state"] = state
    assert role(item) == found


@pytest.mark.parametrize(
    "change",
    [
        lambda item: item["metadata"].update(generation=2),
        lambda item: item["metadata"].update(deletionTimestamp="2026-03-01T12:00:00Z"),
        lambda item: item["spec"].update(dryRun=True),
        lambda item: item.update(status={}),
    ],
    ids=["not taken up", "being deleted", "a test failover", "no status"],
)
def test_p1_who_may_write_is_unknown(change: Any) -> None:
    item = group()
    change(item)
    assert role(item) == "unknown"
    assert status(item).direction == "none"


def test_p3_a_condition_of_an_earlier_order_proves_nothing() -> None:
    item = group("secondary", DataProtected=True)
    item["spec"]["action"] = "Relocate"
    assert is_given_up(item)
    item["metadata"]["generation"] = item["status"]["observedGeneration"] = 2
    assert role(item) == "secondary"
    assert not is_given_up(item)


def test_a_secondary_by_failover_was_not_given_up() -> None:
    item = group("secondary", DataProtected=True)
    item["spec"]["action"] = "Failover"
    assert not is_given_up(item)
    assert status(item).sync_proof == ""


@pytest.mark.parametrize("lacks", ["ClusterDataReady", "KubeObjectsReady", "DataReady"])
def test_primary_is_not_restored_while_something_is_missing(lacks: str) -> None:
    assert is_restored(group())
    assert not is_restored(group(**{lacks: False}))


def test_what_was_restored_for_an_earlier_order_is_not_restored_yet() -> None:
    """Ramen restores objects last, and until then leaves their condition as it was: of a secondary, or of before."""
    item = group(KubeObjectsReady=True)
    item["metadata"]["generation"] = item["status"]["observedGeneration"] = 2
    for name in ("DataReady", "ClusterDataReady"):
        tell(item, name, True, "Ready", "as it is")
    assert not is_restored(item)
    assert "KubeObjectsReady True (before the last order)" in describe(item)
    tell(item, "KubeObjectsReady", None, "Initializing", "not begun")
    assert not is_restored(item)
    tell(item, "KubeObjectsReady", True, "KubeObjectsRestored", "done")
    assert is_restored(item)


@pytest.mark.parametrize(
    ("conditions", "health"),
    [
        ({}, "healthy"),
        ({"ClusterDataProtected": False}, "degraded"),
        ({"ReplicationHealthy": False}, "degraded"),
        ({"NoClusterDataConflict": False}, "error"),
    ],
)
def test_the_health_of_a_primary(conditions: dict[str, bool], health: str) -> None:
    assert status(group(**conditions)).health == health


def test_a_claim_without_a_namespace_is_of_the_groups_own() -> None:
    item = group()
    item["status"]["protectedPVCs"] = [{"name": "disk-0"}, {"namespace": "payroll", "name": "disk-1"}]
    assert protected(item) == {"openshift-dr-ops/disk-0", "payroll/disk-1"}


@pytest.mark.parametrize("phase", ["FailedOver", "Relocated", "Deployed"])
@pytest.mark.parametrize("progression", ["Cleaning Up", "WaitOnUserToCleanUp", "WaitForReadiness"])
def test_a_phase_alone_is_not_the_end(phase: str, progression: str) -> None:
    item = placement()
    item["status"].update(phase=phase, progression=progression)
    assert not is_settled(item)


def test_an_order_that_was_not_answered_is_not_the_one_before() -> None:
    item = placement()
    item["status"]["phase"] = "FailedOver"
    assert (is_settled(item), is_taken_up(item), is_failed_over(item)) == (True, True, True)
    item["metadata"]["generation"] = 2
    assert (is_settled(item), is_taken_up(item), is_failed_over(item)) == (False, False, False)


@pytest.mark.parametrize("name", ["Available", "PeerReady"])
def test_an_action_whose_condition_does_not_hold_has_not_ended(name: str) -> None:
    item = placement()
    tell(item, name, False, "Progressing", "not yet")
    assert not is_settled(item)


def test_a_primary_that_the_hub_placed_elsewhere_last_replicates_nowhere() -> None:
    item = placement()
    item["metadata"]["annotations"][LAST_PLACED] = "dr2"
    seen = status(group(), placement=item)
    assert (seen.role, seen.direction, seen.health) == ("primary", "none", "degraded")


def test_a_replication_that_the_hub_calls_unprotected_is_degraded() -> None:
    item = placement()
    tell(item, "Protected", False, "Error", "no sync for an hour")
    seen = status(group(), placement=item)
    assert (seen.health, seen.direction) == ("degraded", "outgoing")
    assert "no sync for an hour" in seen.message


def test_no_sync_is_made_up() -> None:
    """Where the storages are one (Metro), or before the first sync."""
    seen = status(group("secondary"))
    assert (seen.last_sync, seen.last_sync_source) == (None, "")


def test_what_the_hub_says_of_another_home_is_not_of_this_copy() -> None:
    item = placement()
    item["status"]["lastGroupSyncTime"] = "2026-03-01T12:00:00Z"
    assert status(group("secondary"), placement=item).last_sync is not None
    item["metadata"]["annotations"] = {}
    assert status(group("secondary"), placement=item).last_sync is None


def test_a_moment_that_a_copy_kept_from_before_is_none_of_it() -> None:
    """Of the time when it was primary."""
    item = group("secondary")
    item["status"]["lastGroupSyncTime"] = "2026-03-01T12:00:00Z"
    assert status(item).last_sync is None


def test_p1_of_a_group_that_nobody_may_write_to_no_sync_is_told() -> None:
    item, hub = group("secondary"), placement()
    hub["status"]["lastGroupSyncTime"] = "2026-03-01T12:00:00Z"
    item["status"]["state"] = "Unknown"
    seen = status(item, placement=hub)
    assert (seen.role, seen.last_sync, seen.direction) == ("unknown", None, "none")


@pytest.mark.parametrize("asked", ["primary", "secondary"])
def test_nothing_flows_while_the_hub_is_at_work(asked: str) -> None:
    hub = placement()
    assert status(group(asked), placement=hub).message == ""
    hub["status"]["progression"] = "Cleaning Up"
    seen = status(group(asked), placement=hub)
    assert (seen.direction, seen.health) == ("none", "degraded")
    assert "at the hub: placement to dr1, phase Deployed, progression Cleaning Up" in seen.message


@pytest.mark.parametrize("reason", ["Error", "Progressing"])
def test_p10_a_terminal_error_of_ramens_is_an_error_with_its_words(reason: str) -> None:
    item = group()
    item["status"]["state"] = "Unknown"
    tell(item, "DataReady", False, reason, "Failed to promote: no pool")
    seen = status(item)
    assert (seen.role, seen.health) == ("unknown", "error" if reason == "Error" else "unknown")
    assert "DataReady False: Failed to promote: no pool" in seen.message


def test_p10_a_reason_stands_in_for_a_message() -> None:
    item = group()
    tell(item, "ReplicationHealthy", False, "Error", "")
    assert "ReplicationHealthy False: Error" in status(item).message


@pytest.mark.parametrize(
    ("progression", "words"), [("WaitForFencing", "spec.clusterFence"), ("Paused", "recovered"), ("New", "conditions")]
)
def test_what_ramen_waits_for_has_a_remedy(progression: str, words: str) -> None:
    item = placement()
    item["status"]["progression"] = progression
    assert words in remedy(item)


def test_fields_that_a_version_lacks_are_no_error() -> None:
    item = {"metadata": {"name": "payroll", "namespace": "payroll"}, "spec": {"replicationState": "primary"}}
    assert role(item) == "unknown"
    assert "asked to be primary, state none" in describe(item)
    assert status(item).health == "unknown"
