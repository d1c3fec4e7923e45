# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole starts of several plans side by side, simulated: the budget is kept, and hardly any of it stays unused."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.start.budget import SiteBudget
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.order import StartWave
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.window import StartWindow
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import (
    MemoryApi,
    MemorySession,
    SimulatedTime,
    plan_of,
)

BUDGET = 8
TURN = 0.1


@dataclass
class Start:
    """due: when each VM in flight will be ready."""

    budget: SiteBudget
    window: StartWindow
    due: dict[str, float] = field(default_factory=dict)
    ended: float | None = None

    def turn(self, now: float, boot: float) -> None:
        for key in [key for key, at in self.due.items() if at <= now]:
            self.window.became_ready(key)
            del self.due[key]
        self.window.limit = min(40, self.budget.update(len(self.window.in_flight), self.window.waiting))
        for key in self.window.next(now):
            self.due[key] = now + boot
        if self.window.done:
            self.budget.release()
            self.ended = now


def starts(time: SimulatedTime, plans: int, vms: int) -> list[Start]:
    api = MemoryApi("west", time.clock())
    found = []
    for number in range(plans):
        session = MemorySession(api, plan_of(name=f"plan-{number}"))
        session.run = replace(session.run, id=f"plan-{number}-west")
        wave = StartWave("rest", tuple(f"vm-{vm}" for vm in range(vms)))
        found.append(Start(SiteBudget(session, api, BUDGET, 3), StartWindow([wave], limit=0, timeout=300)))
    return found


@pytest.mark.parametrize(("plans", "vms"), [(1, 60), (4, 15), (12, 10)], ids=["one", "four", "more than places"])
def test_plans_side_by_side_take_hardly_longer_than_the_budget_allows(plans, vms) -> None:
    time, boots, peak = SimulatedTime(), random.Random(1), 0
    running = starts(time, plans, vms)
    while running := [start for start in running if start.ended is None]:
        for start in running:
            start.turn(time.seconds, boots.uniform(4, 6))
        peak = max(peak, sum(len(start.due) for start in running))
        time.sleep(TURN)
    assert peak == BUDGET
    # at the end the last VM boots beside free places
    assert time.seconds < 1.05 * plans * vms * 5 / BUDGET + 6
