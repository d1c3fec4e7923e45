# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One wait for many replication objects of a site: a list for all of them, however many callers wait."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .._cluster.api import Api
from .._cluster.api import describe as describe_object
from .._cluster.kinds import Kind
from .._cluster.waiting import wait_for
from .._errors import DrError, Failed, TerminalState, Unreachable
from .csi_addons_status import IN_WORDS, Goal, describe, judge

Key = tuple[str, str]
SHOWN = 3


def settle(
    api: Api,
    kind: Kind,
    wanted: Mapping[Key, int],
    goal: Goal,
    look_up: Callable[[], Mapping[Key, Mapping[str, Any]]],
    seconds: float,
    tried: str,
    unless: Callable[[], bool] = lambda: False,
) -> None:
    """Wait until all objects have reached the goal, or the caller has a reason not to wait any longer.

    wanted: (namespace, name) to the generation that asks for it. look_up: the objects there are; never as they
    were before the writes. An API server that does not answer meanwhile is waited for, too.
    """

    def look() -> tuple[bool, str]:
        try:
            if unless():
                return True, ""
            found = look_up()
        except Unreachable as error:
            return False, str(error)
        except Failed as error:
            if error.status is not None and error.status < 500 and error.status != 429:
                raise
            return False, str(error)
        return _all(api, kind, wanted, goal, found, tried)

    first = next(iter(wanted), None)
    if first is None:
        return
    on = describe_object(kind, *first) if len(wanted) == 1 else f"{len(wanted)} {kind.kind}s"
    hint = f"look at the {kind.kind}'s conditions, the csi-addons manager's log and the driver; then start again"
    wait_for(api.clock, seconds, look, tried, api.site, on, hint)


def await_absent(
    api: Api,
    kind: Kind,
    gone: Sequence[Key],
    look_up: Callable[[], Mapping[Key, Mapping[str, Any]]],
    seconds: float,
    tried: str,
) -> None:
    """Wait until the objects are deleted: their finalizer ends only with the replication."""

    def look() -> tuple[bool, str]:
        found = look_up()
        left = [key for key in gone if key in found]
        return not left, f"{len(left)} still there, {'/'.join(left[0])}: {describe(found[left[0]])}" if left else ""

    if gone:
        hint = "look at the csi-addons manager's log: the driver has to end the replication first"
        wait_for(api.clock, seconds, look, tried, api.site, f"{len(gone)} {kind.kind}s", hint)


def _all(
    api: Api,
    kind: Kind,
    wanted: Mapping[Key, int],
    goal: Goal,
    found: Mapping[Key, Mapping[str, Any]],
    tried: str,
) -> tuple[bool, str]:
    open_points = []
    for key, generation in wanted.items():
        if key not in found:
            raise _ended(api, kind, key, goal, tried, "it was deleted", "absent")
        verdict = judge(found[key], goal, generation)
        if verdict.terminal:
            raise _ended(api, kind, key, goal, tried, verdict.terminal, verdict.seen)
        if not verdict.done:
            open_points.append(f"{'/'.join(key)}: {verdict.seen}")
    more = f"; and {len(open_points) - SHOWN} more" if len(open_points) > SHOWN else ""
    done = len(wanted) - len(open_points)
    return not open_points, f"{done} of {len(wanted)} are {IN_WORDS[goal]}; " + "; ".join(open_points[:SHOWN]) + more


def _ended(api: Api, kind: Kind, key: Key, goal: Goal, tried: str, why: str, seen: str) -> DrError:
    return TerminalState(
        tried,
        site=api.site,
        on=describe_object(kind, *key),
        seen=f"{why} ({seen})",
        wanted=IN_WORDS[goal],
        next_step="remove the cause, then start again: what has been switched already stays",
    )
