# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many were in flight over time, and how many might have been, in a bounded number of points. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

MOST_POINTS = 400


@dataclass
class StartCurve:
    """points: seconds of the wall clock, in flight, limit; each holds until the next. every: seconds of one point.

    In a point's seconds the most that were in flight count: no peak is lost, however long the start takes.
    """

    points: list[list[float]] = field(default_factory=list)
    every: float = 1.0

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> StartCurve:
        return cls([list(point) for point in record.get("points", ())], record.get("every", 1.0))

    def look(self, at: float, in_flight: int, limit: int) -> None:
        last = self.points[-1] if self.points else None
        if last is not None and at // self.every == last[0] // self.every:
            last[1:] = [max(last[1], in_flight), limit]
        elif last is None or last[1:] != [in_flight, limit]:
            self.points.append([round(at, 1), in_flight, limit])
            self._thin()

    def end(self, at: float, in_flight: int, limit: int) -> None:
        """As it is when a round ends, whatever was in flight a moment before."""
        self.points.append([round(at, 1), in_flight, limit])

    def as_dict(self) -> dict[str, Any]:
        return {"every": self.every, "points": [list(point) for point in self.points]}

    def _thin(self) -> None:
        while len(self.points) > MOST_POINTS:
            self.every *= 2
            together = [list(group) for _at, group in groupby(self.points, lambda point: point[0] // self.every)]
            self.points = [[group[0][0], max(point[1] for point in group), group[-1][2]] for group in together]
