# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import datetime

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.lease import PlanLock
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Failed, Unreachable
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan.sites import Reach
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.run import end
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import (
    MemoryApi,
    MemorySession,
    SimulatedTime,
    plan_of,
)

PLAN = plan_of()


class Sites:
    """Both sites of a run that holds its locks."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        clock = SimulatedTime().clock()
        self.west, self.east = MemoryApi("west", clock), MemoryApi("east", clock)
        self.session = MemorySession(self.west)
        self.source = Reach("east", "reachable", api=self.east)
        for api in (self.west, self.east):
            self.lock(api).take("r-1", 1)
        monkeypatch.setattr(end, "Session", self.session)
        monkeypatch.setattr(self.session, "reach_source", lambda: self.source, raising=False)

    def lock(self, api: MemoryApi) -> PlanLock:
        return PlanLock(api, PLAN.store_namespace, PLAN.name)

    def held(self) -> list[str]:
        return [api.site for api in (self.west, self.east) if self.lock(api).holder()]


@pytest.fixture
def sites(monkeypatch: pytest.MonkeyPatch) -> Sites:
    return Sites(monkeypatch)


@pytest.mark.parametrize("state", ["done", "failed"])
def test_the_run_is_closed_and_both_locks_are_freed(sites: Sites, state: str) -> None:
    assert end.end_run(PLAN, "r-1", state, False)["state"] == state
    assert sites.held() == []


def test_p4_a_source_that_does_not_answer_keeps_no_run_from_ending(sites: Sites) -> None:
    sites.source = Reach("east", "unreachable", "timed out")
    assert end.end_run(PLAN, "r-1", "done", False)["state"] == "done"
    assert sites.held() == ["east"]


def test_p4_a_source_that_was_dead_all_the_time_is_not_asked_for_its_lock(sites: Sites) -> None:
    sites.session.source_is_dead = True
    assert end.end_run(PLAN, "r-1", "done", False)["state"] == "done"
    assert sites.held() == ["east"]


def test_p4_a_source_that_dies_meanwhile_keeps_no_run_from_ending(
    sites: Sites, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dead(*_arguments: object) -> None:
        raise Unreachable("PUT")

    monkeypatch.setattr(sites.east, "replace", dead)
    assert end.end_run(PLAN, "r-1", "done", False)["state"] == "done"


def test_p5_a_run_that_is_done_is_not_ended_again(sites: Sites) -> None:
    end.end_run(PLAN, "r-1", "done", False)
    before = [*sites.west.writes, *sites.east.writes]
    assert end.end_run(PLAN, "r-1", "done", False)["changed"] is False
    assert [*sites.west.writes, *sites.east.writes] == before


def test_p9_check_mode_frees_no_lock(sites: Sites) -> None:
    assert end.end_run(PLAN, "r-1", "done", True)["changed"] is False
    assert sites.held() == ["west", "east"]


def test_the_end_keeps_what_was_measured_for_the_list_of_runs(sites: Sites) -> None:
    noon = datetime.fromisoformat(sites.session.run.started).timestamp()
    sites.session.put("startup", {"attempt": 1, "started": {"payroll/db": [noon + 10, 30.0]}})
    sites.session.put("switch", {"payroll": {"last_sync": "2026-03-01T11:59:55+00:00", "told": "", "forced": True}})
    end.end_run(PLAN, "r-1", "done", False)
    assert sites.session.summary == {"lost_seconds": 5.0, "rto_seconds": 40.0}


def test_p5_a_record_of_the_start_that_cannot_be_read_keeps_no_run_from_ending(
    sites: Sites, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(topic: str) -> object:
        if topic == "startup":
            raise Failed("read the run's record", seen="shards that do not belong together")
        return None

    monkeypatch.setattr(sites.session, "load", load)
    assert end.end_run(PLAN, "r-1", "done", False)["state"] == "done"
    assert sites.held() == []
