# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether all that starts finds a node: placed one by one on the node with most memory left, as a scheduler spreads
them. Pure."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .node_rooms import ATTACH, NodeRoom, is_taken
from .pod_needs import MEMORY, Amounts

NODES = "nodes"
# what is lacking is looked for on every node; past so many different sizes the answer is clear
EXPLAINED = 200


@dataclass(frozen=True)
class Unit:
    """One pod that starts. key: of its VM or workload. is_vm: only nodes that run VMs take it."""

    key: str
    needs: Amounts
    is_vm: bool = True
    selector: Mapping[str, str] = field(default_factory=dict)
    tolerations: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Placement:
    """nodes: key to the node of its (last) pod. lacking: key to the resource that no node has left for it."""

    nodes: Mapping[str, str]
    lacking: Mapping[str, str]

    @property
    def resource(self) -> str | None:
        """What most of them lack."""
        common = Counter(self.lacking.values()).most_common(1)
        return common[0][0] if common else None


def place(units: Iterable[Unit], rooms: Sequence[NodeRoom], free: Sequence[Amounts]) -> Placement:
    """free: of each room, as it is given; it is not changed."""
    return _Nodes(rooms, [dict(amounts) for amounts in free]).place(units)


def place_best(units: Iterable[Unit], rooms: Sequence[NodeRoom], free: Sequence[Amounts]) -> Placement:
    """The largest first, whatever the order of the start: whether there is a way at all."""
    return place(sorted(units, key=lambda unit: -unit.needs.get(MEMORY, 0)), rooms, free)


class _Nodes:
    def __init__(self, rooms: Sequence[NodeRoom], free: list[Amounts]) -> None:
        self._rooms = rooms
        self._free = free
        # per kind of pod its nodes as (minus the memory that was left when noted, number)
        self._heaps: dict[Any, list[tuple[int, int]]] = {}
        self._too_big: dict[Any, str] = {}

    def place(self, units: Iterable[Unit]) -> Placement:
        nodes: dict[str, str] = {}
        lacking: dict[str, str] = {}
        for unit in units:
            kind = _kind_of(unit)
            same = (kind, tuple(sorted(unit.needs.items())))
            if same in self._too_big:
                # what is left never grows
                lacking[unit.key] = self._too_big[same]
                continue
            number = self._node_for(kind, unit)
            if number is None:
                self._too_big[same] = lacking[unit.key] = self._lack(kind, unit)
                continue
            for name, value in unit.needs.items():
                if name in self._free[number]:
                    self._free[number][name] -= value
            nodes[unit.key] = self._rooms[number].name
        return Placement(nodes, lacking)

    def _node_for(self, kind: Any, unit: Unit) -> int | None:
        heap = self._heap(kind, unit)
        while heap:
            noted, number = heap[0]
            left = -self._free[number].get(MEMORY, 0)
            if noted != left:
                # another kind of pod took some of it, or the last one of this kind
                heapq.heapreplace(heap, (left, number))
                continue
            if self._fits(number, unit):
                return number
            if -left < unit.needs.get(MEMORY, 0):
                return None
            return next((other for _noted, other in sorted(heap) if self._fits(other, unit)), None)
        return None

    def _heap(self, kind: Any, unit: Unit) -> list[tuple[int, int]]:
        if kind not in self._heaps:
            heap = [
                (-self._free[number].get(MEMORY, 0), number)
                for number, room in enumerate(self._rooms)
                if (room.runs_vms or not unit.is_vm) and is_taken(room, unit.selector, unit.tolerations)
            ]
            heapq.heapify(heap)
            self._heaps[kind] = heap
        return self._heaps[kind]

    def _fits(self, number: int, unit: Unit) -> bool:
        return all(_has(self._free[number], name, value) for name, value in unit.needs.items())

    def _lack(self, kind: Any, unit: Unit) -> str:
        """The resource that most nodes lack for it."""
        numbers = [number for _noted, number in self._heaps[kind]]
        if not numbers:
            return NODES
        if len(self._too_big) >= EXPLAINED:
            return Counter(self._too_big.values()).most_common(1)[0][0]
        return max(
            unit.needs,
            key=lambda name: sum(not _has(self._free[number], name, unit.needs[name]) for number in numbers),
        )


def _has(free: Amounts, name: str, value: int) -> bool:
    if name.startswith(ATTACH):
        # without a limit it is not named
        return value <= free.get(name, value)
    return value <= free.get(name, 0)


def _kind_of(unit: Unit) -> Any:
    return (
        unit.is_vm,
        tuple(sorted(unit.selector.items())),
        tuple(tuple(sorted((key, str(value)) for key, value in item.items())) for item in unit.tolerations),
    )
