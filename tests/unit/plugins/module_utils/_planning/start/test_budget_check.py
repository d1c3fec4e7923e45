# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.budget import Claim
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.budget_check import check_budget
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of


def findings(budget: int | None, **others: tuple[int, int]) -> list[tuple[str, str, str]]:
    """Of a plan with max_starting 20, beside others with theirs: (budget of the site, max_starting)."""
    west = {"kubeconfig": "west.yml"} | ({"max_starting": budget} if budget else {})
    plan = plan_of(sites={"east": {"kubeconfig": "east.yml"}, "west": west})
    recorded = {name: Claim(3, of_site, most, 360) for name, (of_site, most) in others.items()}
    return [(item.severity, item.code, item.message) for item in check_budget(plan, "west", recorded)]


@pytest.mark.parametrize(
    ("budget", "others"),
    [(8, {}), (None, {}), (8, {"payroll": (9, 20)}), (60, {"crm": (60, 40)})],
    ids=["alone", "no budget", "itself, earlier", "enough for both"],
)
def test_nothing_is_found_of(budget, others) -> None:
    assert findings(budget, **others) == []


def test_plans_that_want_more_together_than_the_budget_are_told() -> None:
    message = "30, and startup.max_starting of this plan and of crm, hr are 50 together"
    assert findings(30, hr=(30, 20), crm=(30, 10)) == [("info", "StartBudgetShared", message)]


def test_another_budget_in_another_plan_is_a_warning() -> None:
    message = "60 in this plan, in others crm: 40; the smallest holds while they start at once"
    assert findings(60, crm=(40, 10), hr=(60, 10)) == [("warning", "StartBudgetDiffers", message)]


def test_a_plan_without_the_budget_that_others_share_is_a_warning() -> None:
    message = "absent in this plan, in others crm: 40; starts of this plan are not counted"
    assert findings(None, crm=(40, 10)) == [("warning", "StartBudgetDiffers", message)]
