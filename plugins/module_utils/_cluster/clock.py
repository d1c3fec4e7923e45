# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time as an argument, so that tests of long waits take milliseconds."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Clock:
    """monotonic: seconds for measuring; now: the wall clock, for records only; sleep: blocks for seconds.

    longest_wait: seconds after which each wait by this clock ends, whatever it was given.
    waits: False where each is taken for ended at once, as if what it waits for were there.
    """

    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = _utc_now
    sleep: Callable[[float], None] = time.sleep
    longest_wait: float = math.inf
    waits: bool = True


class Deadline:
    """Seconds left of a wait."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._start = clock.monotonic()
        self.seconds = seconds

    @property
    def elapsed(self) -> float:
        return self._clock.monotonic() - self._start

    @property
    def left(self) -> float:
        return max(0.0, self.seconds - self.elapsed)

    @property
    def over(self) -> bool:
        return self.elapsed >= self.seconds
