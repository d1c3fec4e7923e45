# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site that is busy with nothing but this start, simulated: boots that grow by that cost it no throughput."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.pace import Signals, StartPace

MOST = 40
VMS = 600
TURN = 0.5


@dataclass
class BusySite:
    """Boots so many VMs at once in their best time; of more each takes as many times longer.

    After a while it can do less. in_flight: of each the seconds of work that are left, and when it was asked.
    """

    capacity: int
    boot: float
    pace: StartPace
    in_flight: list[tuple[float, float]] = field(default_factory=list)
    ready: int = 0

    def start_all(self) -> float:
        """Seconds until the last is ready."""
        boots, left, turn = random.Random(1), VMS, 0
        ended: list[float] = []
        while self.ready < VMS:
            now = turn * TURN
            while left and len(self.in_flight) < self.pace.limit:
                self.in_flight.append((self.boot * boots.uniform(0.7, 1.3), now))
                left -= 1
            turn += 1
            ended += self._work(turn * TURN)
            if turn % 2 == 0:
                self.pace.look(Signals(boot_times=tuple(ended)), turn * TURN)
                ended = []
        return turn * TURN

    def _work(self, now: float) -> list[float]:
        able = MOST if self.ready < 3 * MOST else self.capacity
        each = TURN * min(1.0, able / max(1, len(self.in_flight)))
        left = [(work - each, asked) for work, asked in self.in_flight]
        self.in_flight = [(work, asked) for work, asked in left if work > 0]
        self.ready += len(left) - len(self.in_flight)
        return [now - asked for work, asked in left if work <= 0 and self.pace.knows(asked)]


@pytest.mark.parametrize("boot", [5.0, 20.0, 60.0])
@pytest.mark.parametrize("capacity", [5, 10, 15])
def test_boots_that_grow_leave_in_flight_what_keeps_the_site_as_busy_as_it_can_be(capacity: int, boot: float) -> None:
    """Twice the best time is twice as many as that: half of them are no fewer."""
    site = BusySite(capacity, boot, StartPace(MOST))
    took = site.start_all()
    assert site.pace.slower >= 1
    assert site.pace.lowest >= capacity
    assert took < 1.05 * (3 * boot + (VMS - 3 * MOST) / capacity * boot)
