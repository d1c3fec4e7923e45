# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Orders for many pairs of a site, waited for until the pairs show what they were for.

The product takes any word without a check and tells nobody which words its version knows, so only what the array shows
counts, after an operation that came after the order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from ..._cluster.api import describe as describe_object
from ..._cluster.bulk import for_each
from ..._cluster.waiting import wait_for
from ..._errors import Conflict, DrError, NotFound, TerminalState, Timeout
from ..object_wait import Key, patient
from .objects import NO_NOTES, Desired
from .order import BETWEEN, Order, Target, by_target, place, put_back, seen
from .side import Side, target
from .status import DESIRED, Item, Leg, describe, is_running

Goal = Callable[[Leg], bool]
# seconds for which an error stands with nothing running, before it is taken for the operation's end
ERROR_STANDS = 60.0
# and in which an operator that runs has seen a word
SEEN_WITHIN = 30.0
SHOWN = 3
HINT = "look at the log of Hitachi's replication operator and at the array, then start again"


def execute(
    side: Side,
    legs: Sequence[Leg],
    desired: Desired,
    goal: Goal,
    wanted: str,
    notes: Mapping[str, str | None] | None = NO_NOTES,
    over: bool = False,
) -> bool:
    """Ask for it where the goal was not reached by this word already; whether anything was asked for.

    notes, over: see `place`.
    """
    left = [leg for leg in legs if not goal(leg) or is_running(leg) or DESIRED.read(leg.asked) != desired]
    targets = list(dict.fromkeys(target(leg) for leg in left))
    if not targets:
        return False
    stale = [leg for leg in left if DESIRED.read(leg.asked) == desired and desired in BETWEEN and not is_running(leg)]
    first = _make_way(side, stale, desired)
    outcome = for_each(targets, lambda of: place(side, of, desired, notes, over))
    orders = [replace(placed, before=first.get(of, placed.before)) for of, placed in outcome.done]
    wait = _Wait(side, legs, desired, goal, wanted, orders)
    if outcome.failed:
        error = outcome.failed[0][1]
        wait.withdraw(error)
        raise error
    wait.until_done()
    return True


def await_goal(side: Side, keys: Sequence[Key], goal: Goal, wanted: str) -> list[Leg]:
    """Wait for what the pairs are to show by themselves; with what they show then."""
    look_up, legs = side.look_up(keys), list[Leg]()

    def look() -> tuple[bool, str]:
        legs[:] = look_up()
        left = [leg for leg in legs if not goal(leg) or is_running(leg)]
        return not left, _told(left)

    tried, on = f"wait until group {side.group.name} is {wanted}", f"group {side.group.name}"
    wait_for(side.api.clock, side.options.timeout, patient(look), tried, side.site.name, on, HINT)
    return legs


def _make_way(side: Side, stale: Sequence[Leg], desired: Desired) -> dict[Target, Item]:
    """Ask for the word between, and give the operator the time to see it; the objects as they were."""
    first = {target(leg): leg.asked for leg in stale}
    for _of, error in for_each(first, lambda of: place(side, of, BETWEEN[desired], None)).failed:
        raise error
    before, look_up = {leg.key: seen(leg) for leg in stale}, side.look_up([leg.key for leg in stale])

    def look() -> tuple[bool, str]:
        legs = look_up()
        return all(seen(leg) != before[leg.key] and not is_running(leg) for leg in legs), _told(legs)

    if first:
        with suppress(Timeout):
            wait_for(side.api.clock, SEEN_WITHIN, patient(look), f"make way for {desired}", side.site.name, "", HINT)
    return first


class _Wait:
    """legs: as they were before the orders."""

    def __init__(
        self, side: Side, legs: Sequence[Leg], desired: Desired, goal: Goal, wanted: str, orders: Sequence[Order]
    ) -> None:
        self._side = side
        self._before = {leg.key: seen(leg) for leg in legs}
        # a word that was put in the place of one that nobody has seen yet is no news to anybody
        self._paired = {leg.key for leg in legs if desired == "pair" and goal(leg)}
        self._desired = desired
        self._goal = goal
        self._wanted = wanted
        self._orders = {placed.target: placed for placed in orders}
        self._tried = f"{desired} of group {side.group.name}"
        self._look_up = side.look_up([leg.key for leg in legs])
        # when each error was seen first, by what it says
        self._errors: dict[tuple[Any, ...], float] = {}

    def until_done(self) -> None:
        side, on = self._side, f"group {self._side.group.name}"
        try:
            wait_for(side.api.clock, side.options.timeout, patient(self._look), self._tried, side.site.name, on, HINT)
        except DrError as error:
            self.withdraw(error)
            raise

    def withdraw(self, error: DrError) -> None:
        """What can be put back is, and the error says so."""
        error.next_step = "; ".join(filter(None, [*dict.fromkeys(self._put_back()), error.next_step]))

    def _put_back(self) -> Iterator[str]:
        """What became of each order, in words."""
        try:
            legs = by_target(self._side.legs(self._before))
        except DrError as failure:
            yield f"nothing could be put back ({failure}): set desiredPairState by hand where it is {self._desired}"
            return
        for placed in self._orders.values():
            try:
                yield put_back(self._side, placed, legs.get(placed.target, []), self._before)
            except DrError as failure:
                yield f"{placed.target[1][1]} could not be put back ({failure}): set desiredPairState by hand"

    def _look(self) -> tuple[bool, str]:
        legs = self._look_up()
        left = []
        for leg in legs:
            if leg.item is None:
                raise self._ended(NotFound, leg, "the relationship was deleted")
            placed = self._orders.get(target(leg))
            if placed and DESIRED.read(leg.asked) != self._desired:
                raise self._ended(Conflict, leg, f"somebody else asked for {DESIRED.read(leg.asked) or 'nothing'}")
            # a state may look the same before its operation
            old = placed and placed.before is not None and leg.key not in self._paired
            new = not old or seen(leg) != self._before[leg.key]
            if not new or is_running(leg) or not self._goal(leg):
                left.append(leg)
                if new and not is_running(leg):
                    self._judge_error(leg)
        return not left, f"{len(legs) - len(left)} of {len(legs)} are {self._wanted}; {_told(left)}"

    def _judge_error(self, leg: Leg) -> None:
        """Whether an operator tries again what has failed is nowhere written: an error has to stand for a while."""
        errors = seen(leg).errors
        if errors == self._before[leg.key].errors:
            return
        now = self._side.api.clock.monotonic()
        if now - self._errors.setdefault((leg.key, errors), now) >= ERROR_STANDS:
            raise self._ended(TerminalState, leg, "it failed, and is not tried again")

    def _ended(self, kind: type[DrError], leg: Leg, why: str) -> DrError:
        on = describe_object(*_flat(leg)) if leg.item else f"Replication of {leg.volume}"
        return kind(
            self._tried,
            site=self._side.site.name,
            on=on,
            seen=f"{why} ({leg.volume}: {describe(leg)})",
            wanted=self._wanted,
            next_step="remove the cause, then start again: what has been switched already stays",
        )


def _flat(leg: Leg) -> tuple[Any, str, str]:
    kind, (namespace, name) = target(leg)
    return kind, namespace, name


def _told(left: Sequence[Leg]) -> str:
    more = [f"and {len(left) - SHOWN} more"] if len(left) > SHOWN else []
    return "; ".join([*(f"{leg.volume}: {describe(leg)}" for leg in left[:SHOWN]), *more])
