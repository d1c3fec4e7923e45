# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The requests of a start: what went out, what had no answer, and when that is asked again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from functools import partial

from ..._cluster.write_stream import WriteStream
from ..._errors import Unreachable
from .vm_start import VmStart
from .workload_start import WorkloadStart

# what a write of the start is for
ASK, FORGET, REMEMBER = "ask", "forget", "remember"
# seconds after a request without an answer until it is made again
PAUSE = 1.0


class StartRequests:
    """of: whose a key is. changed: whether one was granted, or may have been.

    Whether a request without an answer arrived, nobody knows. So it keeps its slot and its time, and is made again.
    That is none of the plan's retries: the way to the site failed, not the VM.
    """

    def __init__(self, writes: WriteStream[tuple[str, str]], of: Callable[[str], VmStart | WorkloadStart]) -> None:
        self._writes = writes
        self._of = of
        # keys whose request went out: a retry of these looks before it asks
        self._sent: set[str] = set()
        self._failures: dict[str, Unreachable] = {}
        # when each is to be made again
        self._due: dict[str, float] = {}
        self.changed = False

    def make(self, keys: Iterable[str]) -> None:
        for key in keys:
            self._due.pop(key, None)
            of = self._of(key)
            again = key in self._sent
            self._writes.put((ASK, key), partial(of.start_again if again else of.start, key))

    def was_sent(self, key: str) -> None:
        """By an earlier round or attempt."""
        self._sent.add(key)

    def was_answered(self, key: str, granted: bool) -> None:
        self._failures.pop(key, None)
        if granted:
            self._sent.add(key)
            self.changed = True

    def had_no_answer(self, key: str, error: Unreachable, now: float) -> None:
        self._failures[key] = error
        self._due[key] = now + PAUSE
        self.changed = True

    def to_make_again(self, in_flight: Collection[str], now: float) -> list[str]:
        """Where the site can be seen. What got ready, or has given up, meanwhile is not."""
        return [key for key, due in self._due.items() if due <= now and key in in_flight]

    @property
    def unanswered(self) -> Collection[str]:
        return self._failures.keys()

    def why_unanswered(self, key: str) -> str:
        """In words; empty where its last request had an answer."""
        return f"its request had no answer: {self._failures[key]}" if key in self._failures else ""
