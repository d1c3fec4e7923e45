# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A start before it happens: the window that drives a real one, over boot times and the rate of virt-controller's
requests. Pure."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..._model.plan import OnFailure, Retries
from ..start.caps import CappedQueue, Parts
from ..start.needs import Needs
from ..start.order import StartWave
from ..start.retries import retries_of
from ..start.window import StartWindow
from .boot_times import BootTimes, boot_of

# of virt-controller for one start: 1,000 of them took 1,362 s at 5 requests a second (kubevirt/kubevirt#7879)
REQUESTS_PER_START = 7
# a limit binds when without it the start is shorter by more than this share
NOTICEABLE = 0.05

BOOT_TIMES, PLAN_CAP, SITE_BUDGET, CONTROLLER = "boot_times", "plan_cap", "site_budget", "controller_qps"


@dataclass(frozen=True)
class Limits:
    """plan_cap, site_budget: in flight. caps: of parts, by kind. qps, burst: of virt-controller.

    timeout: seconds after which what is not ready frees its slot; timeouts: for those that have their own.
    """

    plan_cap: int
    timeout: float
    site_budget: int | None = None
    caps: Mapping[str, int] = field(default_factory=dict)
    qps: float = 200.0
    burst: float = 400.0
    on_failure: OnFailure = "continue"
    timeouts: Mapping[str, float] = field(default_factory=dict)
    retries: Retries = field(default_factory=Retries)

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
        return replace(self, caps={kind: limit for kind, limit in self.caps.items() if cap_name(kind) != name})


@dataclass(frozen=True)
class Course:
    """waves: in order. stuck: keys that never become ready, each holding its slot until the timeout.

    parts: of each key, those that caps may limit. delays: seconds for which a key has to stay ready, where its boot
    time does not have them in it.
    """

    waves: Sequence[StartWave]
    stuck: Collection[str] = ()
    needs: Needs = field(default_factory=dict)
    parts: Mapping[str, Parts] = field(default_factory=dict)
    delays: Mapping[str, float] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(len(wave.keys) for wave in self.waves)


@dataclass(frozen=True)
class Outcome:
    """seconds: until the last one was ready or given up. peak: most in flight at once. ready: in time. reached: limits
    that may have made something wait."""

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
    """Gates count as open: the people who open them are nothing to foresee."""
    window = _window(course, limits)
    spread, flow = boots.spread(), _Flow(limits)
    now, booted, number = 0.0, 0.0, 0
    # moments to look at the window again, and what gets ready then
    events: list[tuple[float, int, str]] = []
    while True:
        for key in window.next(now):
            given_up = now + limits.timeouts.get(key, limits.timeout)
            # a longer boot time was never measured: it would have been given up
            boot = min(boot_of(number, spread) + course.delays.get(key, 0.0), given_up - now)
            until = flow.served(now) + boot
            booted += boot
            late = key in course.stuck or until > given_up
            heapq.heappush(events, (given_up, number, "") if late else (until, number, key))
            number += 1
        pause = _pause(window, now)
        if pause is not None:
            heapq.heappush(events, (pause, -1, ""))
        if window.done or not events:
            break
        now, _number, key = heapq.heappop(events)
        if key:
            window.became_ready(key)
    reached = {cap_name(kind) for kind in limits.caps}
    if flow.waited > NOTICEABLE / 2 * booted:
        reached.add(CONTROLLER)
    if window.peak >= limits.window:
        reached.add(limits.of_window)
    return Outcome(now, window.peak, len(window.ready), frozenset(reached))


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


def cap_name(kind: str) -> str:
    """As the plan calls a limit of one kind of parts."""
    return f"per_{kind}".replace(" ", "_")


def _window(course: Course, limits: Limits) -> StartWindow:
    parts = {key: tuple(part for part in of if part[0] in limits.caps) for key, of in course.parts.items()}
    return StartWindow(
        [replace(wave, gate=None) for wave in course.waves],
        limits.window,
        limits.timeout,
        limits.on_failure,
        course.needs,
        CappedQueue(limits.caps, parts),
        retries_of(limits.retries, limits.plan_cap, course.total),
        limits.timeouts,
    )


def _pause(window: StartWindow, now: float) -> float | None:
    """Until when nothing happens: the next wave waits for its delay, or what is tried again rests."""
    if window.in_flight or window.done:
        return None
    return min((at for at in (*window.opens.values(), *window.retries.resting.values()) if at > now), default=None)


class _Flow:
    """A token bucket, as client-go limits a controller's requests. waited: seconds of all starts together."""

    def __init__(self, limits: Limits) -> None:
        self.waited = 0.0
        self._qps, self._burst = max(0.1, limits.qps), limits.burst
        self._tokens, self._at = self._burst, 0.0

    def served(self, now: float) -> float:
        """When the requests of a start that is asked for now are through."""
        if self._qps == float("inf"):
            return now
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._qps) - REQUESTS_PER_START
        self._at = now
        wait = max(0.0, -self._tokens / self._qps)
        self.waited += wait
        return now + wait
