# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a plan lives, how it replicates, what was captured, what was run."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from ..._cluster.api import Api
from ..._cluster.lease import PlanLock
from ..._errors import DrError
from ..._model.group_status import GroupStatus, unknown
from ..._model.plan import Plan
from ..._model.run import REFRESH, Run
from ..._planning.guards.home import known_site
from ..._planning.guards.phase import phase_of
from ..._planning.rehearsal.history import last_test
from ..._planning.report.summary import history_line
from ..._planning.restore.stage_record import last_refresh
from ..._planning.status_table import status_table
from ..capture.metadata_source import source_of
from ..inventory.site_report import site_report
from ..plan.asking import ask_sites, reach_sites
from ..plan.sites import Reach
from ..report.history import history_of

LAST_RUNS = 5


def plan_status(plan: Plan) -> dict[str, Any]:
    """A report from whatever answers; nothing that is missing makes it fail."""
    names = list(plan.sites)
    by_site, groups = _ask(plan, names)
    reached = list(by_site.values())
    now = datetime.now(UTC)
    runs = history_of(plan, reached).runs
    lives_at = known_site(plan, groups, runs)
    # a schedule makes refreshes by the hour, and the stage says what the last one did
    moves = [run for run in runs if run.operation != REFRESH]
    report = {
        "changed": False,
        "plan": plan.name,
        "lives_at": lives_at or "",
        "phase": _phase(plan, groups, lives_at),
        "sites": {there.site: site_report(plan, there) for there in reached},
        "groups": [
            {
                **status.as_dict(),
                "raw": {},
                "lag_seconds": lag.total_seconds() if (lag := status.lag(now)) is not None else None,
            }
            for site in names
            for status in groups[site]
        ],
        "captures": {there.site: _captures(plan, there.api) for there in reached if there.api is not None},
        "stage": _stage(plan, runs, lives_at, now),
        "last_test": last_test(runs, now),
        "lock": _lock(plan, reached),
        "fence_debts": [f"{run.id}: {run.fence_debt}" for run in runs if run.fence_debt],
        "runs": [history_line(run) for run in moves[-LAST_RUNS:]],
    }
    return {**report, "table": status_table(report)}


def _ask(plan: Plan, names: Collection[str]) -> tuple[Mapping[str, Reach], Mapping[str, list[GroupStatus]]]:
    try:
        asked = ask_sites(plan, names)
    except DrError as error:
        # which product replicates, nobody shows
        return reach_sites(plan), {name: [unknown(group.name, name, error) for group in plan.groups] for name in names}
    return asked.reached, asked.groups


def _phase(plan: Plan, groups: Mapping[str, list[GroupStatus]], lives_at: str | None) -> str:
    """As `replication_info` judges it; unclear also where the roles fit and nobody knows who moved the plan last."""
    home, away = plan.home, plan.peer_of(plan.home)
    phase = phase_of(home, away, groups[home], groups[away]) if lives_at else None
    return phase or "unclear"


def _stage(plan: Plan, runs: list[Run], lives_at: str | None, now: datetime) -> dict[str, Any]:
    """Empty where the plan wants none, or nobody knows where one could be; without a capture where there is none."""
    if not plan.metadata.prestage or lives_at is None:
        return {}
    site = plan.peer_of(lives_at)
    known = last_refresh(runs, site)
    return known.as_dict(now) if known else {"site": site, "capture": ""}


def _lock(plan: Plan, reached: list[Reach]) -> dict[str, str]:
    held = {}
    for there in reached:
        if there.api is None:
            continue
        try:
            holder = PlanLock(there.api, plan.store_namespace, plan.name).holder()
        except DrError:
            continue
        if holder:
            held[there.site] = f"{holder.identity}, renewed {holder.renewed}"
    return held


def _captures(plan: Plan, api: Api) -> list[dict[str, Any]]:
    try:
        return [info.as_dict() for info in source_of(plan).catalog(api)[:3]]
    except DrError as error:
        return [{"name": "", "site": "", "created": "", "phase": str(error), "complete": False, "findings": []}]
