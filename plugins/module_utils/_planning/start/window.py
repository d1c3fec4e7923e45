# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sliding window of a start: who may be asked to start now. Pure: time comes in, decisions go out.

Each call costs as much as has changed, not as much as there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ..._model.plan import OnFailure
from .caps import CappedQueue
from .deadlines import StartDeadlines
from .edges import StartEdges
from .needs import Needs
from .order import StartWave
from .policy import FailurePolicy
from .retries import StartRetries


@dataclass
class StartWindow:
    """State of one start.

    limit: at most so many in flight (asked to start, not yet ready); it may be set between calls.
    timeout: seconds until what is not ready frees its slot; timeouts: for those that have their own.
    on_failure: of waves that have none of their own. gate: the one that ended the start. judged: whether a hook waits
    for the end of the last wave.
    opens: when each wave that was reached may begin; what another process knew of it is set before the first call.
    """

    waves: Sequence[StartWave]
    limit: int
    timeout: float
    on_failure: OnFailure = "continue"
    needs: Needs = field(default_factory=dict)
    queue: CappedQueue = field(default_factory=CappedQueue)
    retries: StartRetries = field(default_factory=StartRetries)
    timeouts: Mapping[str, float] = field(default_factory=dict)
    judged: bool = False
    opens: dict[str, float] = field(default_factory=dict)
    in_flight: dict[str, float] = field(default_factory=dict)
    ready: set[str] = field(default_factory=set)
    failed: dict[str, str] = field(default_factory=dict)
    never_begun: dict[str, str] = field(default_factory=dict)
    gate: str | None = None
    peak: int = 0

    def __post_init__(self) -> None:
        self._wave = 0
        self._entered = False
        self._policy = FailurePolicy(self.on_failure)
        self._deadlines = StartDeadlines(self.timeout, self.timeouts)
        self._place: dict[str, tuple[int, int]] = {}
        for number, wave in enumerate(self.waves):
            for key in wave.keys:
                self._place[key] = (number, len(self._place))
        # per wave: what has not ended, and what of that is in flight or rests
        self._left = [len(wave.keys) for wave in self.waves]
        self._busy = [0] * len(self.waves)
        self._edges = StartEdges(self.needs, self._place)

    @property
    def wave(self) -> str | None:
        return self.waves[self._wave].name if self._wave < len(self.waves) else None

    @property
    def total(self) -> int:
        return len(self._place)

    @property
    def waiting(self) -> int:
        """How many have only to wait for a slot."""
        if self._entered or self._wave >= len(self.waves):
            return len(self.queue)
        return 0 if self.wave in self.opens else self._left[self._wave] - self._busy[self._wave]

    def could_begin(self, most: int) -> int:
        """How many of these have room in their parts too, if so many may begin."""
        return self.queue.fitting(most) if self._entered else min(self.waiting, most)

    @property
    def stopped(self) -> bool:
        """Whether a failure has ended the start."""
        return self._policy.over

    @property
    def at_gate(self) -> str:
        """Why the rest is not begun where a closed gate has ended the start; empty where none has."""
        return f"waits for the gate {self.gate}" if self.gate else ""

    @property
    def done(self) -> bool:
        return self._wave >= len(self.waves) and not self.in_flight and not self.retries.resting

    def observe_starting(self, keys: Iterable[str], since: float) -> None:
        """What somebody asked to start before takes its slot."""
        for key in keys:
            if key in self._place and not self._has_ended(key) and not self._is_busy(key):
                self.queue.hold(key)
                self._fly(key, since)

    def is_over(self, key: str) -> bool:
        """Whether its wave is, as is what has no part in this start."""
        return key not in self._place or self._place[key][0] < self._wave

    def timeout_of(self, key: str) -> float:
        return self._deadlines.of(key)

    def resume_retries(self, used: Mapping[str, int], resting: Mapping[str, float]) -> None:
        """Attempts of another process, and until when what rests does so."""
        self.retries.resume(used)
        for key, until in resting.items():
            if key in self._place and not self._has_ended(key):
                self._busy[self._place[key][0]] += 1
                self.retries.until(key, until)

    def resume_failed(self, failed: Mapping[str, str]) -> None:
        """What failed in another process, with its whole reason; before the first call. All of it failed before
        anything was stopped for it."""
        known = [key for key in failed if key in self._place and not self._has_ended(key)]
        for key in known:
            self._land(key)
            self._end(key)
            self.failed[key] = failed[key]
        for key in known:
            self._release(key, ready=False)
            self._apply_policy(key)

    def next(self, now: float) -> list[str]:
        """What to ask to start now; it counts as in flight from here on."""
        for key in self._deadlines.over(self.in_flight, now):
            self.gave_up(key, f"not ready after {self.timeout_of(key):.0f} s", again_from=now)
        for key in self.retries.due(now):
            self._busy[self._place[key][0]] -= 1
            self._enqueue(key, again=True)
        asked: list[str] = []
        while self._wave < len(self.waves) and self._may_begin(now):
            asked += self._take(now)
            if self._left[self._wave]:
                if self.queue or self._busy[self._wave]:
                    break
                self._leave_blocked(wave=self.waves[self._wave])
            else:
                self._wave, self._entered = self._wave + 1, False
        return asked

    def became_ready(self, key: str) -> None:
        if key not in self._place:
            # no part of this start, and counted as it is
            self.ready.add(key)
            return
        self._land(key)
        # before what says that it had ended: a late boot has left its wave already
        self._end(key)
        self.failed.pop(key, None)
        self.never_begun.pop(key, None)
        self.ready.add(key)
        self._release(key, ready=True)

    def gave_up(self, key: str, reason: str, again_from: float | None = None) -> None:
        """It frees its slot. again_from: now, where another attempt may help."""
        if key not in self._place or self._has_ended(key):
            return
        self._land(key)
        if again_from is not None and not self._policy.over and self.retries.rest(key, again_from):
            self._busy[self._place[key][0]] += 1
            return
        used = self.retries.used.get(key)
        self._end(key)
        self.failed[key] = reason + (f", asked {used + 1} times" if used else "")
        self._release(key, ready=False)
        self._apply_policy(key)

    def _take(self, now: float) -> list[str]:
        asked = []
        while len(self.in_flight) < self.limit:
            key = self.queue.take()
            if key is None:
                break
            self._fly(key, now)
            asked.append(key)
        return asked

    def _may_begin(self, now: float) -> bool:
        """Whether the wave that is up next has begun, or begins now."""
        wave = self.waves[self._wave]
        if self._entered:
            return True
        if why := self._policy.why_stopped(wave):
            self._skip([wave], why)
            return True
        to_begin = [left - busy for left, busy in zip(self._left[self._wave :], self._busy[self._wave :], strict=True)]
        if wave.gate and (self.judged or any(to_begin)):
            self.gate = wave.gate
            self._skip(self.waves[self._wave :], self.at_gate)
            self._wave = len(self.waves)
            return False
        if to_begin[0] and now < self.opens.setdefault(wave.name, now + wave.delay):
            return False
        self._entered = True
        for key in wave.keys:
            self._enqueue(key)
        return True

    def _enqueue(self, key: str, again: bool = False) -> None:
        number, rank = self._place[key]
        if number != self._wave or not self._entered or self._has_ended(key) or self._is_busy(key):
            return
        if self._edges.is_free(key) and not self._policy.why_stopped(self.waves[number]):
            # a second attempt comes after the first of all others
            self.queue.put(key, rank + self.total * (self.retries.count if again else 0))

    def _leave_blocked(self, wave: StartWave) -> None:
        """What is left waits for something that will not get ready. This may free what only comes after it."""
        left = self._left[self._wave]
        for key in wave.keys:
            missing = None if self._has_ended(key) else self._edges.missing(key)
            if missing:
                self._skip_one(key, f"needs {missing}, which is not ready")
        if self._left[self._wave] == left:
            self._skip([wave], "waits for what comes later")

    def _skip(self, waves: Iterable[StartWave], reason: str) -> None:
        for wave in waves:
            for key in wave.keys:
                if not self._has_ended(key) and not self._is_busy(key):
                    self._skip_one(key, reason)

    def _skip_one(self, key: str, reason: str) -> None:
        self.queue.drop(key)
        self._end(key)
        if key in self.retries.used:
            self.failed[key] = f"not ready after {self.timeout_of(key):.0f} s; then {reason}"
        else:
            self.never_begun[key] = reason
        self._release(key, ready=False)

    def _apply_policy(self, key: str) -> None:
        stopped = self._policy.failed(self.waves[self._place[key][0]], key)
        if not stopped:
            return
        for part in self.waves[self._wave :] if self._policy.over else self.waves[self._wave : self._wave + 1]:
            if why := self._policy.why_stopped(part):
                self._skip([part], why)
        if self._policy.over:
            for resting in list(self.retries.resting):
                self.gave_up(resting, "not ready in time, and the start was stopped")

    def _fly(self, key: str, since: float) -> None:
        if key not in self.in_flight:
            self._busy[self._place[key][0]] += 1
        self.in_flight[key] = since
        self._deadlines.add(key, since)
        self.peak = max(self.peak, len(self.in_flight))

    def _land(self, key: str) -> None:
        """It is neither in flight nor resting."""
        if self.in_flight.pop(key, None) is not None:
            self._busy[self._place[key][0]] -= 1
        elif key in self.retries.resting:
            self.retries.forget(key)
            self._busy[self._place[key][0]] -= 1
        self.queue.drop(key)
        self.queue.release(key)

    def _end(self, key: str) -> None:
        if not self._has_ended(key):
            self._left[self._place[key][0]] -= 1

    def _release(self, key: str, ready: bool) -> None:
        for free in self._edges.ended(key, ready):
            self._enqueue(free)

    def _is_busy(self, key: str) -> bool:
        return key in self.in_flight or key in self.retries.resting

    def _has_ended(self, key: str) -> bool:
        return key in self.ready or key in self.failed or key in self.never_begun
