# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The queue of a start with limits of its own for parts of it: a node, storage class, group or namespace. Pure.

What waits is kept by the set of limited parts that it belongs to, and a set that has no room is put aside until one of
its parts has: a freed slot costs the same however many wait.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Collection, Mapping

# a limited part of the start, such as ("storage class", "ceph-rbd")
Part = tuple[str, str]
Parts = tuple[Part, ...]

NODE = "node"
# those that a VM asks for by other labels, as key=value,key=value
NODES = "nodes"


class CappedQueue:
    """limits: by kind of part. parts: of each key, those that are limited."""

    def __init__(self, limits: Mapping[str, int] | None = None, parts: Mapping[str, Parts] | None = None) -> None:
        self._limits = limits or {}
        self._parts = parts or {}
        self._rank: dict[str, int] = {}
        # how many wait, by their parts
        self._waiting: Counter[Parts] = Counter()
        self._held: dict[str, Parts] = {}
        self._count: Counter[Part] = Counter()
        self._selected = {part for of in self._parts.values() for part in of if part[0] == NODES}
        self._most: dict[Part, int] = {}
        self._queues: dict[Parts, list[tuple[int, str]]] = {}
        # sets that may have room, and those put aside at a part that has none, by the rank of their first; one entry of
        # each counts: that with its rank in _listed or _put_aside
        self._open: list[tuple[int, Parts]] = []
        self._listed: dict[Parts, int] = {}
        self._aside: dict[Part, list[tuple[int, Parts]]] = {}
        self._put_aside: dict[Parts, tuple[Part, int]] = {}

    def __len__(self) -> int:
        """How many wait."""
        return len(self._rank)

    def put(self, key: str, rank: int) -> None:
        """Let it wait; the lowest rank comes out first."""
        parts = self._parts.get(key, ())
        self._waiting[parts] += key not in self._rank
        self._rank[key] = rank
        heapq.heappush(self._queues.setdefault(parts, []), (rank, key))
        full, before = self._put_aside.get(parts, (None, rank))
        if full is not None and self._count[full] >= self._limit(full):
            self._lay_aside(parts, full, min(rank, before))
        else:
            self._put_aside.pop(parts, None)
            self._list(parts, min(rank, before))

    def drop(self, key: str) -> None:
        """It waits no more."""
        if self._rank.pop(key, None) is not None:
            parts = self._parts.get(key, ())
            self._waiting[parts] -= 1
            if not self._waiting[parts]:
                del self._waiting[parts]

    def take(self) -> str | None:
        """The first that all its parts have room for. It holds its places from here on."""
        while self._open:
            rank, parts = heapq.heappop(self._open)
            if self._listed.get(parts) != rank:
                continue
            del self._listed[parts]
            first = self._first(parts)
            if first is None:
                self._wake(parts)
            elif first[0] != rank:
                self._list(parts, first[0])
                # others may come before its next
                self._wake(parts)
            elif full := self._full(parts):
                self._lay_aside(parts, full, rank)
                # it was woken for a place that it can't use
                self._wake(parts)
            else:
                return self._out(parts)
        return None

    def hold(self, key: str) -> None:
        """It has places although it did not wait here."""
        if key not in self._held:
            self.drop(key)
            self._held[key] = self._parts.get(key, ())
            self._count.update(self._held[key])

    def settle(self, key: str, node: str) -> None:
        """The node on which it starts by now, where the cluster chose it; empty while it has chosen none."""
        if NODE not in self._limits or key not in self._held:
            return
        before, own = self._held[key], self._parts.get(key, ())
        now = (*(part for part in own if part[0] != NODE), (NODE, node)) if node else own
        if set(now) == set(before):
            return
        self._held[key] = now
        self._count.update(now)
        self._count.subtract(before)
        self._wake(before)

    def release(self, key: str) -> None:
        """It gives its places back."""
        parts = self._held.pop(key, ())
        self._count.subtract(parts)
        self._wake(parts)

    def room_on(self, nodes: Collection[str]) -> int:
        """How many more all nodes together have room for. What has none yet may come to any of them.

        A node that the scheduler gave more than its limit takes the room of the others. Without any, as many begin as
        one would take: that they find no node is to be seen.
        """
        elsewhere = sum(
            count for (kind, node), count in self._count.items() if kind == NODE and node not in nodes and count > 0
        )
        return max(0, self._limits[NODE] * max(1, len(nodes)) - (len(self._held) - elsewhere))

    def fitting(self, most: int) -> int:
        """How many of those that wait have room in their parts, up to so many."""
        taken: Counter[Part] = Counter()
        found = 0
        for parts, waiting in self._waiting.items():
            if found >= most:
                break
            rooms = (self._limit(part) - self._count[part] - taken[part] for part in parts)
            free = max(0, min([waiting, most - found, *rooms]))
            taken.update(dict.fromkeys(parts, free))
            found += free
        return found

    def limit_selected(self, nodes: Collection[frozenset[str]]) -> None:
        """By the nodes that take VMs, each with its labels as key=value.

        Where none fits, as many begin as one would take: that they find no node is to be seen.
        """
        for part in self._selected:
            wanted, before = frozenset(part[1].split(",")), self._limit(part)
            self._most[part] = self._limits[NODE] * max(1, sum(wanted <= labels for labels in nodes))
            if self._most[part] > before:
                for _set in range(len(self._aside.get(part, ()))):
                    self._wake((part,))

    def _limit(self, part: Part) -> int:
        if part[0] == NODES:
            return self._most.get(part, self._limits[NODE])
        return self._limits[part[0]]

    def _out(self, parts: Parts) -> str:
        _rank, key = heapq.heappop(self._queues[parts])
        self.hold(key)
        following = self._first(parts)
        if following:
            self._list(parts, following[0])
        else:
            self._wake(parts)
        return key

    def _first(self, parts: Parts) -> tuple[int, str] | None:
        queue = self._queues.get(parts, [])
        while queue and self._rank.get(queue[0][1]) != queue[0][0]:
            heapq.heappop(queue)
        return queue[0] if queue else None

    def _full(self, parts: Parts) -> Part | None:
        return next((part for part in parts if self._count[part] >= self._limit(part)), None)

    def _list(self, parts: Parts, rank: int) -> None:
        if self._listed.get(parts, rank + 1) > rank:
            self._listed[parts] = rank
            heapq.heappush(self._open, (rank, parts))

    def _lay_aside(self, parts: Parts, full: Part, rank: int) -> None:
        if self._put_aside.get(parts) != (full, rank):
            self._put_aside[parts] = (full, rank)
            heapq.heappush(self._aside.setdefault(full, []), (rank, parts))

    def _wake(self, parts: Parts) -> None:
        """Let one set of those put aside at each of these parts that has room try again."""
        for part in parts:
            aside = self._aside.get(part, [])
            while aside and self._count[part] < self._limit(part):
                rank, woken = heapq.heappop(aside)
                if self._put_aside.get(woken) == (part, rank):
                    del self._put_aside[woken]
                    self._list(woken, rank)
                    break
