# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A planned promotion that was killed when its copies were primaries, and did not replicate to their old source yet."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import (
    GroupStatus,
    SyncProof,
    silent,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.replication import replication
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, MemorySession, plan_of


class Storage:
    """West's, which is primary. asked: the promotions."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def atomic(self) -> frozenset[str]:
        return frozenset()

    def promote(self, groups: list[Any], site: str, _forced: bool) -> list[str]:
        self.asked += [site for _group in groups]
        return [group.name for group in groups]

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


def promote(session: Any, direction: Any, east: GroupStatus) -> list[str]:
    session.here = [GroupStatus("payroll", "west", "primary", "degraded", direction)]
    session.there = [east]
    replication.switch(plan_of(), "r-1", "west", "primary", False, False)
    return list(session.groups.asked)


def test_p5_what_it_left_open_is_ended_by_the_next_attempt(session: Any) -> None:
    east = GroupStatus("payroll", "east", "secondary", "healthy", "none")
    assert promote(session, "none", east) == ["west"]


def test_p5_what_replicates_already_is_left_alone(session: Any) -> None:
    east = GroupStatus("payroll", "east", "secondary", "healthy", "incoming")
    assert promote(session, "outgoing", east) == []


def test_p4_an_old_source_that_does_not_answer_any_more_is_not_waited_for(session: Any) -> None:
    assert promote(session, "none", silent("payroll", "east", "timed out")) == []
