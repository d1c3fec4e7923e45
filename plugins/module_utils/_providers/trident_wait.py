# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One wait for many Trident objects of a site: a list for all of them, however many callers wait."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .._cluster.api import Api, describe
from .._cluster.kinds import Kind
from .._cluster.waiting import wait_for
from .._errors import DrError, Failed, TerminalState, Unreachable
from .trident_status import IN_WORDS, Goal, Verdict

Key = tuple[str, str]
LookUp = Callable[[], Mapping[Key, Mapping[str, Any]]]
Judge = Callable[[Mapping[str, Any], Goal, int], Verdict]
SHOWN = 3
HINT = "look at the {kind}'s status and events, and at the log of trident-controller; then start again"


def settle(
    api: Api,
    kind: Kind,
    wanted: Mapping[Key, int],
    goal: Goal,
    judged_by: Judge,
    look_up: LookUp,
    seconds: float,
    tried: str,
) -> None:
    """Wait until all objects have reached the goal.

    wanted: (namespace, name) to the generation that asks for it. look_up: the objects there are; never as they
    were before the writes. An API server that does not answer meanwhile is waited for, too.
    """

    def look() -> tuple[bool, str]:
        try:
            found = look_up()
        except Unreachable as error:
            return False, str(error)
        except Failed as error:
            if error.status is not None and error.status < 500 and error.status != 429:
                raise
            return False, str(error)
        return _all(api, kind, wanted, goal, judged_by, found, tried)

    first = next(iter(wanted), None)
    if first is None:
        return
    on = describe(kind, *first) if len(wanted) == 1 else f"{len(wanted)} {kind.kind}s"
    wait_for(api.clock, seconds, look, tried, api.site, on, HINT.format(kind=kind.kind))


def await_absent(api: Api, kind: Kind, gone: list[Key], look_up: LookUp, seconds: float, tried: str) -> None:
    """Wait until the objects are deleted: Trident's finalizer ends only with the mirror."""

    def look() -> tuple[bool, str]:
        found = look_up()
        left = [key for key in gone if key in found]
        return not left, f"{len(left)} still there, such as {'/'.join(left[0])}" if left else ""

    if gone:
        on = f"{len(gone)} {kind.kind}s"
        wait_for(api.clock, seconds, look, tried, api.site, on, HINT.format(kind=kind.kind))


def _all(
    api: Api,
    kind: Kind,
    wanted: Mapping[Key, int],
    goal: Goal,
    judged_by: Judge,
    found: Mapping[Key, Mapping[str, Any]],
    tried: str,
) -> tuple[bool, str]:
    open_points = []
    for key, generation in wanted.items():
        if key not in found:
            raise _ended(api, kind, key, goal, tried, "it was deleted", "absent")
        verdict = judged_by(found[key], goal, generation)
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
        on=describe(kind, *key),
        seen=f"{why} ({seen})",
        wanted=IN_WORDS[goal],
        next_step="remove the cause, then start again: what has been switched already stays",
    )
