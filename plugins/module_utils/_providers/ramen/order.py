# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An order at the hub, and the wait for what it was to do.

Ramen knows no failed action: it tries for ever, and its phase is ahead of what it has done. So a wait ends with what
both the hub and the groups at the sites show, or with a deadline and what Ramen was waiting for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..._cluster.waiting import wait_for
from ..._errors import Conflict, TerminalState, Timeout
from ..object_wait import patient
from .hub import HUB, Hub, named
from .objects import Action, order_patch
from .options import Options
from .placement import DELETION, asked, describe, remedy

Object = dict[str, Any]
# whether the sites show it, and what they show; given the DRPlacementControl as it is now
Goal = Callable[[Object], tuple[bool, str]]
# how often the object may change between our look and our write: the hub's operator writes to it, too
ATTEMPTS = 5


def give_order(hub: Hub, options: Options, action: Action, cluster: str, may_begin: Callable[[Object], None]) -> None:
    """Once; the same order of a killed attempt is joined. may_begin: raises what forbids it."""
    for attempt in range(ATTEMPTS):
        item = hub.get(options)
        if asked(item) == (action, cluster):
            return
        may_begin(item)
        try:
            hub.patch(options, order_patch(action, cluster, item["metadata"]["resourceVersion"]))
        except Conflict:
            if attempt == ATTEMPTS - 1:
                raise
        else:
            return


def await_order(
    hub: Hub, options: Options, action: Action, cluster: str, goal: Goal, seconds: float | None = None
) -> None:
    """Until the goal is reached. Another order meanwhile is somebody else's, and ends the wait. seconds: at most."""
    look_up = hub.look_up(options)
    tried = f"{action} to {cluster}"
    last: list[Object] = []

    def look() -> tuple[bool, str]:
        item = look_up()
        last[:] = [item]
        if DELETION.read(item):
            raise TerminalState(
                tried,
                site=HUB,
                on=named(options),
                seen="it is being deleted",
                next_step="find out who ends the protection",
            )
        if asked(item) != (action, cluster):
            raise Conflict(
                tried,
                site=HUB,
                on=named(options),
                seen=f"somebody else ordered: {describe(item)}",
                next_step="find out who; then start again",
            )
        done, seen = goal(item)
        return done, "; ".join(text for text in (describe(item), seen) if text)

    try:
        wait_for(hub.api.clock, seconds or options.timeout, patient(look), tried, HUB, named(options))
    except Timeout as timeout:
        timeout.next_step = (
            f"{remedy(last[0]) if last else f'bring the {HUB} back'}; then start again: it goes on from there"
        )
        raise
