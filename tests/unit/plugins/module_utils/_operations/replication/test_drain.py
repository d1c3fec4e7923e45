# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a demotion could keep from the peer is waited for before it, where it is a planned one."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused, Timeout
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import GroupStatus
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.replication import replication
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, MemorySession, plan_of


class Storage:
    """East's, whose peer takes what is left or, where it cannot, says so."""

    def __init__(self) -> None:
        self.roles = {"east": "primary", "west": "secondary"}
        self.did: list[str] = []
        self.cut = False

    def atomic(self) -> frozenset[str]:
        return frozenset()

    def drain(self, groups: list[Any], source: str) -> None:
        self.did.append(f"drain {len(groups)} at {source}")
        if self.cut:
            raise Timeout("wait until the peer has replayed the journals", site="west", seen="standstill")

    def demote(self, groups: list[Any], site: str) -> list[str]:
        self.did.append(f"demote {len(groups)} at {site}")
        self.roles[site] = "secondary"
        return [group.name for group in groups]

    def observe(self, sites: list[str], proofs: bool = True) -> dict[str, list[GroupStatus]]:
        return {site: [GroupStatus("payroll", site, self.roles[site], "healthy", "none")] for site in sites}  # type: ignore[arg-type]


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A planned move from east to west, whose VMs are proven off."""
    found: Any = MemorySession(MemoryApi())
    found.groups = Storage()
    seen(found)
    found.update(operation="relocate")
    found.put("quiesce", {"proven_off": True, "site": "east", "left": []})
    monkeypatch.setattr(replication, "Session", found)
    return found


def seen(session: Any) -> None:
    session.here = session.groups.observe(["west"])["west"]
    session.there = session.groups.observe(["east"])["east"]


def demote(check_mode: bool = False) -> None:
    replication.switch(plan_of(), "r-1", "east", "secondary", False, check_mode)


def test_p3_the_source_of_a_planned_move_is_drained_before_its_demotion(session: Any) -> None:
    demote()
    assert session.groups.did == ["drain 1 at east", "demote 1 at east"]


def test_p3_a_source_that_cannot_be_drained_stays_primary(session: Any) -> None:
    session.groups.cut = True
    with pytest.raises(Timeout, match="standstill"):
        demote()
    assert session.groups.roles["east"] == "primary"


def test_p5_who_lost_the_lock_while_it_drained_demotes_nothing(session: Any) -> None:
    session.lock_holds = 1
    with pytest.raises(Refused, match="another attempt holds the lock"):
        demote()
    assert session.groups.did == ["drain 1 at east"]


def test_p5_what_an_earlier_attempt_has_demoted_is_not_drained_again(session: Any) -> None:
    session.groups.roles["east"] = "secondary"
    seen(session)
    demote()
    assert session.groups.did == ["drain 0 at east", "demote 0 at east"]


def test_p4_an_old_primary_is_demoted_without_waiting_for_a_peer_that_follows_it_no_more(session: Any) -> None:
    session.update(operation="reprotect")
    session.groups.roles["west"] = "primary"
    seen(session)
    demote()
    assert session.groups.did == ["demote 1 at east"]


def test_p9_check_mode_waits_for_nothing(session: Any) -> None:
    demote(check_mode=True)
    assert session.groups.did == []
