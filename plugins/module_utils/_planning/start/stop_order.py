# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of a stop: that of the start, backwards, of what is on. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..._errors import Refused
from ..._model.names import DEPENDS_ON, START_AFTER
from ..._model.plan import Wave
from .needs import Needs, Startable
from .order import StartOrder, order_start


def stop_stages(startables: Iterable[Startable], waves: Sequence[Wave]) -> list[set[str]]:
    """Keys that may stop together. Unlike a start, a stop takes the plan as it is: what is off stands in no way.

    What needs something that is off comes before whatever that needs. Refused: a cycle among what is on.
    """
    known = {item.key: item for item in startables}
    try:
        return order_stop(order_start(_stoppables(known, through_off=True), waves))
    except Refused:
        # a cycle that only what is off closes
        return order_stop(order_start(_stoppables(known, through_off=False), waves))


def unknown_needs(startables: Iterable[Startable]) -> Iterator[str]:
    """The edges that order nothing in a stop, in words: to what the plan does not protect."""
    known = {item.key: item for item in startables}
    for item in known.values():
        for annotation, names in ((DEPENDS_ON, item.depends_on), (START_AFTER, item.start_after)):
            for name in names:
                if name not in known:
                    yield f"{item.on}: {annotation} names {name}, which the plan does not protect: it orders nothing"


def order_stop(order: StartOrder) -> list[set[str]]:
    """Keys that may stop together. What a start would leave off goes first; nothing stops before what needs it."""
    stages = [set(order.stays_off)] if order.stays_off else []
    for wave in reversed(order.waves):
        stages += _layers(wave.keys, order.needs)
    return stages


@dataclass(frozen=True)
class _Stoppable:
    """As a start would see it if it could start all that is on, and nothing else."""

    key: str
    on: str
    labels: Mapping[str, str]
    priority: int
    depends_on: tuple[str, ...]
    start_after: tuple[str, ...]
    start: bool
    running: bool
    was: str


def _stoppables(known: Mapping[str, Startable], through_off: bool) -> list[_Stoppable]:
    """through_off: what needs something that is off needs what that needs."""
    blocking = {key: [name for name in item.depends_on if _is_on(known, name)] for key, item in known.items()}
    ordering = {key: [name for name in item.start_after if _is_on(known, name)] for key, item in known.items()}
    if through_off:
        # of what is off nobody asks, and a chain of it may be thousands long
        for key, item in ((key, item) for key, item in known.items() if item.running):
            ordering[key] += _needed_by_off(known, item)
    needed = {name for key in known if known[key].running for name in (*blocking[key], *ordering[key])}
    return [
        _Stoppable(
            key=key,
            on=item.on,
            labels=item.labels,
            priority=item.priority,
            depends_on=tuple(blocking[key]),
            start_after=tuple(ordering[key]),
            # what never starts and runs is not stopped under those that need it
            start=item.start or key in needed,
            running=item.running,
            was=item.was,
        )
        for key, item in known.items()
    ]


def _needed_by_off(known: Mapping[str, Startable], item: Startable) -> Iterator[str]:
    """What is on and needed by what is off that this needs, over however many."""
    off = [name for name in _edges(item) if name in known and not known[name].running]
    seen = {item.key, *off}
    while off:
        for name in _edges(known[off.pop()]):
            if name in seen or name not in known:
                continue
            seen.add(name)
            if known[name].running:
                yield name
            else:
                off.append(name)


def _edges(item: Startable) -> tuple[str, ...]:
    return (*item.depends_on, *item.start_after)


def _is_on(known: Mapping[str, Startable], key: str) -> bool:
    return key in known and known[key].running


def _layers(keys: Collection[str], needs: Needs) -> Iterator[set[str]]:
    """What nothing of the wave needs, then what only that needed, and so on."""
    among = set(keys)
    inside = {key: [need.key for need in needs.get(key, ()) if need.key in among] for key in keys}
    users = Counter(need for found in inside.values() for need in found)
    layer = {key for key in inside if not users[key]}
    while layer:
        yield layer
        freed: set[str] = set()
        for key in layer:
            for need in inside[key]:
                users[need] -= 1
                if not users[need]:
                    freed.add(need)
        layer = freed
