# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of several plans at one site, in any order: they read, write late, crash, come back and are paused."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.budget import Claim, Silence, decide_claim
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

BUDGET = 8
# seconds after which a VM that is not ready counts as failed
DEADLINE = 20
# a run asks for VMs at most so long after it looked
FRESH = 5
EXPIRES = DEADLINE + 2 * FRESH
PLANS = ("a", "b", "c", "d")


@dataclass
class Plan:
    """A plan and the process that starts it. in_flight: when each of its VMs was asked; it outlives the process."""

    priority: int
    waiting: int = 0
    in_flight: list[int] = field(default_factory=list)
    attempt: int = 0
    alive: bool = False
    limit: int = 0
    looked: int = 0
    read: tuple[int, dict[str, Claim]] | None = None
    silence: Silence = field(default_factory=Silence)


class Site(RuleBasedStateMachine):
    """One object with a version, written by compare and swap."""

    def __init__(self) -> None:
        super().__init__()
        self.version = 0
        self.claims: dict[str, Claim] = {}
        self.plans = {name: Plan(priority=1 + number % 3) for number, name in enumerate(PLANS)}
        self.now = 0
        for name in PLANS[:2]:
            self.begin(name, 12)

    @rule(name=st.sampled_from(PLANS), vms=st.integers(4, 12))
    def begin(self, name: str, vms: int) -> None:
        """A run, or the next attempt after a crash, which finds what is in flight in the cluster."""
        plan = self.plans[name]
        if not plan.alive:
            plan.alive, plan.attempt, plan.waiting, plan.limit = True, plan.attempt + 1, vms, 0
            plan.read, plan.silence, plan.in_flight = None, Silence(), [self.now] * len(plan.in_flight)

    @rule(name=st.sampled_from(PLANS))
    def look(self, name: str) -> None:
        plan = self.plans[name]
        if plan.alive:
            plan.read = self.version, dict(self.claims)
            plan.silence.observe(plan.read[1], self.now, self.now)

    @rule(name=st.sampled_from(PLANS))
    def write(self, name: str) -> None:
        """What was read may be outdated by now: the server refuses it then."""
        plan = self.plans[name]
        if not plan.alive or plan.read is None:
            return
        version, known = plan.read
        plan.read = None
        dropped = [other for other in plan.silence.expired(known) if other != name]
        active = {other: claim for other, claim in known.items() if claim.active and other not in dropped}
        flying = len(plan.in_flight)
        wanted = Claim(plan.priority, BUDGET, 20, EXPIRES, f"{name}#{plan.attempt}", flying + plan.waiting, 0, flying)
        decision = decide_claim(name, wanted, active)
        if version != self.version:
            return
        renewed = known[name].renewed + 1 if name in known else 1
        self.claims |= {other: known[other].idle() for other in dropped}
        self.claims[name] = replace(decision.claim, renewed=renewed)
        self.version += 1
        plan.limit, plan.looked = decision.limit, self.now

    @rule(name=st.sampled_from(PLANS))
    def turn(self, name: str) -> None:
        self.look(name)
        self.write(name)
        self.ask(name)

    @rule(name=st.sampled_from(PLANS))
    def ask(self, name: str) -> None:
        plan = self.plans[name]
        if plan.alive and self.now - plan.looked <= FRESH:
            asked = max(0, min(plan.waiting, plan.limit - len(plan.in_flight)))
            plan.waiting -= asked
            plan.in_flight += [self.now] * asked

    @rule(name=st.sampled_from(PLANS))
    def ready(self, name: str) -> None:
        if self.plans[name].in_flight:
            self.plans[name].in_flight.pop()

    @rule(name=st.sampled_from(PLANS))
    def crash(self, name: str) -> None:
        self.plans[name].alive = False

    @rule(name=st.sampled_from(PLANS))
    def end(self, name: str) -> None:
        plan = self.plans[name]
        if plan.alive and not plan.in_flight and name in self.claims:
            self.claims[name] = self.claims[name].idle()
            self.version += 1
            plan.alive = False

    @rule(seconds=st.sampled_from((FRESH, DEADLINE - 1)))
    def pass_time(self, seconds: int) -> None:
        self.now += seconds
        for plan in self.plans.values():
            plan.in_flight = [asked for asked in plan.in_flight if self.now - asked < DEADLINE]

    @precondition(lambda self: any(plan.waiting and plan.alive for plan in self.plans.values()))
    @rule()
    def calm(self) -> None:
        """However it came to this: once the dead are forgotten, those who look in turn share the whole budget."""
        self.pass_time(DEADLINE)
        for _turn in range(EXPIRES // FRESH + 3):
            for name in PLANS:
                self.look(name)
                self.write(name)
            self.pass_time(FRESH)
        alive = [plan for plan in self.plans.values() if plan.alive]
        used = sum(min(plan.limit, plan.waiting) for plan in alive)
        assert used == min(BUDGET, sum(plan.waiting for plan in alive))

    @invariant()
    def never_more_in_flight_than_the_budget(self) -> None:
        assert sum(len(plan.in_flight) for plan in self.plans.values()) <= BUDGET

    @invariant()
    def never_more_granted_than_the_budget(self) -> None:
        assert sum(claim.grant for claim in self.claims.values()) <= BUDGET


TestSite = Site.TestCase
TestSite.settings = settings(max_examples=200, stateful_step_count=50, deadline=None, derandomize=True, database=None)
