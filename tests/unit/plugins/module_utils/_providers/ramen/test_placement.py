# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a DRPlacementControl has to show before an order counts, each of it by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ramen.placement import (
    describe,
    is_failed_over,
    is_relocated,
    is_settled,
    is_untouched,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.ramen.api import tell
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.ramen.world import placement

Change = Callable[[dict[str, Any]], Any]


def being_deleted(item: dict[str, Any]) -> None:
    item["metadata"]["deletionTimestamp"] = "2026-03-01T12:00:00Z"


def unanswered(item: dict[str, Any]) -> None:
    item["metadata"]["generation"] = 3


def cleaning_up(item: dict[str, Any]) -> None:
    item["status"]["progression"] = "Cleaning Up"


def unavailable(item: dict[str, Any]) -> None:
    tell(item, "Available", False, "Progressing", "not yet")


def peer_not_ready(item: dict[str, Any]) -> None:
    tell(item, "PeerReady", False, "Progressing", "not yet")


def phase(name: str) -> Change:
    return lambda item: item["status"].update(phase=name)


def ended(action: str, **spec: str) -> dict[str, Any]:
    """As Ramen leaves it: the second order that it had, done."""
    item = placement()
    item["metadata"]["generation"] = 2
    item["spec"] |= {"action": action, **spec}
    item["status"] |= {"phase": "Relocated" if action == "Relocate" else "FailedOver", "observedGeneration": 2}
    for name in ("Available", "PeerReady", "Protected"):
        tell(item, name, True, "Success", "Ready")
    return item


@pytest.mark.parametrize(
    "change",
    [
        being_deleted,
        unanswered,
        cleaning_up,
        unavailable,
        peer_not_ready,
        phase("Deployed"),
        phase("Relocating"),
        phase("FailedOver"),
        lambda item: item["spec"].update(preferredCluster="dr1"),
        lambda item: item["spec"].update(action="Failover", failoverCluster="dr2"),
    ],
    ids=[
        "being deleted",
        "not answered",
        "cleaning up",
        "not available",
        "peer not ready",
        "deployed",
        "under way",
        "failed over",
        "elsewhere",
        "by failover",
    ],
)
def test_p3_a_relocation_has_ended_only_where_everything_says_so(change: Change) -> None:
    item = ended("Relocate", preferredCluster="dr2")
    assert is_relocated(item, "dr2")
    change(item)
    assert not is_relocated(item, "dr2")


@pytest.mark.parametrize("name", ["FailingOver", "Relocated", "Deployed", "WaitForUser", "Initiating"])
def test_another_phase_is_no_failover(name: str) -> None:
    item = ended("Failover", failoverCluster="dr2")
    assert is_failed_over(item)
    item["status"]["phase"] = name
    assert not is_failed_over(item)


def test_a_failover_counts_before_the_lost_site_is_cleaned_up() -> None:
    item = ended("Failover", failoverCluster="dr2")
    cleaning_up(item)
    peer_not_ready(item)
    assert (is_failed_over(item), is_settled(item)) == (True, False)


@pytest.mark.parametrize(
    "before",
    [cleaning_up, unavailable, peer_not_ready, phase("Relocating")],
    ids=["cleaning", "no", "peer", "under way"],
)
def test_p1_an_order_that_came_upon_another_one_is_not_untouched(before: Change) -> None:
    item = ended("Relocate", preferredCluster="dr1")
    unanswered(item)
    assert is_untouched(item)
    item["metadata"]["generation"] = 2
    before(item)
    unanswered(item)
    assert not is_untouched(item)


def test_p1_an_order_that_was_answered_is_not_untouched() -> None:
    item = ended("Relocate", preferredCluster="dr1")
    unanswered(item)
    tell(item, "Available", None, "Paused", "the hub was recovered")
    assert not is_untouched(item)
    assert "Available Unknown: the hub was recovered" in describe(item)


def test_p10_what_holds_an_order_up_is_said() -> None:
    item = ended("Relocate", preferredCluster="dr2")
    assert describe(item).startswith("Relocate to dr2, phase Relocated, progression Completed, Available True: Ready")
    unanswered(item)
    assert "not taken up by the hub's operator, Available True (before the last order): Ready" in describe(item)
    being_deleted(item)
    item["spec"]["dryRun"] = True
    assert "dryRun is set, being deleted" in describe(item)
