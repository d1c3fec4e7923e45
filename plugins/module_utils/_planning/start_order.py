# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of a start: waves from the plan, priorities and dependencies of VMs and workloads. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from .._errors import Refused
from .._model.names import DEPENDS_ON
from .._model.plan import Wave

REST = "rest"


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
        """Keys or names of what must be ready before."""

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
class StartWave:
    """VMs and workloads (keys) that may start together, and why they are here."""

    name: str
    keys: tuple[str, ...]


@dataclass(frozen=True)
class StartOrder:
    """waves in order; stays_off: key to reason, for what is not started."""

    waves: tuple[StartWave, ...]
    stays_off: Mapping[str, str]


def order_start(startables: Iterable[Startable], waves: Sequence[Wave]) -> StartOrder:
    """Waves of the plan, inside them priorities, inside these dependencies; a dependency never starts later.

    What depends on something of a later wave is moved behind it. Refused: an unknown name, a cycle (printed), and a
    dependency on what stays off.
    """
    by_key = {item.key: item for item in startables}
    stays_off = {key: reason for key, item in by_key.items() if (reason := _why_off(item))}
    starting = {key: item for key, item in by_key.items() if key not in stays_off}
    _check_dependencies(starting, by_key, stays_off)
    rank = {key: (_wave_of(item, waves), item.priority, 0) for key, item in starting.items()}
    for key in _dependencies_first(starting):
        for needed in starting[key].depends_on:
            wave, priority, depth = rank[needed]
            rank[key] = max(rank[key], (wave, priority, depth + 1))
    groups: dict[tuple[int, int, int], list[str]] = {}
    for key, place in rank.items():
        groups.setdefault(place, []).append(key)
    names = [wave.name for wave in waves] + [REST]
    ordered = tuple(StartWave(_name(names, place), tuple(sorted(groups[place]))) for place in sorted(groups))
    return StartOrder(ordered, stays_off)


def _why_off(item: Startable) -> str | None:
    if not item.start:
        return "is annotated dr.ocpvirt.io/start: never"
    if not item.running:
        return f"was off ({item.was}) and stays off"
    return None


def _wave_of(item: Startable, waves: Sequence[Wave]) -> int:
    for number, wave in enumerate(waves):
        if wave.selector is None or wave.selector.matches(item.labels):
            return number
    return len(waves)


def _name(names: Sequence[str], place: tuple[int, int, int]) -> str:
    wave, priority, depth = place
    return f"{names[wave]}, priority {priority}" + (f", step {depth + 1}" if depth else "")


def _check_dependencies(
    starting: Mapping[str, Startable], known: Mapping[str, Startable], stays_off: Mapping[str, str]
) -> None:
    for item in starting.values():
        for needed in item.depends_on:
            if needed not in known:
                raise Refused(
                    "order the start",
                    on=item.on,
                    seen=f"{DEPENDS_ON} names {needed}, which the plan does not protect",
                    next_step="correct the annotation, or select it in the plan",
                )
            if needed in stays_off:
                raise Refused(
                    "order the start",
                    on=item.on,
                    seen=f"it depends on {needed}, which {stays_off[needed]}",
                    next_step=f"start {needed} too, or remove it from {DEPENDS_ON}",
                )


def _dependencies_first(items: Mapping[str, Startable]) -> list[str]:
    """Keys in an order in which each comes after what it depends on. Iterative: chains may be thousands long."""
    ordered: list[str] = []
    state: dict[str, int] = {}  # 1: on the path, 2: done
    for root in sorted(items):
        if root in state:
            continue
        path = [(root, iter(items[root].depends_on))]
        state[root] = 1
        while path:
            key, needs = path[-1]
            needed = next(needs, None)
            if needed is None:
                path.pop()
                state[key] = 2
                ordered.append(key)
            elif state.get(needed) == 1:
                keys = [step for step, _rest in path]
                cycle = [*keys[keys.index(needed) :], needed]
                raise Refused(
                    "order the start",
                    on=items[needed].on,
                    seen=f"a cycle of dependencies: {' -> '.join(cycle)}",
                    next_step=f"remove one of them from {DEPENDS_ON}",
                )
            elif needed not in state:
                state[needed] = 1
                path.append((needed, iter(items[needed].depends_on)))
    return ordered
