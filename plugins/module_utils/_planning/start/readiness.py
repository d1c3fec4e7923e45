# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When what is started counts as ready. Pure: time comes in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..._model.plan import Startup, Wave
from ..._model.readiness import Readiness


class Judged(Protocol):
    """A VM or a workload."""

    @property
    def key(self) -> str:
        """Unique among all that start together."""

    @property
    def labels(self) -> Mapping[str, str]:
        """What waves select."""

    @property
    def readiness(self) -> Mapping[str, Any]:
        """What its annotation says."""


def readiness_by_key(items: Iterable[Judged], startup: Startup) -> dict[str, Readiness]:
    """Of the plan, over it of the wave that selects it, over it of its annotation; key by key, the nearest wins.

    A dependency may move a VM into a later wave; its readiness is still that of its own.
    """
    of_waves = [startup.readiness.with_changes(wave.readiness) for wave in startup.waves]
    found = {}
    for item in items:
        own = next((of for wave, of in zip(startup.waves, of_waves, strict=True) if _selects(wave, item)), None)
        found[item.key] = (own or startup.readiness).with_changes(item.readiness)
    return found


def deadlines(readiness: Mapping[str, Readiness]) -> dict[str, float]:
    """Seconds after which each counts as failed: a delay begins with readiness, it does not use up the timeout."""
    return {key: (own.timeout + own.delay).total_seconds() for key, own in readiness.items()}


def _selects(wave: Wave, item: Judged) -> bool:
    return wave.selector is None or wave.selector.matches(item.labels)


@dataclass
class Holding:
    """Since when each of them holds what it has to hold for its delay (seconds)."""

    delays: Mapping[str, float]
    since: dict[str, float] = field(default_factory=dict)

    def lasts(self, key: str, now: float) -> bool:
        return now - self.since.setdefault(key, now) >= self.delays.get(key, 0.0)

    def broke(self, key: str) -> None:
        self.since.pop(key, None)

    def as_of(self, keys: Iterable[str], now: float, wall: float) -> dict[str, float | None]:
        """For another process, which has another clock: since when, by the wall's; None for what does not hold yet."""
        return {key: wall - (now - self.since[key]) if key in self.since else None for key in keys}

    def resume(self, since: Mapping[str, float | None], now: float, wall: float) -> None:
        self.since = {key: now - max(0.0, wall - begun) for key, begun in since.items() if begun is not None}

    def shown(self, key: str, now: float) -> str:
        return f"it is ready for {now - self.since[key]:.0f} of {self.delays.get(key, 0.0):.0f} s"


def delays_of(readiness: Mapping[str, Readiness]) -> dict[str, float]:
    return {key: own.delay.total_seconds() for key, own in readiness.items() if own.delay}
