# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import GroupStatus
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.run import Run
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.checks import readiness
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan.sites import Reach
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of

MOVED = Run("r-1", "payroll", "failover", "east", "west", "f00d", "2026-03-01T12:00:00+00:00", state="done")


@pytest.mark.parametrize(("runs", "lives_at"), [([], ""), ([MOVED], "west")])
def test_p1_two_primaries_are_a_blocker_whether_or_not_a_run_says_where_the_plan_lives(
    monkeypatch: pytest.MonkeyPatch, runs: list[Run], lives_at: str
) -> None:
    plan = plan_of()
    groups = {site: [GroupStatus("payroll", site, "primary", "healthy", "none")] for site in plan.sites}
    reached = {site: Reach(site, "unreachable", "timed out") for site in plan.sites}
    asked = SimpleNamespace(reached=reached, groups=groups, replication=None)
    monkeypatch.setattr(readiness, "ask_sites", lambda *_given: asked)
    monkeypatch.setattr(readiness, "history_of", lambda *_given: SimpleNamespace(runs=runs, unread={}))
    found = readiness.readiness(plan)
    assert (found["lives_at"], found["ready"]) == (lives_at, False)
    assert [item["code"] for item in found["findings"] if item["severity"] == "blocker"] == [
        "BothPrimary",
        "SiteUnreachable",
        "SiteUnreachable",
    ]


def test_p10_a_site_that_refuses_us_is_named_with_its_answer() -> None:
    there = Reach("east", "failed", "Unauthorized; HTTP status 401", refuses=True)
    (finding,) = readiness._site(plan_of(), there)
    assert (finding.severity, finding.code, finding.on) == ("blocker", "SiteFailed", "Site/east")
    assert (finding.message, finding.remedy) == (there.message, "bring it back, or correct its access")
