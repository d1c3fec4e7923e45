# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The final sync of a demoted group: two syncs, the second of which certainly began after the demotion.

VolSync writes the trigger's text as done when a sync ends, whatever the text was when that sync began. So a trigger
that is set while a sync runs is confirmed by older data. Only what begins while both sides are idle counts.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence

from ..._cluster.kinds import REPLICATION_DESTINATION, REPLICATION_SOURCE, Kind
from ..._cluster.waiting import wait_for
from ..._errors import TerminalState
from ..object_wait import patient
from .objects import Word, manual_patch, tag
from .side import WAIT_AGE, Key, Side, told
from .status import DELETION, Pair, ended, is_idle

# seconds after which an end that is idle while the other one is not gets a new trigger: they have missed each other
MISSED_AFTER = 10.0
DELETED = "its VolSync object was deleted meanwhile"
HINT = "look at the movers' pods and logs at both sites and the way between them; then start again"

Both = Mapping[Key, tuple[Pair, Pair]]


class FinalSync:
    """keys: claims that are demoted at `here`, and taken in at `there`."""

    def __init__(self, here: Side, there: Side, keys: Sequence[Key]) -> None:
        self._here = here
        self._there = there
        self._keys = keys
        self._idle_since: dict[Key, float] = {}
        self._since = here.moment()

    def run(self) -> str:
        """The trigger that both sides have ended."""
        self._ask(new("drain"), self._keys, self._keys)
        self._wait("wait until no sync of before the demotion runs", self._drained)
        final = new("final")
        self._ask(final, self._keys, self._keys)
        self._wait("wait for the final sync", lambda both: [key for key in both if not _ended(both[key], final)])
        return final

    def _drained(self, both: Both) -> list[Key]:
        """The claims with an end that is busy. Two that have missed each other are brought together again."""
        now = self._here.api.clock.monotonic()
        busy = []
        for key, (mine, theirs) in both.items():
            idle = (_idle(mine.source), _idle(theirs.destination))
            if all(idle):
                continue
            busy.append(key)
            if not any(idle):
                self._idle_since.pop(key, None)
            elif now - self._idle_since.setdefault(key, now) >= MISSED_AFTER:
                self._idle_since.pop(key)
                self._ask(new("drain"), [key] if idle[0] else [], [key] if idle[1] else [])
        return busy

    def _ask(self, text: str, sources: Sequence[Key], destinations: Sequence[Key]) -> None:
        """The listener first."""
        asked: tuple[tuple[Side, Kind, Sequence[Key]], ...] = (
            (self._there, REPLICATION_DESTINATION, destinations),
            (self._here, REPLICATION_SOURCE, sources),
        )
        for side, kind, keys in asked:
            side.patch(kind, [Pair(key) for key in keys], lambda _pair: manual_patch(text))
        self._since = self._here.moment()

    def _wait(self, tried: str, left_of: Callable[[Both], list[Key]]) -> None:
        def look() -> tuple[bool, str]:
            both = self._look()
            left = left_of(both)
            shown = [pair for key in left for pair in both[key]]
            return not left, told(shown, 2 * len(both))

        api, on = self._here.api, f"group {self._here.group.name}"
        wait_for(api.clock, self._here.options.timeout, patient(look), tried, api.site, on, HINT)

    def _look(self) -> Both:
        mine, theirs = (side.pairs(self._keys, self._since, WAIT_AGE) for side in (self._here, self._there))
        for side, pair, item in (
            *((self._here, pair, pair.source) for pair in mine),
            *((self._there, pair, pair.destination) for pair in theirs),
        ):
            if item is None or DELETION.read(item):
                raise TerminalState(
                    "prove the final sync",
                    site=side.site.name,
                    on=f"group {side.group.name}, {pair.volume}",
                    seen=DELETED,
                    wanted="a ReplicationSource at the demoted site, and a ReplicationDestination at the other",
                    next_step="promote the demoted site again, run protect, then start again",
                )
        return {pair.claim: (pair, other) for pair, other in zip(mine, theirs, strict=True)}


def await_sent(side: Side, keys: Sequence[Key], asked: str, to: str) -> None:
    """Until each ReplicationSource has ended the sync that the trigger asked for."""
    tried = f"wait until group {side.group.name} has been sent to {to}"

    def done(pair: Pair) -> bool:
        if pair.source is None or DELETION.read(pair.source):
            raise TerminalState(
                tried,
                site=side.site.name,
                on=f"group {side.group.name}, {pair.volume}",
                seen=DELETED,
                wanted="a ReplicationSource at the primary site",
                next_step="start again: protect makes it anew where the plan lives",
            )
        return ended(pair.source, asked)

    side.settle(keys, done, tried, HINT)


def new(word: Word) -> str:
    """A trigger that was never used before."""
    return tag(word, uuid.uuid4().hex[:12])


def _idle(item: dict[str, object] | None) -> bool:
    return item is not None and is_idle(item)


def _ended(both: tuple[Pair, Pair], asked: str) -> bool:
    mine, theirs = both[0].source, both[1].destination
    return mine is not None and theirs is not None and ended(mine, asked) and ended(theirs, asked)
