# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Until when what was asked to start has to be ready. Pure."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping


class StartDeadlines:
    """timeout: seconds; timeouts: of those that have their own."""

    def __init__(self, timeout: float, timeouts: Mapping[str, float]) -> None:
        self._timeout = timeout
        self._timeouts = timeouts
        self._due: list[tuple[float, str]] = []

    def of(self, key: str) -> float:
        return self._timeouts.get(key, self._timeout)

    def add(self, key: str, since: float) -> None:
        heapq.heappush(self._due, (since + self.of(key), key))

    def over(self, in_flight: Mapping[str, float], now: float) -> Iterator[str]:
        """What is in flight since before its deadline; each once."""
        while self._due and self._due[0][0] <= now:
            due, key = heapq.heappop(self._due)
            # another one was set meanwhile, or it is up
            if key in in_flight and in_flight[key] + self.of(key) == due:
                yield key
