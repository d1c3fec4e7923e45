# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Observing a plan's consistency groups, and what of them both sites' volumes belong to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from .._errors import Refused
from .._model.group_status import GroupStatus
from .._model.plan import Group, Plan
from .._providers.registry import provider_for
from .session import Session

# many groups at once, but not a burst on a storage controller
WORKERS = 16


def observe_groups(plan: Plan, sites: Iterable[str]) -> dict[str, list[GroupStatus]]:
    """site to the status of every group there, in the plan's order; all asked in parallel."""
    asked = [(site, group) for site in sites for group in plan.groups]

    def ask(pair: tuple[str, Group]) -> GroupStatus:
        site, group = pair
        return provider_for(plan, group).observe(group, site)

    with ThreadPoolExecutor(max_workers=WORKERS) as pool:
        answers = list(pool.map(ask, asked))
    found: dict[str, list[GroupStatus]] = {site: [] for site in sites}
    for (site, _group), status in zip(asked, answers, strict=True):
        found[site].append(status)
    return found


def observe_both(session: Session) -> tuple[list[GroupStatus], list[GroupStatus]]:
    """The groups at the target and at the source; a source that is dead for this run is not asked again."""
    plan, target, source = session.plan, session.target, session.source
    if not session.source_is_dead:
        found = observe_groups(plan, (target, source))
        return found[target], found[source]
    return observe_groups(plan, [target])[target], [_silent(group.name, source) for group in plan.groups]


def _silent(group: str, site: str) -> GroupStatus:
    message = "declared lost, and silent when the run began"
    return GroupStatus(group, site, "unknown", "unknown", "none", reachable=False, message=message)


def group_of(plan: Plan, pvc: Mapping[str, Any]) -> Group:
    """The one group that a claim belongs to. None or several: Refused, since nobody would know who replicates it."""
    groups = plan.group_for(pvc["metadata"].get("labels") or {})
    if len(groups) == 1:
        return groups[0]
    raise Refused(
        "find the consistency group",
        on=f"PersistentVolumeClaim/{pvc['metadata']['namespace']}/{pvc['metadata']['name']}",
        seen=f"{len(groups)} groups select it: {', '.join(group.name for group in groups) or 'none'}",
        wanted="exactly one",
        next_step="correct replication.groups[].selector in the plan",
    )


def check_covered(plan: Plan, site: str, pvc: Mapping[str, Any], pv: Mapping[str, Any]) -> None:
    """P1: refuse a volume whose data is not what its group replicates at this site."""
    group = group_of(plan, pvc)
    if not provider_for(plan, group).covers(group, site, pv):
        raise Refused(
            "match the volume with its group",
            site=site,
            on=f"PersistentVolume/{pv['metadata']['name']}",
            seen=f"group {group.name} does not replicate it here",
            wanted=f"a volume inside what group {group.name} replicates at {site}",
            next_step="correct the group's options or the volume's rule in the plan",
        )
