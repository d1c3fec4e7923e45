# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A promotion by force looks at what is left at a source that answers, and else at what its stop had left."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import GroupStatus, silent
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan.sites import Reach
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.replication import replication
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, MemorySession, plan_of

VMI = "VirtualMachineInstance/payroll/db-0"


class Storage:
    """West's, which promotes what it is asked for."""

    def __init__(self) -> None:
        self.role = "secondary"

    def atomic(self) -> frozenset[str]:
        return frozenset()

    def promote(self, groups: list[Any], _site: str, _forced: bool) -> list[str]:
        self.role = "primary"
        return [group.name for group in groups]

    def observe(self, sites: list[str], proofs: bool = True) -> dict[str, list[GroupStatus]]:
        return {site: [GroupStatus("payroll", site, self.role, "healthy", "incoming")] for site in sites}  # type: ignore[arg-type]


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Any:
    """East was declared lost; its storage is silent."""
    found: Any = MemorySession(MemoryApi())
    found.groups = Storage()
    found.here = found.groups.observe(["west"])["west"]
    found.there = [silent("payroll", "east", "timed out")]
    found.update(declared_lost="east")
    found.reach_source = lambda: Reach("east", "unreachable", "timed out")
    monkeypatch.setattr(replication, "Session", found)
    return found


def promote(session: Any, left: list[str] | None, check_mode: bool = False) -> list[str]:
    session.put("quiesce", {"proven_off": not left, "site": "east", "left": left})
    return list(replication.switch(plan_of(), "r-1", "west", "primary", True, check_mode)["groups"])


@pytest.mark.parametrize("left", [None, [], ["VolumeAttachment/csi-1"]])
def test_p4_a_dead_storage_stops_no_promotion_once_vms_are_off_or_nobody_answers(session: Any, left: Any) -> None:
    promote(session, left)
    assert session.groups.role == "primary"


def test_p1_no_copy_is_promoted_while_the_living_cluster_of_a_dead_storage_has_vms(session: Any) -> None:
    with pytest.raises(Refused, match=f"east answers, and 1 are left there: {VMI}"):
        promote(session, [VMI])
    assert session.groups.role == "secondary"


@pytest.mark.parametrize(
    ("stopped", "now", "promotes"), [([], [VMI], False), (None, [VMI], False), ([VMI], [], True), ([VMI], None, False)]
)
def test_p1_what_has_changed_since_the_stop_counts_where_the_source_answers(
    session: Any, monkeypatch: pytest.MonkeyPatch, stopped: Any, now: Any, promotes: bool
) -> None:
    session.reach_source = lambda: Reach("east", "reachable", api=MemoryApi("east"))
    monkeypatch.setattr(
        replication, "seen_left", lambda _plan, there: now if there.site == "east" else pytest.fail(there.site)
    )
    with nullcontext() if promotes else pytest.raises(Refused, match="east answers, and 1 are left there"):
        promote(session, stopped)
    assert (session.groups.role == "primary") == promotes


@pytest.mark.parametrize(
    ("stopped", "refuses", "waived", "promotes"),
    [
        (None, True, None, False),
        # what was proven off was then: nobody sees what has come up since
        ([], True, None, False),
        (None, True, "its identity provider burned, its racks have no power", True),
        # a broken server, whose cluster may be gone
        (None, False, None, True),
        ([VMI], False, None, False),
    ],
)
def test_p1_a_source_that_refuses_to_be_asked_is_no_silent_one(
    session: Any, stopped: list[str] | None, refuses: bool, waived: str | None, promotes: bool
) -> None:
    session.reach_source = lambda: Reach("east", "failed", "Unauthorized; HTTP status 401", refuses=refuses)
    session.update(waived_fencing=waived)
    with nullcontext() if promotes else pytest.raises(Refused, match=r"at site west.* east answers"):
        promote(session, stopped)
    assert (session.groups.role == "primary") == promotes


def test_p4_a_source_that_is_dead_is_not_asked_once_more(session: Any) -> None:
    session.source_is_dead = True
    session.reach_source = lambda: pytest.fail("it was asked")
    promote(session, None)
    assert session.groups.role == "primary"


def test_p1_what_a_person_bears_by_name_stops_no_promotion(session: Any) -> None:
    session.update(waived_fencing="its rack has no power")
    promote(session, [VMI])
    assert session.groups.role == "primary"


def test_p9_in_check_mode_nothing_was_stopped_and_the_decisions_are_shown_all_the_same(session: Any) -> None:
    promote(session, [VMI], check_mode=True)
    assert session.groups.role == "secondary"
