# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the plans that start at a site agree on its start budget. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..._model.finding import Finding
from ..._model.plan import Plan
from .budget import Claim


def check_budget(plan: Plan, site: str, recorded: Mapping[str, Claim]) -> Iterator[Finding]:
    """recorded: what other plans said of it when they were protected, or last started there."""
    others = {name: claim for name, claim in sorted(recorded.items()) if name != plan.name}
    budget, on = plan.site(site).max_starting, f"sites.{site}.max_starting"
    if not others:
        return
    differing = {name: claim.budget for name, claim in others.items() if claim.budget != budget}
    if differing:
        said = ", ".join(f"{name}: {value}" for name, value in differing.items())
        meaning = "the smallest holds while they start at once" if budget else "starts of this plan are not counted"
        message = f"{budget or 'absent'} in this plan, in others {said}; {meaning}"
        yield Finding("warning", "StartBudgetDiffers", on, message, "give it the same value in all plans", site)
    wanted = plan.startup.max_starting + sum(claim.most for claim in others.values())
    if budget and wanted > budget:
        names = ", ".join(others)
        message = f"{budget}, and startup.max_starting of this plan and of {names} are {wanted} together"
        remedy = "if the site can start more at once, raise it; startup.priority says who gets more of it"
        yield Finding("info", "StartBudgetShared", on, message, remedy, site)
