# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An axis of seconds or of counts, with round ticks. Pure."""

from __future__ import annotations

from dataclasses import dataclass

STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400)
MOST_TICKS = 8


@dataclass(frozen=True)
class Axis:
    """begin, end: of what it shows. left, width: in the picture."""

    begin: float
    end: float
    left: float
    width: float

    def at(self, value: float) -> float:
        """Where a value is; one that is beyond the axis is at its end."""
        length = self.end - self.begin or 1.0
        return round(self.left + self.width * min(1.0, max(0.0, (value - self.begin) / length)), 1)

    def time_ticks(self) -> list[tuple[float, str]]:
        """Place and words, counted from the begin."""
        length = max(self.end - self.begin, 1.0)
        step = next((step for step in STEPS if length / step <= MOST_TICKS), length / MOST_TICKS)
        after = [number * step for number in range(int(length / step) + 1)]
        return [(self.at(self.begin + seconds), _words(seconds)) for seconds in after]


def count_ticks(highest: float) -> list[int]:
    """Up to five round counts, with zero."""
    power = 1
    while True:
        for factor in (1, 2, 5):
            if highest / (factor * power) <= 5:
                return [number * factor * power for number in range(int(highest / (factor * power)) + 1)]
        power *= 10


def _words(seconds: float) -> str:
    if seconds < 120 and seconds % 60:
        return f"{seconds:g} s"
    if seconds >= 7200:
        return f"{seconds / 3600:g} h"
    return f"{seconds / 60:g} min" if seconds else "0"
