# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes in the background: each goes out as soon as a connection is free, and whoever drives them waits for none."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

from .._errors import DrError
from .api import may_pass
from .bulk import BATCH, WORKERS
from .clock import Clock

# no write goes out on a look at the lock that is older
LOOK_HOLDS = 1.0

Item = TypeVar("Item")
Write = Callable[[], object]


class WriteStream(Generic[Item]):
    """wake: told whenever a write has ended. before_batch: the look at the lock; what it raises ends the stream (P5).

    A look without an answer says nothing of the lock: the write fails of it and does not go out; the next looks again.
    A batch is what goes out within a second of a look, and no more than other batches have. What is urgent goes first.
    """

    def __init__(
        self, clock: Clock, wake: threading.Condition, before_batch: Callable[[], None], workers: int = WORKERS
    ) -> None:
        self._clock = clock
        self._wake = wake
        self._before_batch = before_batch
        self._pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="write")
        self._looking = threading.Lock()
        self._looked: float | None = None
        self._left_of_batch = 0
        self._lock = threading.Lock()
        self._queue: list[tuple[bool, int, Item, Write]] = []
        self._put = 0
        self._taken = 0
        self._ended: list[tuple[Item, DrError | None]] = []
        self._broken: BaseException | None = None

    def put(self, item: Item, write: Write, urgent: bool = True) -> None:
        """Write as soon as may be."""
        with self._lock:
            self._put += 1
            heapq.heappush(self._queue, (not urgent, self._put, item, write))
        self._pool.submit(self._write_next).add_done_callback(self._note)

    def take_ended(self) -> list[tuple[Item, DrError | None]]:
        """The writes that ended since the last call, with what they failed of. Raises what ended the stream."""
        with self._lock:
            if self._broken is not None:
                raise self._broken
            ended, self._ended = self._ended, []
            self._taken += len(ended)
        return ended

    @property
    def idle(self) -> bool:
        """Whether all that was put has ended and was taken."""
        with self._lock:
            return self._taken == self._put

    def stop(self) -> None:
        """What has not gone out by now never does."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _write_next(self) -> tuple[Item, DrError | None]:
        unanswered = self._look_fails()
        with self._lock:
            _later, _number, item, write = heapq.heappop(self._queue)
        if unanswered is not None:
            return item, unanswered
        try:
            write()
        except DrError as error:
            return item, error
        return item, None

    def _note(self, future: Future[tuple[Item, DrError | None]]) -> None:
        if future.cancelled():
            return
        with self._lock:
            error = future.exception()
            if error is None:
                self._ended.append(future.result())
            else:
                self._broken = self._broken or error
        with self._wake:
            self._wake.notify_all()

    def _look_fails(self) -> DrError | None:
        try:
            self._look()
        except DrError as error:
            if not may_pass(error):
                raise
            return error
        return None

    def _look(self) -> None:
        with self._looking:
            if self._broken is not None:
                raise self._broken
            now = self._clock.monotonic()
            if self._looked is None or now - self._looked >= LOOK_HOLDS or not self._left_of_batch:
                self._before_batch()
                self._looked, self._left_of_batch = now, BATCH
            self._left_of_batch -= 1
