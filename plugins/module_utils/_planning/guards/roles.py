# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is each group primary at one site and a healthy, fresh secondary at the other? Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from ..._model.finding import Finding
from ..._model.group_status import GroupStatus
from ..._model.plan import Plan
from .freshness import lag_findings, seen_lag

UNWELL = ("degraded", "diverged", "error")


def role_findings(
    plan: Plan, groups: Mapping[str, Sequence[GroupStatus]], lives_at: str | None, now: datetime
) -> Iterator[Finding]:
    """lives_at: None where nobody knows it; then nobody can say which of the two is the copy."""
    by_name = {site: {status.group: status for status in groups[site]} for site in plan.sites}
    for group in plan.groups:
        seen = {site: by_name[site][group.name] for site in plan.sites}
        on = f"group {group.name}"
        yield from _unclear(on, seen)
        for site, status in seen.items():
            if status.health in UNWELL:
                yield Finding("warning", "Replication", on, f"{status.health}: {status.message}", "repair it", site)
        # two primaries are no copies of each other
        if lives_at is not None and seen[plan.peer_of(lives_at)].role != "primary":
            lag = seen_lag(seen[plan.peer_of(lives_at)], seen[lives_at], now)
            yield from lag_findings(group.name, group.max_lag, lag)


def _unclear(on: str, seen: Mapping[str, GroupStatus]) -> Iterator[Finding]:
    roles = [status.role for status in seen.values()]
    shown = ", ".join(f"{site} {status.role}" for site, status in seen.items())
    if roles.count("primary") > 1:
        remedy = "find out which copy is wanted and resynchronise the other"
        yield Finding("blocker", "BothPrimary", on, shown, remedy)
    elif set(roles) != {"primary", "secondary"}:
        messages = "; ".join(status.message for status in seen.values() if status.message)
        remedy = "run protect, or repair the replication"
        yield Finding("blocker", "RoleUnclear", on, f"{shown} {messages}".strip(), remedy)
