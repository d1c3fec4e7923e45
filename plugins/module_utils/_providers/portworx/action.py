# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One Action of Stork: asked for at the site that is failed over to, and waited for until Stork does nothing more.

Its success alone is not enough: a site that Stork cannot reach is skipped without a word, a last migration of which a
part failed counts as one, and that the copy was activated is written as best it can.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from ..._cluster.api import describe as describe_object
from ..._cluster.kinds import STORK_ACTION
from ..._cluster.waiting import wait_for
from ..._errors import Conflict, TerminalState
from ..object_wait import patient
from .objects import failover
from .side import HINT, WAIT_AGE, Side
from .status import STATUS, SUCCESSFUL, describe, is_ended

Object = dict[str, Any]


def new_name(schedule: str) -> str:
    """Never used before: Stork looks at an Action of a name once."""
    return f"{schedule}-{uuid.uuid4().hex[:8]}"


def ask(side: Side, name: str, namespaces: Sequence[str], forced: bool) -> Object:
    """The Action of that name, made unless a killed attempt has made it."""
    plan = side.site.plan.name
    body = failover(plan, side.group.name, side.namespace, name, side.copy_name, namespaces, forced)
    try:
        return side.api.create(STORK_ACTION, body)
    except Conflict:
        return side.api.get(STORK_ACTION, name, side.namespace)


def await_success(side: Side, name: str) -> None:
    tried = f"fail group {side.group.name} over to {side.site.name}"
    on = describe_object(STORK_ACTION, side.namespace, name)
    since = side.moment()

    def look() -> tuple[bool, str]:
        standing = side.standing(since, WAIT_AGE)
        action = find(standing.actions, name)
        if action is None:
            raise _ended(tried, side, on, "it was deleted")
        if is_ended(action) and STATUS.read(action) != SUCCESSFUL:
            raise _ended(tried, side, on, describe(action))
        # the schedules were listed before the Action
        if is_ended(action) and not standing.activated and not side.standing().activated:
            raise _ended(tried, side, on, f"{describe(action)}, but its schedule's copy was not activated")
        return is_ended(action), describe(action)

    wait_for(side.api.clock, side.options.timeout, patient(look), tried, side.site.name, on, HINT)


def find(actions: Sequence[Object], name: str) -> Object | None:
    return next((item for item in actions if item["metadata"]["name"] == name), None)


def _ended(tried: str, side: Side, on: str, seen: str) -> TerminalState:
    return TerminalState(
        tried,
        site=side.site.name,
        on=on,
        seen=seen,
        wanted="stage Final, status Successful, and the copy of the schedule activated",
        next_step=f"remove the cause ({HINT})",
    )
