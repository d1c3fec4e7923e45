# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who of a wave may begin next in a forecast: in order, within caps, and after what each needs. Pure.

Fast for the largest plan: those of the same buckets queue behind each other, so that a full bucket is looked at once.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

# of a cap: its name, and one of what it counts
Bucket = tuple[str, str]
Queue = tuple[Bucket, ...]


@dataclass(frozen=True)
class Cap:
    """At most `limit` in flight of each bucket; of: key to its buckets."""

    name: str
    limit: int
    of: Mapping[str, Sequence[str]] = field(default_factory=dict)


class Waiting:
    """The keys of a wave that have not begun. reached: names of the caps that made one wait."""

    def __init__(self, keys: Sequence[str], caps: Sequence[Cap], needs: Mapping[str, Iterable[str]]) -> None:
        self.reached: set[str] = set()
        self._limits = {cap.name: cap.limit for cap in caps}
        self._place = {key: number for number, key in enumerate(keys)}
        self._queue_of = {
            key: tuple((cap.name, bucket) for cap in caps for bucket in cap.of.get(key, ())) for key in keys
        }
        self._queues: dict[Queue, list[tuple[int, str]]] = {}
        # where a queue stands by its first key: open, or at a bucket that is full
        self._open: list[tuple[int, Queue]] = []
        self._full: dict[Bucket, list[tuple[int, Queue]]] = {}
        self._used: dict[Bucket, int] = {}
        # what is of an earlier wave is over
        self._needs = {key: {need for need in needs.get(key, ()) if need in self._place} for key in keys}
        self._needed_by: dict[str, list[str]] = {}
        for key in keys:
            for need in self._needs[key]:
                self._needed_by.setdefault(need, []).append(key)
            if not self._needs[key]:
                self._enqueue(key)

    @property
    def has_more(self) -> bool:
        """Whether one could begin, were the window larger."""
        return bool(self._open)

    def begin(self, free: int) -> Iterator[str]:
        """At most so many that may begin now, in order."""
        while free > 0 and self._open:
            place, buckets = heapq.heappop(self._open)
            waiting = self._queues[buckets]
            if not waiting or waiting[0][0] != place:
                # an entry of before the queue changed
                continue
            full = next((bucket for bucket in buckets if not self._has_room(bucket)), None)
            if full is not None:
                self.reached.add(full[0])
                heapq.heappush(self._full.setdefault(full, []), (place, buckets))
                # the room that it leaves elsewhere is for the next one that waits there
                self._release(bucket for bucket in buckets if self._has_room(bucket))
                continue
            for bucket in buckets:
                self._used[bucket] = self._used.get(bucket, 0) + 1
            _place, key = heapq.heappop(waiting)
            if waiting:
                heapq.heappush(self._open, (waiting[0][0], buckets))
            free -= 1
            yield key

    def ended(self, key: str) -> None:
        """It is ready, or given up: its slots are free, and what needs it may follow."""
        for bucket in self._queue_of[key]:
            self._used[bucket] -= 1
        self._release(self._queue_of[key])
        for other in self._needed_by.get(key, ()):
            self._needs[other].discard(key)
            if not self._needs[other]:
                self._enqueue(other)

    def _enqueue(self, key: str) -> None:
        buckets, place = self._queue_of[key], self._place[key]
        waiting = self._queues.setdefault(buckets, [])
        heapq.heappush(waiting, (place, key))
        if waiting[0][0] == place:
            heapq.heappush(self._open, (place, buckets))

    def _has_room(self, bucket: Bucket) -> bool:
        return self._used.get(bucket, 0) < self._limits[bucket[0]]

    def _release(self, buckets: Iterable[Bucket]) -> None:
        for bucket in buckets:
            if self._full.get(bucket):
                heapq.heappush(self._open, heapq.heappop(self._full[bucket]))
