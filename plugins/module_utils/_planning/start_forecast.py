# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A start before it happens: the plan's waves and window, boot times, and the rate of virt-controller's requests,
simulated. Pure."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from .boot_times import BootTimes, boot_of
from .forecast_queue import Cap, Waiting
from .start_order import StartWave

# of virt-controller for one start: 1,000 of them took 1,362 s at 5 requests a second (kubevirt/kubevirt#7879)
REQUESTS_PER_START = 7
# a limit binds when without it the start is shorter by more than this share
NOTICEABLE = 0.05

BOOT_TIMES, PLAN_CAP, SITE_BUDGET, CONTROLLER = "boot_times", "plan_cap", "site_budget", "controller_qps"


@dataclass(frozen=True)
class Limits:
    """plan_cap, site_budget: in flight. timeout: seconds after which what is not ready frees its slot. qps, burst: of
    virt-controller."""

    plan_cap: int
    timeout: float
    site_budget: int | None = None
    caps: tuple[Cap, ...] = ()
    qps: float = 200.0
    burst: float = 400.0
    stop_on_failure: bool = False

    @property
    def window(self) -> int:
        return max(1, min(self.plan_cap, self.site_budget or self.plan_cap))

    @property
    def of_window(self) -> str:
        """Which of the two is the window."""
        return PLAN_CAP if self.window == self.plan_cap else SITE_BUDGET

    def without(self, name: str, total: int) -> Limits:
        """The same with one limit lifted."""
        if name == self.of_window:
            return replace(self, plan_cap=max(self.plan_cap, total), site_budget=None)
        if name == CONTROLLER:
            return replace(self, qps=float("inf"), burst=float("inf"))
        return replace(self, caps=tuple(cap for cap in self.caps if cap.name != name))


@dataclass(frozen=True)
class Course:
    """waves: in order. stuck: keys that never become ready, each holding its slot until the timeout. needs: key to what
    has to be over before it begins."""

    waves: Sequence[StartWave]
    stuck: Collection[str] = ()
    needs: Mapping[str, Iterable[str]] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(len(wave.keys) for wave in self.waves)


@dataclass(frozen=True)
class Outcome:
    """seconds: until the last one was ready or given up. peak: most in flight at once. ready: in time. reached: limits
    that made something wait."""

    seconds: float
    peak: int
    ready: int
    reached: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Binding:
    """The limit that decides how long it takes. lifted: limit to the seconds that it would take without that one, for
    those that cost a noticeable time."""

    name: str
    lifted: Mapping[str, float] = field(default_factory=dict)


def simulate(course: Course, limits: Limits, boots: BootTimes) -> Outcome:
    spread = boots.spread()
    flow = _Flow(limits)
    now, peak, ready, number = 0.0, 0, 0, 0
    reached: set[str] = set()
    for wave in course.waves:
        waiting, late = Waiting(wave.keys, limits.caps, course.needs), set[str]()
        flying: list[tuple[float, int, str]] = []
        while True:
            for key in waiting.begin(limits.window - len(flying)):
                served = flow.served(now)
                if served > now:
                    reached.add(CONTROLLER)
                # a longer one was never measured: it would have been given up
                until = served + min(boot_of(number, spread), limits.timeout)
                given_up = now + limits.timeout
                if key in course.stuck or until > given_up:
                    until = given_up
                    late.add(key)
                heapq.heappush(flying, (until, number, key))
                number += 1
            peak = max(peak, len(flying))
            if not flying:
                break
            if waiting.has_more and len(flying) >= limits.window:
                reached.add(limits.of_window)
            now, _number, key = heapq.heappop(flying)
            waiting.ended(key)
            ready += key not in late
        reached |= waiting.reached
        if late and limits.stop_on_failure:
            break
    return Outcome(now, peak, ready, frozenset(reached))


def binding(course: Course, limits: Limits, boots: BootTimes, foreseen: Outcome) -> Binding:
    """Which limit, lifted alone, shortens the start most; boot times and order when none does noticeably."""
    lifted = {name: simulate(course, limits.without(name, course.total), boots) for name in sorted(foreseen.reached)}
    costly = {
        name: other.seconds
        for name, other in lifted.items()
        # a storm that ends early because it gave up is no gain
        if other.seconds < foreseen.seconds * (1 - NOTICEABLE) and other.ready >= foreseen.ready
    }
    return Binding(min(costly, key=costly.__getitem__) if costly else BOOT_TIMES, costly)


class _Flow:
    """A token bucket, as client-go limits a controller's requests."""

    def __init__(self, limits: Limits) -> None:
        self._qps, self._burst = max(0.1, limits.qps), limits.burst
        self._tokens, self._at = self._burst, 0.0

    def served(self, now: float) -> float:
        """When the requests of a start that is asked for now are through."""
        if self._qps == float("inf"):
            return now
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._qps) - REQUESTS_PER_START
        self._at = now
        return now if self._tokens >= 0 else now - self._tokens / self._qps
