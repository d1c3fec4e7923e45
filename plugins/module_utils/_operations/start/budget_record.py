# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a site knows of the plans that share its start budget, outside of their starts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..._cluster.api import Api
from ..._cluster.kinds import CONFIG_MAP
from ..._errors import DrError
from ..._model.finding import Finding
from ..._model.names import SITE_NAMESPACE
from ..._model.plan import Plan
from ..._planning.start.budget_check import check_budget
from ..plan.sites import reach
from .budget import NAME, claims_of, stated, write_claims


def make_known(plan: Plan, here: Api, check_mode: bool) -> list[str]:
    """Where the plan has a budget, what it says of it, for `check` of other plans. What was, or would be, written.

    A site that does not answer or lets nobody write is passed over: a start there makes it known as well.
    """
    written = []
    for site in plan.sites.values():
        if site.max_starting is None:
            continue
        api = here if site.name == here.site else reach(plan, site.name).api
        try:
            if api is not None and _keep(plan, api, site.max_starting, check_mode):
                written.append(f"start budget of {site.name}: the plan shares it")
        except DrError:
            continue
    return written


def budget_findings(plan: Plan, api: Api) -> Iterator[Finding]:
    """What `check` says of the site's budget."""
    return check_budget(plan, api.site, claims_of(api.find(CONFIG_MAP, NAME, SITE_NAMESPACE)))


def is_remembered(plan: Plan, api: Api) -> bool:
    return plan.name in ((api.find(CONFIG_MAP, NAME, SITE_NAMESPACE) or {}).get("data") or {})


def forget(plan: Plan, api: Api) -> None:
    """For a plan that starts nothing: what it said of the budget is of no interest any more."""
    api.patch(CONFIG_MAP, NAME, SITE_NAMESPACE, {"data": {plan.name: None}})


def _keep(plan: Plan, api: Api, budget: int, check_mode: bool) -> bool:
    found = api.find(CONFIG_MAP, NAME, SITE_NAMESPACE)
    before, said = claims_of(found).get(plan.name), stated(plan, budget)
    # a start knows of VMs that may take longer
    kept = before and replace(said, renewed=before.renewed, expires=before.expires)
    if before is not None and (before.active or kept == before):
        return False
    if not check_mode:
        write_claims(api, found, {plan.name: replace(said, renewed=before.renewed if before else 0)})
    return True
