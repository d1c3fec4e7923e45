# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking the record of what they were off VMs and workloads that are up: the start is their new state."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial

from ..._cluster.bulk import BATCH
from ..._cluster.write_stream import WriteStream
from ..._errors import DrError
from ..._planning.start.window import StartWindow
from .requesting import FORGET
from .vm_start import VmStart
from .workload_start import WorkloadStart


class StartRecords:
    """of: whose a key is. recorded: keys that are up with the record on them, as the run store keeps them.

    A record stays until its wave is over: until then the site has others to start. There may be thousands, and a round
    ends in time: no more are on their way out than one batch. Those that are left are for the next round.
    """

    def __init__(
        self, writes: WriteStream[tuple[str, str]], of: Callable[[str], VmStart | WorkloadStart], recorded: set[str]
    ) -> None:
        self._writes = writes
        self._of = of
        self._recorded = recorded
        self._up: list[str] = []
        self._over: deque[str] = deque()
        self._on_their_way = 0
        # keys that have one all the same, and why
        self.kept: dict[str, str] = {}
        self.changed = False
        # the wave that was looked at last
        self._wave: str | None = None

    @property
    def left(self) -> int:
        """How many are still to be taken off what is over."""
        return len(self._over) + self._on_their_way

    def found_up(self, key: str) -> None:
        if self._of(key).is_recorded(key):
            self._up.append(key)
            self._recorded.add(key)
        else:
            # taken off by a round that was killed before it recorded that
            self._recorded.discard(key)

    def take_off(self, window: StartWindow, blind: bool) -> None:
        """blind: the site gives no answer, so nothing goes out."""
        if window.wave != self._wave or window.done:
            self._wave = window.wave
            self._over += [key for key in self._up if window.is_over(key)]
            # what is up by a round before may be of the wave that still goes on
            self._up = [key for key in self._up if not window.is_over(key)]
        while self._over and self._on_their_way < BATCH and not blind:
            key = self._over.popleft()
            self._on_their_way += 1
            self._writes.put((FORGET, key), partial(self._of(key).forget, key), urgent=False)

    def was_taken_off(self, key: str) -> None:
        self.changed = True
        self._on_their_way -= 1
        self._recorded.discard(key)

    def was_refused(self, key: str, error: DrError) -> None:
        """It is left for the next start: nobody else waits for it."""
        self._on_their_way -= 1
        self.kept[key] = f"it is up, and keeps the record of what it was: {error}"

    def had_no_answer(self, key: str) -> None:
        """It is taken off once more."""
        self._on_their_way -= 1
        self._over.append(key)
