# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where does a plan live, by the roles of its groups and where it was moved last? Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..._errors import Refused
from ..._model.group_status import GroupStatus
from ..._model.plan import Plan
from ..._model.run import Run


def living_site(plan: Plan, groups: Mapping[str, Sequence[GroupStatus]], runs: Sequence[Run]) -> str:
    """Where the plan lives: the one primary site, or of two the one that it was moved to last.

    The one that it was moved to last is not passed over because it gave no answer, or only a part of one.
    """
    primary = primary_sites(plan, groups)
    moved = last_move(runs)
    if moved and moved.target in primary:
        return moved.target
    left = moved is None or all(g.role == "secondary" for g in groups[moved.target])
    if len(primary) == 1 and left:
        return primary[0]
    shown = "; ".join(f"{name}: {', '.join(f'{g.group} {g.role}' for g in groups[name])}" for name in plan.sites)
    raise Refused(
        "find out where the plan lives",
        on=f"plan {plan.name}",
        seen=shown,
        wanted="one site that is primary for every group"
        + (f", and an answer of {moved.target}, where {moved.id} moved it" if moved else ""),
        next_step="name the site whose data is to stay: dr_target=<site>",
    )


def known_site(plan: Plan, groups: Mapping[str, Sequence[GroupStatus]], runs: Sequence[Run]) -> str | None:
    """`living_site` for who only looks; None where a run would refuse to guess."""
    try:
        return living_site(plan, groups, runs)
    except Refused:
        return None


def primary_sites(plan: Plan, groups: Mapping[str, Sequence[GroupStatus]]) -> list[str]:
    """Those at which every group is primary."""
    return [name for name in plan.sites if groups[name] and all(g.role == "primary" for g in groups[name])]


def last_move(runs: Sequence[Run]) -> Run | None:
    """The newest one that came to its end."""
    moves = [run for run in runs if run.operation in ("failover", "relocate") and run.state == "done"]
    return moves[-1] if moves else None
