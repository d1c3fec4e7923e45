# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import CONFIG_MAP
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Failed
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan.sites import Reach
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.start import budget_record as start_budget_record
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.start.budget import SiteBudget, claims_of
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.start.budget_record import (
    budget_findings,
    make_known,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, MemorySession, plan_of


class Denied(MemoryApi):
    """Lets nobody write."""

    def create(self, *_given: Any) -> dict[str, Any]:
        raise Failed("POST", site=self.site, status=403)


def plan(name: str = "payroll", **budgets: int) -> Plan:
    sites = {site: {"kubeconfig": f"{site}.yml"} for site in ("east", "west")}
    for site, budget in budgets.items():
        sites[site] |= {"max_starting": budget}
    return plan_of(name=name, sites=sites)


@pytest.fixture
def east() -> MemoryApi:
    return MemoryApi("east")


@pytest.fixture
def west(monkeypatch: pytest.MonkeyPatch) -> MemoryApi:
    api = MemoryApi("west")
    monkeypatch.setattr(start_budget_record, "reach", lambda _plan, site: Reach(site, "reachable", api=api))
    return api


def test_a_plan_without_a_budget_makes_nothing_known(east: MemoryApi, west: MemoryApi) -> None:
    assert (make_known(plan(), east, False), east.objects, west.objects) == ([], {}, {})


def test_a_plan_is_known_where_it_has_a_budget_and_once(east: MemoryApi, west: MemoryApi) -> None:
    assert make_known(plan(west=8), east, False) == ["start budget of west: the plan shares it"]
    assert (make_known(plan(west=8), east, False), east.objects) == ([], {})
    found = [(item.severity, item.code) for item in budget_findings(plan("crm", west=9), west)]
    assert found == [("warning", "StartBudgetDiffers"), ("info", "StartBudgetShared")]


def test_a_changed_plan_is_made_known_again(east: MemoryApi, west: MemoryApi) -> None:
    make_known(plan(west=8), east, False)
    assert make_known(plan(west=9), east, False) == ["start budget of west: the plan shares it"]
    assert [item.code for item in budget_findings(plan("crm", west=9), west)] == ["StartBudgetShared"]


def test_the_claim_of_a_start_that_is_under_way_is_left_alone(east: MemoryApi, west: MemoryApi) -> None:
    SiteBudget(MemorySession(west, plan(west=8)), west, 8, 3).update(0, 50)
    assert make_known(plan(west=9), east, False) == []
    assert claims_of(west.get(CONFIG_MAP, "start-budget", "ocpvirt-dr"))["payroll"].grant == 8


def test_p9_check_mode_makes_nothing_known(east: MemoryApi, west: MemoryApi) -> None:
    assert make_known(plan(west=8), east, True) == ["start budget of west: the plan shares it"]
    assert west.objects == {}


@pytest.mark.parametrize("there", [None, Denied("west")], ids=["silent", "denied"])
def test_a_site_that_cannot_be_written_stops_no_protection(east: MemoryApi, monkeypatch, there) -> None:
    monkeypatch.setattr(start_budget_record, "reach", lambda _plan, site: Reach(site, "failed", api=there))
    assert make_known(plan(east=8, west=8), east, False) == ["start budget of east: the plan shares it"]
