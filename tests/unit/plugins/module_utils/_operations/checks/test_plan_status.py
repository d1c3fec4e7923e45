# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import GroupStatus
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.run import Run
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.checks import plan_status
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.inventory.site_report import site_report
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan.sites import Reach
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.status_table import _site
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of

MOVED = Run("r-1", "payroll", "failover", "east", "west", "f00d", "2026-03-01T12:00:00+00:00", state="done")
FLOWS: dict[str, Any] = {"primary": "outgoing", "secondary": "incoming", "unknown": "none"}
REPORT = {"state": "reachable", "version": "v1.34.4", "apis": {}, "vms": {"total": 1, "running": 0}}


@pytest.mark.parametrize(
    ("east", "west", "runs", "lives_at", "phase"),
    [
        ("primary", "secondary", [], "east", "normal"),
        ("unknown", "primary", [MOVED], "west", "failed_over"),
        ("secondary", "primary", [MOVED], "west", "failback_prep"),
        # the lost site is back as it was
        ("primary", "primary", [MOVED], "west", "unclear"),
        ("primary", "primary", [], "", "unclear"),
        # where the plan was moved gives no answer
        ("primary", "unknown", [MOVED], "", "unclear"),
    ],
)
def test_a_plan_lives_where_a_run_would_take_it_to_live(
    monkeypatch: pytest.MonkeyPatch, east: Any, west: Any, runs: list[Run], lives_at: str, phase: str
) -> None:
    groups = {
        site: [GroupStatus("db", site, role, "healthy", FLOWS[role])] for site, role in (("east", east), ("west", west))
    }
    reached = {site: Reach(site, "unreachable", "timed out") for site in groups}
    monkeypatch.setattr(plan_status, "ask_sites", lambda *_: SimpleNamespace(reached=reached, groups=groups))
    monkeypatch.setattr(plan_status, "history_of", lambda *_: SimpleNamespace(runs=runs))
    monkeypatch.setattr(plan_status, "site_report", lambda *_: REPORT)
    monkeypatch.setattr(
        plan_status,
        "history_line",
        lambda _run: {
            **dict.fromkeys(("run_id", "state", "started"), ""),
            **dict.fromkeys(("seconds", "lost_seconds", "rto_seconds")),
        },
    )
    status = plan_status.plan_status(plan_of())
    assert (status["lives_at"], status["phase"]) == (lives_at, phase)


def test_of_a_site_that_refuses_us_no_vms_are_counted() -> None:
    report = site_report(plan_of(), Reach("east", "failed", "Unauthorized; HTTP status 401", refuses=True))
    assert (report["state"], report["message"]) == ("failed", "Unauthorized; HTTP status 401")
    assert _site("east", report) == ["east", "failed", "?", "?", "?", "-"]


def test_p4_a_provider_that_no_site_shows_is_said_of_the_groups_and_the_rest_is_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its plan names none, the site with its claims is lost, and the other one has no capture that can be read."""

    def undetected(*_: Any) -> Any:
        raise Refused("detect the replication provider", seen="none", next_step="name it in the plan")

    reached = {site: Reach(site, "unreachable", "timed out") for site in ("east", "west")}
    monkeypatch.setattr(plan_status, "ask_sites", undetected)
    monkeypatch.setattr(plan_status, "reach_sites", lambda *_: reached)
    status = plan_status.plan_status(plan_of())
    assert {name: report["state"] for name, report in status["sites"].items()} == dict.fromkeys(reached, "unreachable")
    assert [(group["site"], group["role"], group["health"]) for group in status["groups"]] == [
        ("east", "unknown", "error"),
        ("west", "unknown", "error"),
    ]
    assert "name it in the plan" in status["groups"][0]["message"]
