# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sites asked all at once: their API servers, and their storage meanwhile (P4)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ..._model.group_status import GroupStatus
from ..._model.plan import Plan
from .groups import Groups
from .sites import DECLARED_TIMEOUT, PROBE_TIMEOUT, Reach, reach


@dataclass(frozen=True)
class Asked:
    """By site: its API server's answer, its groups. replication: connects to no dead API server again."""

    reached: Mapping[str, Reach]
    replication: Groups
    groups: Mapping[str, list[GroupStatus]]


def reach_sites(plan: Plan, lost: str | None = None) -> dict[str, Reach]:
    """The API servers of both sites. lost: the one that is declared lost, of which nobody expects more than a look."""
    with ThreadPoolExecutor(max_workers=len(plan.sites)) as pool:
        asked = {name: pool.submit(_reached, plan, name, lost) for name in plan.sites}
        return {name: answer.result() for name, answer in asked.items()}


def ask_sites(plan: Plan, names: Collection[str], lost: str | None = None) -> Asked:
    """A product that needs an API server for what it tells waits for the answer of that."""
    replication = Groups(plan)
    if lost in names:
        replication.hurry(lost, DECLARED_TIMEOUT)
    with ThreadPoolExecutor(max_workers=len(names)) as pool:
        asked = {name: pool.submit(_reached, plan, name, lost) for name in names}
        for name, answer in asked.items():
            replication.hear(name, answer.result)
        groups = replication.observe(names)
        return Asked({name: answer.result() for name, answer in asked.items()}, replication, groups)


def _reached(plan: Plan, name: str, lost: str | None) -> Reach:
    return reach(plan, name, DECLARED_TIMEOUT, once=True) if name == lost else reach(plan, name, PROBE_TIMEOUT)
