# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""At which moments an attempt is killed, and how; drawn from a seed. Pure."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise


@dataclass(frozen=True)
class Place:
    """A step in a playbook; play: 1 for the first play, as failback has two with equal steps."""

    play: int
    step: str

    def __str__(self) -> str:
        return f"{self.step} of play {self.play}"


@dataclass(frozen=True)
class Kill:
    """after: seconds into the step, 0 at its boundary. parent_only: the module lives on.

    lock: whether the dead attempt's lock is waited out; it is freed else, as each would take a minute.
    beside: the next attempt begins while that module still lives; it has to wait for that lock too.
    """

    place: Place
    after: float
    parent_only: bool
    lock: bool
    beside: bool = False

    def __str__(self) -> str:
        when = f"{self.after:.2f} s into" if self.after else "at the boundary of"
        whom = "only the parent" if self.parent_only else "all processes"
        return f"{when} {self.place}, {whom}{', and on beside its module' if self.beside else ''}"


def spans(begun: Sequence[tuple[float, Place]], ended: float) -> dict[Place, float]:
    """How long each step took, from when each began and when the playbook ended."""
    times = [at for at, _place in begun]
    return {place: end - at for (at, place), (_, end) in zip(begun, pairwise([*times, ended]), strict=True)}


def draw(
    took: dict[Place, float], seed: str, count: int, inside: bool, patient: bool = False, beside: int = 0
) -> list[Kill]:
    """So many kills, in the order of the steps: one in each of them, at its boundary, or inside at a random moment.

    What is left of the count falls inside steps that are drawn by how long they take; never again in the last one, as
    the playbook may have ended in it. Fewer kills than steps fall in steps that are drawn.
    patient: the lock of one dead attempt is waited out: inside the first step, where it is taken while nothing is
    recorded yet, or of an attempt that is drawn.
    beside: next to so many modules the next attempt begins at once, of those that are left alive inside a step. Before
    the first step is done there is no lock to wait for.
    """
    rng = random.Random(seed)
    places = list(took)
    first = rng.sample(places, min(count, len(places)))
    drawn = [(place, _moment(rng, took[place]) if inside else 0.0) for place in first]
    early = places[:-1]
    for place in rng.choices(early, [took[place] for place in early], k=count - len(first)):
        drawn.append((place, _moment(rng, took[place])))
    drawn.sort(key=lambda kill: (places.index(kill[0]), kill[1]))
    waited = 0 if inside else rng.randrange(len(drawn))
    kills = [
        Kill(place, after, parent_only=rng.random() < 0.5, lock=patient and number == waited)
        for number, (place, after) in enumerate(drawn)
    ]
    # the last one's next attempt would end the move
    able = [number for number, kill in enumerate(kills[:-1]) if _leaves_a_module(kill) and kill.place != places[0]]
    chosen = rng.sample(able, min(beside, len(able)))
    return [replace(kill, beside=number in chosen) for number, kill in enumerate(kills)]


def _leaves_a_module(kill: Kill) -> bool:
    return kill.parent_only and kill.after > 0 and not kill.lock


def _moment(rng: random.Random, seconds: float) -> float:
    return round(rng.uniform(0, seconds), 2)
