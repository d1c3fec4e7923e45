# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may write, by what a DellCSIReplicationGroup says of itself."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.dell_csm.status import (
    TURNS_AT_FAILOVER,
    group_status,
    is_given_up,
    role,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.dell_csm.double import (
    POWERFLEX,
    POWERMAX,
    POWERSTORE,
)

POLLED = "2026-03-01T12:00:00Z"


def item(link: str, source: bool, driver: str = POWERSTORE, state: str = "Ready", **changes: Any) -> dict[str, Any]:
    link_state = {"state": link, "isSource": source, "lastSuccessfulUpdate": POLLED}
    return {
        "metadata": {"name": "rg-1"},
        "spec": {"action": changes.pop("action", ""), "driverName": driver},
        "status": {"state": state, "replicationLinkState": link_state, **changes},
    }


def ended(action: str, result: str = "succeeded") -> dict[str, Any]:
    return {"conditions": [{"condition": f"Action {action} {result}", "time": POLLED}]}


@pytest.mark.parametrize(
    ("link", "source", "wanted"),
    [
        ("SYNCHRONIZED", True, ("primary", "healthy", "outgoing")),
        ("SYNCHRONIZED", False, ("secondary", "healthy", "incoming")),
        ("SYNC_IN_PROGRESS", True, ("primary", "healthy", "outgoing")),
        ("SYNC_IN_PROGRESS", False, ("secondary", "healthy", "incoming")),
        ("SUSPENDED", True, ("primary", "degraded", "none")),
        ("SUSPENDED", False, ("secondary", "degraded", "none")),
        ("INVALID", True, ("primary", "error", "none")),
        ("INVALID", False, ("secondary", "error", "none")),
        # of these the side is what it was before
        ("UNKNOWN", True, ("unknown", "error", "none")),
        ("EMPTY", False, ("unknown", "error", "none")),
        ("", True, ("unknown", "error", "none")),
    ],
)
def test_a_link_is_read_with_its_side(link: str, source: bool, wanted: tuple[str, str, str]) -> None:
    seen = group_status("payroll", "east", item(link, source))
    assert (seen.role, seen.health, seen.direction) == wanted


@pytest.mark.parametrize(
    ("driver", "source", "wanted"),
    [
        (POWERSTORE, True, "primary"),
        (POWERSTORE, False, "secondary"),
        (POWERMAX, False, "primary"),
        (POWERMAX, True, "secondary"),
        (POWERFLEX, False, "primary"),
        (POWERFLEX, True, "secondary"),
        ("csi-isilon.dellemc.com", False, "primary"),
        ("new.dellemc.com", True, "unknown"),
        ("new.dellemc.com", False, "unknown"),
    ],
)
def test_p1_after_a_failover_each_array_has_its_own_word_for_who_may_write(driver, source, wanted) -> None:
    assert role(item("FAILEDOVER", source, driver)) == wanted


@pytest.mark.parametrize("driver", TURNS_AT_FAILOVER)
def test_p1_a_copy_that_was_given_up_by_force_has_diverged(driver: str) -> None:
    source = not TURNS_AT_FAILOVER[driver]
    seen = group_status("payroll", "east", item("FAILEDOVER", source, driver))
    assert (seen.role, seen.health, seen.sync_proof) == ("secondary", "diverged", "")


def test_p3_a_planned_switch_is_its_own_proof() -> None:
    seen = group_status("payroll", "east", item("FAILEDOVER", False, **ended("FAILOVER_REMOTE")))
    assert (seen.role, seen.health) == ("secondary", "degraded")
    assert seen.sync_proof == "Action FAILOVER_REMOTE succeeded; link FAILEDOVER"


def test_a_copy_that_follows_again_proves_no_sync() -> None:
    assert group_status("payroll", "east", item("SYNCHRONIZED", False, **ended("FAILOVER_REMOTE"))).sync_proof == ""


@pytest.mark.parametrize("action", ["FAILOVER_REMOTE", "REPROTECT_LOCAL", "SWAP_LOCAL", "FAILBACK_LOCAL"])
def test_p1_who_may_write_is_unknown_while_a_switch_is_asked_for_or_under_way(action: str) -> None:
    assert role(item("SYNCHRONIZED", True, action=action)) == "unknown"
    seen = group_status("payroll", "east", item("SYNCHRONIZED", True, state=f"{action}_IN_PROGRESS"))
    assert (seen.role, seen.health) == ("unknown", "unknown")
    assert f"{action}_IN_PROGRESS" in seen.message


@pytest.mark.parametrize("action", ["SYNC", "SUSPEND", "CREATE_SNAPSHOT", "TEST_FAILOVER"])
def test_what_switches_nothing_changes_no_role(action: str) -> None:
    assert role(item("SYNCHRONIZED", True, state=f"{action}_IN_PROGRESS")) == "primary"


def test_an_error_of_the_last_action_is_told_and_changes_no_role() -> None:
    last = {"condition": "Action SYNC failed with error timed out", "errorMessage": "timed out"}
    seen = group_status("payroll", "east", item("SYNCHRONIZED", False, state="Error", lastAction=last))
    assert (seen.role, seen.health, seen.direction) == ("secondary", "degraded", "incoming")
    assert "Action SYNC failed with error timed out" in seen.message


def test_the_moment_at_which_the_monitor_looked_is_no_sync() -> None:
    seen = group_status("payroll", "east", item("SYNCHRONIZED", True))
    assert (seen.last_sync, seen.last_sync_source) == (None, "")


def test_an_object_without_a_status_says_nothing() -> None:
    bare = {"metadata": {"name": "rg-1"}, "spec": {"action": "", "driverName": POWERSTORE}}
    seen = group_status("payroll", "east", bare)
    assert (seen.role, seen.health) == ("unknown", "error")


def test_a_version_that_keeps_no_history_is_judged_by_its_last_action() -> None:
    last = {"condition": "Action FAILOVER_REMOTE succeeded", "time": POLLED}
    assert is_given_up(item("FAILEDOVER", False, lastAction=last))


def test_an_object_that_is_being_deleted_says_nothing() -> None:
    deleted = item("SYNCHRONIZED", True)
    deleted["metadata"]["deletionTimestamp"] = POLLED
    assert role(deleted) == "unknown"


def test_of_many_actions_the_newest_switch_counts() -> None:
    told = [
        {"condition": "Replication Link State:IsSource changed from (true) to (false)", "time": POLLED},
        {"condition": "Action SYNC succeeded", "time": POLLED},
        {"condition": "Action FAILOVER_REMOTE succeeded", "time": POLLED},
        {"condition": "Action REPROTECT_LOCAL succeeded", "time": POLLED},
    ]
    assert is_given_up(item("FAILEDOVER", False, conditions=told))
    assert not is_given_up(item("FAILEDOVER", False, conditions=told[3:]))
