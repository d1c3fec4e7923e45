# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A promotion that was killed when its copies were primaries: a planned one did not replicate to their old source yet,
a forced one may have left them to somebody who lets no guest write."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import (
    GroupStatus,
    SyncProof,
    silent,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan.sites import Reach
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.replication import replication
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, MemorySession, plan_of


class Storage:
    """West's, which is primary. asked: the promotions. ended: forced ones that were looked at again."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.ended: list[str] = []

    def atomic(self) -> frozenset[str]:
        return frozenset()

    def promote(self, groups: list[Any], site: str, _forced: bool) -> list[str]:
        self.asked += [site for _group in groups]
        return [group.name for group in groups]

    def end_forced(self, groups: list[Any], site: str) -> None:
        self.ended += [site for _group in groups]

    def observe(self, sites: list[str], proofs: bool = True) -> dict[str, list[GroupStatus]]:
        return {site: [GroupStatus("payroll", site, "primary", "healthy", "outgoing")] for site in sites}


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Any:
    found: Any = MemorySession(MemoryApi())
    found.groups = Storage()
    proof = SyncProof("payroll", True, "the triggers", "sent", "received", "2026-03-01T12:00:00+00:00")
    found.put("sync", [proof.as_dict()])
    monkeypatch.setattr(replication, "Session", found)
    return found


def promote(session: Any, direction: Any, east: GroupStatus, forced: bool = False, check_mode: bool = False) -> Any:
    session.here = [GroupStatus("payroll", "west", "primary", "degraded", direction)]
    session.there = [east]
    replication.switch(plan_of(), "r-1", "west", "primary", forced, check_mode)
    return session.groups.asked


def test_p5_what_it_left_open_is_ended_by_the_next_attempt(session: Any) -> None:
    east = GroupStatus("payroll", "east", "secondary", "healthy", "none")
    assert promote(session, "none", east) == ["west"]


def test_p5_what_replicates_already_is_left_alone(session: Any) -> None:
    east = GroupStatus("payroll", "east", "secondary", "healthy", "incoming")
    assert promote(session, "outgoing", east) == []


def test_p4_an_old_source_that_does_not_answer_any_more_is_not_waited_for(session: Any) -> None:
    assert promote(session, "none", silent("payroll", "east", "timed out")) == []


@pytest.mark.parametrize("forced", [True, False])
def test_p5_what_a_forced_one_left_open_is_ended_by_the_next_attempt(session: Any, forced: bool) -> None:
    session.update(declared_lost="east")
    session.reach_source = lambda: Reach("east", "unreachable", "timed out")
    session.put("quiesce", {"proven_off": True, "site": "east", "left": []})
    assert promote(session, "outgoing", silent("payroll", "east", "timed out"), forced) == []
    assert session.groups.ended == (["west"] if forced else [])


def test_p9_in_check_mode_nothing_is_ended(session: Any) -> None:
    session.update(declared_lost="east")
    session.reach_source = lambda: Reach("east", "unreachable", "timed out")
    promote(session, "outgoing", silent("payroll", "east", "timed out"), forced=True, check_mode=True)
    assert session.groups.ended == []
