# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What VMs and workloads wait for at a start: the edges between them, checked, without a cycle. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

from ..._errors import Refused
from ..._model.names import DEPENDS_ON, START_AFTER
from ..._model.plan_problem import suggest


class Startable(Protocol):
    """A VM or a workload."""

    @property
    def key(self) -> str:
        """Unique among all that start together."""

    @property
    def on(self) -> str:
        """Its kind, namespace and name."""

    @property
    def labels(self) -> Mapping[str, str]:
        """What waves select."""

    @property
    def priority(self) -> int:
        """1 starts first, 5 last."""

    @property
    def depends_on(self) -> tuple[str, ...]:
        """Keys of what has to be ready before."""

    @property
    def start_after(self) -> tuple[str, ...]:
        """Keys of what has to be over before, ready or not."""

    @property
    def start(self) -> bool:
        """Whether a start begins it at all."""

    @property
    def running(self) -> bool:
        """Whether it ran before it was stopped."""

    @property
    def was(self) -> str:
        """What it was, in words."""


@dataclass(frozen=True)
class Need:
    """What a VM or workload waits for. blocking: until that is ready; else until its start is over, ready or not."""

    key: str
    blocking: bool


Needs = Mapping[str, tuple[Need, ...]]


def needs_of(known: Mapping[str, Startable], stays_off: Mapping[str, str], were_ready: Collection[str] = ()) -> Needs:
    """The edges of all that start. What only orders, and stays off, is nothing to wait for; nor is what was ready.

    Refused: an unknown name, and a blocking need of what stays off.
    """
    needs = {}
    for key, item in known.items():
        if key in stays_off:
            continue
        blocking = dict.fromkeys(_known(item, DEPENDS_ON, item.depends_on, known), True)
        ordering = dict.fromkeys(_known(item, START_AFTER, item.start_after, known), False)
        for needed in blocking:
            if needed in stays_off and needed not in were_ready:
                raise Refused(
                    "order the start",
                    on=item.on,
                    seen=f"it depends on {needed}, which {stays_off[needed]}",
                    next_step=f"start {needed} too, or name it in {START_AFTER} instead of {DEPENDS_ON}",
                )
        edges = tuple(Need(*edge) for edge in {**ordering, **blocking}.items() if edge[0] not in stays_off)
        if edges:
            needs[key] = edges
    return needs


def _known(item: Startable, annotation: str, names: tuple[str, ...], known: Mapping[str, Startable]) -> tuple[str, ...]:
    for name in names:
        if name not in known:
            others = [key for key in known if key != item.key]
            raise Refused(
                "order the start",
                on=item.on,
                seen=f"{annotation} names {name}, which the plan does not protect{suggest(name, others)}",
                next_step="correct the annotation, or select it in the plan",
            )
    return names


def needs_first(starting: Mapping[str, Startable], needs: Needs) -> list[str]:
    """Keys in an order in which each comes after what it needs. Iterative: chains may be thousands long."""
    ordered: list[str] = []
    state: dict[str, int] = {}  # 1: on the path, 2: done
    for root in sorted(starting):
        if root in state:
            continue
        path: list[tuple[str, Iterator[Need]]] = [(root, iter(needs.get(root, ())))]
        state[root] = 1
        while path:
            key, left = path[-1]
            need = next(left, None)
            if need is None:
                path.pop()
                state[key] = 2
                ordered.append(key)
            elif state.get(need.key) == 1:
                keys = [step for step, _left in path]
                raise _cycle(starting, needs, [*keys[keys.index(need.key) :], need.key])
            elif need.key not in state:
                state[need.key] = 1
                path.append((need.key, iter(needs.get(need.key, ()))))
    return ordered


def _cycle(starting: Mapping[str, Startable], needs: Needs, cycle: list[str]) -> Refused:
    kinds = {need.blocking for key, needed in pairwise(cycle) for need in needs[key] if need.key == needed}
    annotations = [name for name, blocking in ((DEPENDS_ON, True), (START_AFTER, False)) if blocking in kinds]
    return Refused(
        "order the start",
        on=starting[cycle[0]].on,
        seen=f"a cycle of dependencies: {' -> '.join(cycle)}",
        next_step=f"remove one of them from {' or '.join(annotations)}",
    )
