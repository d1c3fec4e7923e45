# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of a start: waves from the plan, priorities and needs of VMs and workloads. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..._model.plan import OnFailure, Wave
from .needs import Needs, Startable, needs_first, needs_of

REST = "rest"

# number of the plan's wave, priority
Place = tuple[int, int]


@dataclass(frozen=True)
class StartWave:
    """VMs and workloads (keys) of one wave and priority of the plan.

    They may start together as far as their needs allow. What others of them need comes before these, and what a longer
    chain waits for before a shorter one's, so that the chain does not begin last.
    delay: seconds from the end of the wave before, or from the begin of the start, to the first start of this wave.
    gate: the name by which a person opens it; None where it is open, or has none. on_failure: None for the plan's.
    of: the plan's wave.
    """

    name: str
    keys: tuple[str, ...]
    delay: float = 0.0
    gate: str | None = None
    on_failure: OnFailure | None = None
    of: str = ""


@dataclass(frozen=True)
class StartOrder:
    """waves in order; stays_off: key to reason, for what is not started; needs: what a key waits for, where it does.

    off_again: of what stays off, what was ready in this start.
    """

    waves: tuple[StartWave, ...]
    stays_off: Mapping[str, str]
    needs: Needs
    off_again: frozenset[str] = frozenset()


def order_start(
    startables: Iterable[Startable],
    waves: Sequence[Wave],
    open_gates: Collection[str] = (),
    were_ready: Collection[str] = (),
) -> StartOrder:
    """Waves of the plan, inside them priorities; needs are edges. What is needed never starts later.

    What needs something of a later wave or priority is moved there. Refused: an unknown name, a cycle (printed), and a
    blocking need of what stays off. were_ready: keys of what was ready in this start: nothing waits for these again.
    """
    graph = _Graph(startables, waves, were_ready)
    off_again = frozenset(graph.stays_off.keys() & set(were_ready))
    return StartOrder(tuple(graph.waves(open_gates)), graph.stays_off, graph.needs, off_again)


class _Graph:
    """What starts, at its place in the plan and with its needs."""

    def __init__(self, startables: Iterable[Startable], waves: Sequence[Wave], were_ready: Collection[str]) -> None:
        known = {item.key: item for item in startables}
        self._waves = [*waves, Wave(REST)]
        self.stays_off = {key: reason for key, item in known.items() if (reason := _why_off(item, were_ready))}
        starting = {key: item for key, item in known.items() if key not in self.stays_off}
        self.needs = needs_of(known, self.stays_off, were_ready)
        self._needs_first = needs_first(starting, self.needs)
        self.places = {key: (_wave_of(item, self._waves), item.priority) for key, item in starting.items()}
        for key in self._needs_first:
            needed = (self.places[need.key] for need in self.needs.get(key, ()))
            self.places[key] = max([self.places[key], *needed])

    def waves(self, open_gates: Collection[str]) -> Iterator[StartWave]:
        chains = self._chains()
        groups: dict[Place, list[str]] = {}
        for key in sorted(self.places, key=lambda key: (-chains[key], key)):
            groups.setdefault(self.places[key], []).append(key)
        last = max(groups, default=(-1, 0))[0]
        for number, wave in enumerate(self._waves[: last + 1]):
            priorities = sorted(priority for of, priority in groups if of == number)
            delay, gate = wave.delay.total_seconds(), wave.name if wave.gate and wave.name not in open_gates else None
            if gate and not priorities:
                # the person who opens it looks at something before all that follows
                yield StartWave(wave.name, (), 0.0, gate, wave.on_failure, wave.name)
            for priority in priorities:
                keys = tuple(groups[number, priority])
                name = f"{wave.name}, priority {priority}"
                yield StartWave(name, keys, delay, gate, wave.on_failure, wave.name)
                delay, gate = 0.0, None

    def _chains(self) -> dict[str, int]:
        """How long the chain is that waits for each at its own place."""
        chains = dict.fromkeys(self.places, 0)
        for key in reversed(self._needs_first):
            for need in self.needs.get(key, ()):
                if self.places[need.key] == self.places[key]:
                    chains[need.key] = max(chains[need.key], chains[key] + 1)
        return chains


def _why_off(item: Startable, were_ready: Collection[str]) -> str | None:
    if not item.start:
        return "is annotated dr.ocpvirt.io/start: never"
    if not item.running and item.key in were_ready:
        return f"was ready in this start, is off again ({item.was}) and stays off"
    if not item.running:
        return f"was off ({item.was}) and stays off"
    return None


def _wave_of(item: Startable, waves: Sequence[Wave]) -> int:
    return next(
        number for number, wave in enumerate(waves) if wave.selector is None or wave.selector.matches(item.labels)
    )
