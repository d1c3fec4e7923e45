# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.lease import PlanLock
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Unreachable
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.run import HookRecord, Run, StepRecord
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


def test_the_summary_lists_the_steps_in_their_order_with_their_seconds() -> None:
    run = Run("r-1", "payroll", "failover", "east", "west", "f00d", "2026-03-01T12:00:00+00:00", fence_debt="flood")
    run = run.with_step("start", StepRecord("running", 2, "2026-03-01T12:03:00+00:00"))
    run = run.with_step(
        "begin", StepRecord("done", 1, "2026-03-01T12:00:00+00:00", "2026-03-01T12:00:02.345+00:00", {"groups": 1})
    )
    found = end.summary(run)
    assert found["fence_debt"] == "flood"
    assert [(step["name"], step["state"], step["seconds"], step["summary"]) for step in found["steps"]] == [
        ("begin", "done", 2.3, {"groups": 1}),
        ("start", "running", None, {}),
    ]


def test_the_summary_lists_the_hooks_as_they_ran() -> None:
    hooks = {
        "after_start a.yml": HookRecord("failed", 1, "2026-03-01T12:03:00+00:00", "2026-03-01T12:03:01+00:00", "no"),
        "before_start b.yml": HookRecord("running", 1, "2026-03-01T12:02:00+00:00"),
    }
    run = Run("r-1", "payroll", "failover", "east", "west", "f00d", "2026-03-01T12:00:00+00:00", hooks=hooks)
    assert [(hook["name"], hook["state"], hook["seconds"], hook["error"]) for hook in end.summary(run)["hooks"]] == [
        ("before_start b.yml", "running", None, ""),
        ("after_start a.yml", "failed", 1.0, "no"),
    ]
