# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One wait for many objects of a site: a list for all of them, however many callers wait."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._cluster.api import Api, describe, may_pass
from .._cluster.kinds import Kind
from .._cluster.waiting import wait_for
from .._errors import DrError, TerminalState
from .verdict import Verdict

Key = tuple[str, str]
Look = Callable[[], tuple[bool, str]]
LookUp = Callable[[], Mapping[Key, Mapping[str, Any]]]
SHOWN = 3


@dataclass(frozen=True)
class Awaited:
    """words: what the objects are to be. judge: of an object and the generation that asks. hint: where to look."""

    words: str
    judge: Callable[[Mapping[str, Any], int], Verdict]
    hint: str


def settle(
    api: Api,
    kind: Kind,
    wanted: Mapping[Key, int],
    awaited: Awaited,
    look_up: LookUp,
    seconds: float,
    tried: str,
    unless: Callable[[], bool] = lambda: False,
) -> None:
    """Wait until all objects have reached the awaited, or the caller has a reason not to wait any longer.

    wanted: (namespace, name) to the generation that asks for it. look_up: the objects there are; never as they
    were before the writes.
    """

    def look() -> tuple[bool, str]:
        if unless():
            return True, ""
        return _all(api, kind, wanted, awaited, look_up(), tried)

    first = next(iter(wanted), None)
    if first is None:
        return
    on = describe(kind, *first) if len(wanted) == 1 else f"{len(wanted)} {kind.kind}s"
    wait_for(api.clock, seconds, patient(look), tried, api.site, on, awaited.hint)


def await_absent(
    api: Api, kind: Kind, gone: Sequence[Key], look_up: LookUp, seconds: float, tried: str, hint: str
) -> None:
    """Wait until the objects are deleted: their finalizer ends only with the replication."""

    def look() -> tuple[bool, str]:
        found = look_up()
        left = [key for key in gone if key in found]
        return not left, f"{len(left)} still there, such as {'/'.join(left[0])}" if left else ""

    if gone:
        wait_for(api.clock, seconds, patient(look), tried, api.site, f"{len(gone)} {kind.kind}s", hint)


def patient(look: Look) -> Look:
    """An API server that restarts or is overloaded is waited for, too."""

    def look_again() -> tuple[bool, str]:
        try:
            return look()
        except DrError as error:
            if not may_pass(error):
                raise
            return False, str(error)

    return look_again


def _all(
    api: Api,
    kind: Kind,
    wanted: Mapping[Key, int],
    awaited: Awaited,
    found: Mapping[Key, Mapping[str, Any]],
    tried: str,
) -> tuple[bool, str]:
    open_points = []
    for key, generation in wanted.items():
        if key not in found:
            raise _ended(api, kind, key, awaited, tried, "it was deleted", "absent")
        verdict = awaited.judge(found[key], generation)
        if verdict.terminal:
            raise _ended(api, kind, key, awaited, tried, verdict.terminal, verdict.seen)
        if not verdict.done:
            open_points.append(f"{'/'.join(key)}: {verdict.seen}")
    more = f"; and {len(open_points) - SHOWN} more" if len(open_points) > SHOWN else ""
    done = len(wanted) - len(open_points)
    return not open_points, f"{done} of {len(wanted)} are {awaited.words}; " + "; ".join(open_points[:SHOWN]) + more


def _ended(api: Api, kind: Kind, key: Key, awaited: Awaited, tried: str, why: str, seen: str) -> DrError:
    return TerminalState(
        tried,
        site=api.site,
        on=describe(kind, *key),
        seen=f"{why} ({seen})",
        wanted=awaited.words,
        next_step="remove the cause, then start again: what has been switched already stays",
    )
