# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""At which moments an attempt is killed, and how; drawn from a seed. Pure."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
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
    """

    place: Place
    after: float
    parent_only: bool
    lock: bool

    def __str__(self) -> str:
        when = f"{self.after:.2f} s into" if self.after else "at the boundary of"
        return f"{when} {self.place}, {'only the parent' if self.parent_only else 'all processes'}"


def spans(begun: Sequence[tuple[float, Place]], ended: float) -> dict[Place, float]:
    """How long each step took, from when each began and when the playbook ended."""
    times = [at for at, _place in begun]
    return {place: end - at for (at, place), (_, end) in zip(begun, pairwise([*times, ended]), strict=True)}


def draw(
    took: dict[Place, float],
    seed: str,
    inside: bool,
    limit: int | None = None,
    more: int = 0,
    patient: bool = False,
) -> list[Kill]:
    """A kill in each step, in their order, or in so many of them; at boundaries, or inside at random moments.

    more: as many again, in steps that are drawn by how long they take. patient: one dead attempt's lock is waited out:
    inside the first step, where it is taken while nothing is recorded yet, or at a boundary that is drawn.
    """
    rng = random.Random(seed)
    places = list(took)
    drawn = rng.sample(places, min(limit or len(places), len(places)))
    drawn += rng.choices(places, [took[place] for place in places], k=more)
    drawn.sort(key=places.index)
    waited = 0 if inside else rng.randrange(len(drawn))
    return [
        Kill(
            place,
            after=round(rng.uniform(0, took[place]), 2) if inside else 0.0,
            parent_only=rng.random() < 0.5,
            lock=patient and number == waited,
        )
        for number, place in enumerate(drawn)
    ]
