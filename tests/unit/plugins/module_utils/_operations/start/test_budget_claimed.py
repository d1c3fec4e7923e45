# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan claims of its site's budget beside a plan that could use all of it, while something holds it back."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import CONFIG_MAP
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.names import SITE_NAMESPACE
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.vmi_state import VmiState
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.start.budget import (
    NAME,
    SiteBudget,
    claims_of,
    write_claims,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.start.pacing import NodeState, Pacing
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.budget import Claim
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.caps import CappedQueue
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.order import StartWave
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.pace import SETTLE, Signals
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.window import StartWindow
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import (
    MemoryApi,
    MemorySession,
    SimulatedTime,
    plan_of,
)

KEYS = tuple(f"payroll/vm-{number:02}" for number in range(40))
NODE = NodeState("worker-1", True, frozenset())
BOOTS = VmiState(False, False, "Running", "", {}, node="worker-1")


class Claiming:
    """A plan of 40 VMs that may have 20 in flight, as many as its site's budget is, and another such plan."""

    def __init__(self, **caps: int) -> None:
        self.time = SimulatedTime()
        self.api = MemoryApi("west", self.time.clock())
        self.plan = plan_of(startup={"max_starting": 20, "caps": caps})
        parts = dict.fromkeys(KEYS, (("namespace", "payroll"),)) if "per_namespace" in caps else {}
        queue = CappedQueue(self.plan.startup.caps, parts)
        self.window = StartWindow([StartWave("rest", KEYS)], 20, 3600, queue=queue)
        budget = SiteBudget(MemorySession(self.api, self.plan), self.api, 20, 3)
        other = Claim(priority=3, budget=20, most=20, expires=3600, holder="r-2#1", need=20)
        write_claims(self.api, None, {"other": other})
        wake: Any = threading.Condition()
        self.pacing = Pacing(self.plan.startup, self.api, self.window, budget, wake, lambda _key: BOOTS)
        for watch in self.pacing.watches:
            watch.objects = {("", "worker-1"): NODE}

    def go_on(self, seconds: int) -> None:
        for _second in range(seconds):
            self.pacing.set_limit(self.time.seconds)
            self.window.next(self.time.seconds)
            self.time.sleep(1)

    @property
    def grant(self) -> int:
        return claims_of(self.api.get(CONFIG_MAP, NAME, SITE_NAMESPACE))[self.plan.name].grant


def test_a_plan_that_nothing_holds_back_claims_its_whole_share() -> None:
    plan = Claiming()
    plan.go_on(3)
    assert plan.grant == 10


@pytest.mark.parametrize("caps", [{"per_namespace": 4}, {"per_node": 4}], ids=["namespace", "nodes"])
def test_a_plan_that_its_caps_hold_back_leaves_the_rest_to_others(caps: dict[str, int]) -> None:
    plan = Claiming(**caps)
    plan.go_on(3)
    assert (len(plan.window.in_flight), plan.grant) == (4, 4)


def test_a_plan_that_its_pace_holds_back_leaves_the_rest_to_others_and_takes_it_as_it_gets_faster() -> None:
    plan = Claiming()
    for slowdown in range(2):
        plan.pacing.pace.look(Signals(throttled=1), slowdown * SETTLE - 2 * SETTLE)
    plan.go_on(3)
    assert (len(plan.window.in_flight), plan.grant) == (6, 6)
    plan.go_on(30)
    assert (plan.pacing.pace.limit, plan.grant) == (12, 10)


def test_a_place_that_a_vm_gives_back_is_claimed_for_the_next() -> None:
    plan = Claiming(per_namespace=4)
    plan.go_on(3)
    plan.window.became_ready(KEYS[0])
    plan.go_on(2)
    assert (sorted(plan.window.in_flight), plan.grant) == (list(KEYS[1:5]), 4)
