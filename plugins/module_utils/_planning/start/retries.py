# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another try for what did not get ready: after a pause that doubles, within a budget of the whole start. Pure."""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..._model.plan import Retries

# of all that start, this part may be tried again; a fleet that can't start is not asked to over and over
BUDGET = 0.1


@dataclass
class StartRetries:
    """attempts: how many more for one. backoff: seconds before its first. budget: how many in the whole start.

    resting: what waits for its next attempt, without a slot, and when that may begin.
    """

    attempts: int = 0
    backoff: float = 0.0
    budget: int = 0
    resting: dict[str, float] = field(default_factory=dict)
    used: dict[str, int] = field(default_factory=dict)
    _due: list[tuple[float, str]] = field(default_factory=list)

    def rest(self, key: str, now: float) -> bool:
        """Whether it gets another attempt; it rests until then."""
        used = self.used.get(key, 0)
        if used >= self.attempts or self.budget <= 0:
            return False
        self.budget -= 1
        self.used[key] = used + 1
        self.until(key, now + self.backoff * 2**used)
        return True

    def until(self, key: str, moment: float) -> None:
        self.resting[key] = moment
        heapq.heappush(self._due, (moment, key))

    def due(self, now: float) -> list[str]:
        """What has rested."""
        rested = []
        while self._due and self._due[0][0] <= now:
            until, key = heapq.heappop(self._due)
            if self.resting.get(key) == until:
                del self.resting[key]
                rested.append(key)
        return rested

    def resume(self, used: Mapping[str, int]) -> None:
        """Attempts that another process made."""
        self.used.update(used)
        self.budget = max(0, self.budget - sum(used.values()))

    def forget(self, key: str) -> None:
        """It needs no other attempt."""
        self.resting.pop(key, None)

    @property
    def count(self) -> int:
        return sum(self.used.values())


def retries_of(retries: Retries, most: int, total: int) -> StartRetries:
    """most: the plan's limit in flight; so many at least may be tried again."""
    return StartRetries(retries.attempts, retries.backoff.total_seconds(), max(most, int(total * BUDGET)))
