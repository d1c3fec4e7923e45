# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One action of a DellCSIReplicationGroup: asked for once, and waited for until the array shows what it was to do.

The product's own word is not enough in either direction: an action that its driver does not support is reset without
a word, and one that reports an error may have been done by the array (dell/csm#1445). An action that failed is
tried again for an hour, so a wait that ends before leaves it under way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from ..._cluster.api import describe as describe_object
from ..._cluster.kinds import DELL_REPLICATION_GROUP
from ..._cluster.waiting import wait_for
from ..._errors import Conflict, DrError, TerminalState, Timeout, Unsupported
from ..object_wait import patient
from .objects import Action, action_patch
from .side import Side
from .status import DRIVER, POLLED, describe, is_under_way, last_action, marks, pending

Object = dict[str, Any]
Goal = Callable[[Object], bool]
# how often the object may change between our look and our write: its monitor writes to it, too
ATTEMPTS = 5


def execute(side: Side, name: str, action: Action, goal: Goal, wanted: str) -> None:
    """Ask for the action, or join the same one of a killed attempt, and wait for the goal."""
    before = _ask(side, name, action)
    _Wait(side, name, action, before, goal, wanted).until_done()


def await_goal(side: Side, name: str, goal: Goal, wanted: str) -> None:
    """Wait for what the array is to show by itself: its monitor looks once a minute."""
    look_up = side.look_up(name)

    def look() -> tuple[bool, str]:
        item = look_up()
        return goal(item), describe(item)

    hint = "look at the array and at the log of Dell's replication sidecar, then start again"
    on = describe_object(DELL_REPLICATION_GROUP, None, name)
    tried = f"wait until group {side.group.name} is {wanted}"
    wait_for(side.api.clock, side.timeout, patient(look), tried, side.site.name, on, hint)


def check_idle(side: Side, item: Object, tried: str) -> None:
    """Whoever asked for it: what is under way decides who may write, and cannot be taken back."""
    if action := pending(item):
        raise Conflict(
            tried,
            site=side.site.name,
            on=describe_object(DELL_REPLICATION_GROUP, None, item["metadata"]["name"]),
            seen=f"{action} is asked for or under way: {describe(item)}",
            wanted="no action",
            next_step="wait until it has ended (the product tries for an hour what fails), then start again",
        )


def _ask(side: Side, name: str, action: Action) -> tuple[Any, ...]:
    """The marks that the end of the action will leave changed."""
    for attempt in range(ATTEMPTS):
        item = side.named(name)
        if pending(item) == action:
            return marks(item)
        check_idle(side, item, f"ask for {action}")
        try:
            _patch(side, item, action)
        except Conflict:
            if attempt == ATTEMPTS - 1:
                raise
        else:
            return marks(item)
    raise AssertionError("a Conflict was raised before")


def _patch(side: Side, item: Object, action: Action | Literal[""]) -> None:
    """A Conflict where the object is not what was seen any more."""
    meta = item["metadata"]
    side.api.patch(DELL_REPLICATION_GROUP, meta["name"], None, action_patch(action, meta["resourceVersion"]))


class _Wait:
    def __init__(self, side: Side, name: str, action: Action, before: tuple[Any, ...], goal: Goal, wanted: str) -> None:
        self._side = side
        self._name = name
        self._action = action
        self._before = before
        self._goal = goal
        self._wanted = wanted
        self._on = describe_object(DELL_REPLICATION_GROUP, None, name)
        self._tried = f"{action} of group {side.group.name}"
        self._look_up = side.look_up(name)
        # when the monitor had looked last as the failure was seen; empty while none was
        self._failed_at = ""

    def until_done(self) -> None:
        hint = "look at the log of Dell's replication sidecar and at the array, then start again"
        try:
            wait_for(
                self._side.api.clock,
                self._side.timeout,
                patient(self._look),
                self._tried,
                self._side.site.name,
                self._on,
                hint,
            )
        except Timeout as timeout:
            self._withdraw(timeout)
            raise

    def _look(self) -> tuple[bool, str]:
        item = self._look_up()
        seen = describe(item)
        asked = pending(item)
        if asked == self._action:
            return False, seen
        if asked:
            raise self._ended(Conflict, item, f"somebody else asked for {asked}")
        ended = last_action(item)
        if marks(item) == self._before or ended is None:
            raise self._unsupported(item)
        if ended.action != self._action:
            raise self._ended(Conflict, item, f"somebody else's {ended.action} has ended after it")
        if self._goal(item):
            return True, seen
        if not ended.succeeded:
            self._judge_failure(item)
        return False, seen

    def _judge_failure(self, item: Object) -> None:
        """What the array shows after the failure counts: the link as seen before it says nothing."""
        polled = POLLED.read(item) or "never"
        self._failed_at = self._failed_at or polled
        if polled != self._failed_at:
            raise self._ended(TerminalState, item, "it failed, and the array does not show it done either")

    def _withdraw(self, timeout: Timeout) -> None:
        """Nobody took it up: it must not happen when the sidecar comes back, long after the run has turned round."""
        try:
            told = self._withdrawn()
        except DrError as error:
            told = f"it could not be withdrawn ({error}): set spec.action to '' by hand"
        timeout.next_step = f"{told}; {timeout.next_step}" if told else timeout.next_step

    def _withdrawn(self) -> str:
        for attempt in range(ATTEMPTS):
            item = self._side.named(self._name)
            if pending(item) != self._action:
                return ""
            if is_under_way(item):
                return "it is under way, is tried again for an hour, and may still succeed: see first how it ended"
            try:
                _patch(self._side, item, "")
            except Conflict:
                if attempt == ATTEMPTS - 1:
                    raise
            else:
                return "nobody took it up, and it was withdrawn"
        return ""

    def _unsupported(self, item: Object) -> Unsupported:
        return Unsupported(
            self._tried,
            site=self._side.site.name,
            on=self._on,
            seen=f"the product reset it without doing anything: {describe(item)}",
            wanted=f"a driver that supports {self._action} at this site",
            next_step=f"look at the object's Warning events, and whether {DRIVER.read(item)} has this action at all",
        )

    def _ended(self, kind: type[DrError], item: Object, why: str) -> DrError:
        return kind(
            self._tried,
            site=self._side.site.name,
            on=self._on,
            seen=f"{why} ({describe(item)})",
            wanted=self._wanted,
            next_step="remove the cause, then start again",
        )
