# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clones replicate in the groups that their volumes are in."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ..._cluster.api import Api
from ..._errors import DrError
from ..._model.clone import Clone
from ..._model.finding import Finding
from ..._model.plan import Group, Plan
from ..plan.groups import Groups
from .removal import mark_removed


@dataclass(frozen=True)
class Replicated:
    """decisions: what was enabled. failed: name of a group that could not be to why."""

    decisions: Sequence[str] = ()
    failed: Mapping[str, DrError] = field(default_factory=dict)

    @property
    def findings(self) -> list[Finding]:
        return [
            Finding(
                "warning",
                "CloneNotReplicated",
                f"group {name}",
                str(error),
                error.next_step or "see the message; the next protect tries again",
                error.site,
            )
            for name, error in self.failed.items()
        ]


def replicate(plan: Plan, site: str) -> Replicated:
    """Make every group replicate what it holds by now."""
    groups = Groups(plan)
    decisions: list[str] = []
    failed: dict[str, DrError] = {}
    for group in plan.groups:
        try:
            if groups.provider(group).enable(group, site, plan.peer_of(site)):
                decisions.append(f"group {group.name}: replication enabled")
        except DrError as error:
            failed[group.name] = error
    return Replicated(decisions, failed)


def withdraw(plan: Plan, api: Api, clones: Sequence[Clone], failed: Collection[str]) -> set[str]:
    """Take back the sets with a clone in a group that does not replicate them; their owners.

    A group with a volume that it does not replicate could not be moved any more (P1).
    """
    owners = {
        clone.facts.owner
        for clone in clones
        for group in plan.group_for(clone.pvc["metadata"].get("labels") or {})
        if group.name in failed
    }
    for clone in clones:
        if clone.facts.owner in owners and not clone.removed:
            mark_removed(api, plan, clone)
    return owners


def release(plan: Plan, site: str, clones: Iterable[Clone]) -> None:
    """End the replication of clones that are going to be deleted."""
    by_group: dict[str, tuple[Group, list[str]]] = {}
    for clone in clones:
        for group in plan.group_for(clone.pvc["metadata"].get("labels") or {}):
            by_group.setdefault(group.name, (group, []))[1].append(clone.key)
    groups = Groups(plan)
    for group, keys in by_group.values():
        groups.provider(group).release(group, site, keys)
