# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clones replicate in the groups that their volumes are in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .._errors import DrError
from .._model.clone import Clone
from .._model.finding import Finding
from .._model.plan import Group, Plan
from .._planning.clone_sets import CloneSet
from .groups import Groups


def replicate(plan: Plan, site: str, made: Sequence[CloneSet]) -> tuple[list[str], list[Finding]]:
    """What was enabled, and what could not be: such a clone is there and does not reach the other site."""
    if not made:
        return [], []
    groups = Groups(plan)
    decisions, problems = [], []
    for group in plan.groups:
        try:
            if groups.provider(group).enable(group, site, plan.peer_of(site)):
                decisions.append(f"group {group.name}: replication enabled")
        except DrError as error:
            remedy = error.next_step or "see the message; the next protect tries again"
            problems.append(
                Finding("warning", "CloneNotReplicated", f"group {group.name}", str(error), remedy, error.site)
            )
    return decisions, problems


def release(plan: Plan, site: str, clones: Iterable[Clone]) -> None:
    """End the replication of clones that are going to be deleted."""
    by_group: dict[str, tuple[Group, list[str]]] = {}
    for clone in clones:
        for group in plan.group_for(clone.pvc["metadata"].get("labels") or {}):
            by_group.setdefault(group.name, (group, []))[1].append(clone.key)
    groups = Groups(plan)
    for group, keys in by_group.values():
        groups.provider(group).release(group, site, keys)
