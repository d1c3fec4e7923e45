# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sliding window of a start: who may be asked to start now. Pure: time comes in, decisions go out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from .start_order import StartWave


@dataclass
class StartWindow:
    """State of one start.

    limit: at most so many VMs in flight (asked to start, not yet ready). timeout: seconds until a VM that is not
    ready counts as failed and frees its slot. stop_on_failure: after a wave with failures no further wave begins.
    """

    waves: list[StartWave]
    limit: int
    timeout: float
    stop_on_failure: bool = False
    in_flight: dict[str, float] = field(default_factory=dict)
    ready: set[str] = field(default_factory=set)
    failed: dict[str, str] = field(default_factory=dict)
    peak: int = 0
    _wave: int = 0

    @property
    def wave(self) -> str | None:
        return self.waves[self._wave].name if self._wave < len(self.waves) else None

    @property
    def total(self) -> int:
        return sum(len(wave.keys) for wave in self.waves)

    @property
    def done(self) -> bool:
        return self._wave >= len(self.waves) and not self.in_flight

    @property
    def never_begun(self) -> list[str]:
        """VMs that no wave reached, because an earlier one failed."""
        reached = self.ready | set(self.failed) | set(self.in_flight)
        return sorted(key for wave in self.waves for key in wave.keys if key not in reached)

    def observe_starting(self, keys: Iterable[str], now: float) -> None:
        """VMs that somebody asked to start before: they take their slots."""
        for key in keys:
            if key not in self.ready and key not in self.failed:
                self.in_flight.setdefault(key, now)
        self.peak = max(self.peak, len(self.in_flight))

    def next(self, now: float) -> list[str]:
        """VMs to ask to start now; they count as in flight from here on."""
        self._expire(now)
        asked: list[str] = []
        while self._wave < len(self.waves):
            wave = self.waves[self._wave]
            waiting = [key for key in wave.keys if not self._touched(key)]
            free = self.limit - len(self.in_flight)
            for key in waiting[: max(0, free)]:
                self.in_flight[key] = now
                asked.append(key)
            if len(waiting) > max(0, free) or any(key in self.in_flight for key in wave.keys):
                break
            if self.stop_on_failure and any(key in self.failed for key in wave.keys):
                self._wave = len(self.waves)
                break
            self._wave += 1
        self.peak = max(self.peak, len(self.in_flight))
        return asked

    def became_ready(self, key: str) -> None:
        self.in_flight.pop(key, None)
        self.failed.pop(key, None)
        self.ready.add(key)

    def gave_up(self, key: str, reason: str) -> None:
        self.in_flight.pop(key, None)
        self.failed[key] = reason

    def _expire(self, now: float) -> None:
        for key, since in list(self.in_flight.items()):
            if now - since >= self.timeout:
                self.gave_up(key, f"not ready after {self.timeout:.0f} s")

    def _touched(self, key: str) -> bool:
        return key in self.ready or key in self.failed or key in self.in_flight
