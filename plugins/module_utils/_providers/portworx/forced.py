# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A failover without the source: an Action that skips it."""

from __future__ import annotations

from ..._cluster.kinds import STORK_ACTION
from ..._errors import DrError, NotFound
from .action import ask, await_success, new_name
from .side import Side
from .status import DELETION, NAMESPACES, SKIPS_SOURCE, Standing, is_ended, state


def check_forceable(side: Side, mine: Standing) -> None:
    side.check_alone()
    if mine.copy is None and not mine.action_of_switch:
        raise NotFound(
            "promote the group",
            site=side.site.name,
            on=f"group {side.group.name}",
            seen=state(mine),
            next_step="run protect while the plan's site answers: Stork makes what an Action needs here",
        )


def fail_over_by_force(side: Side, mine: Standing) -> None:
    """One of a killed attempt is joined, unless that was withdrawing it.

    A planned switch that is under way would wait for the lost source.
    """
    under_way = [item for item in mine.actions if not is_ended(item)]
    joined = [item for item in under_way if SKIPS_SOURCE.read(item) and not DELETION.read(item)]
    side.delete(STORK_ACTION, [item for item in under_way if item not in joined])
    name = joined[-1]["metadata"]["name"] if joined else new_name(side.copy_name)
    ask(side, name, sorted(NAMESPACES.read(mine.copy or {}) or ()), forced=True)
    try:
        await_success(side, name)
    except DrError as error:
        told = _withdraw(side, name)
        error.next_step = f"{told}; {error.next_step}" if error.next_step else told
        raise


def _withdraw(side: Side, name: str) -> str:
    """It must not happen when Stork comes back, long after the run has ended."""
    try:
        left = [item for item in side.standing().actions if item["metadata"]["name"] == name]
        side.delete(STORK_ACTION, left)
        done = side.standing().activated
    except DrError as error:
        return f"the Action could not be withdrawn ({error}): delete it"
    return "it was done all the same: run the same command again" if done else "the Action was withdrawn"
