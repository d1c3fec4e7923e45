# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Driving one start: what the window lets begin is asked, what the watches show is told to the window."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from heapq import nsmallest
from typing import Any

from ..._cluster.api import Api, Object, may_pass
from ..._cluster.bell import Bell
from ..._cluster.bulk import for_each
from ..._cluster.clock import Deadline
from ..._cluster.watching import await_lists
from ..._cluster.write_stream import WriteStream
from ..._errors import DrError, NotFound, Unreachable
from ..._model.run import REHEARSAL
from ..._model.start_asked import Asked
from ..._model.vmi_state import VmiState
from ..._planning.start.caps import CappedQueue
from ..._planning.start.only import needy, only
from ..._planning.start.order import StartOrder
from ..._planning.start.retries import retries_of
from ..._planning.start.window import StartWindow
from ..entry import bounded
from ..inventory.workloads import Workloads
from ..run.session import Session
from .budget import SiteBudget
from .hooks import StartHooks
from .memory import StartMemory
from .pacing import Pacing
from .parts import parts_by_key
from .records import StartRecords
from .requesting import ASK, FORGET, REMEMBER, StartRequests
from .result import result_of
from .sight import Sight
from .vm_start import VmStart
from .workload_start import WorkloadStart

# how often the window looks at its timeouts when no event comes
TICK = 1.0
# seconds between two lines of progress
SAY_EVERY = 0.2
STOPPED = "somebody stopped it while it started"


class Starter:
    """One start, or one round of it. What was asked and what failed before comes from the run store."""

    def __init__(
        self,
        session: Session,
        api: Api,
        vms: Mapping[str, Object],
        workloads: Workloads,
        order: StartOrder,
        asked: Asked,
    ) -> None:
        startup = session.plan.startup
        self._session = session
        self._site = api.site
        self._order = order
        self._asked = asked
        self._sight = Sight(session.clock)
        self._now = self._sight.now
        self._memory = StartMemory(session, api.site, asked.only, self._now)
        chosen = only(order, asked.only, self._memory.goes_on)
        self._keys = [key for wave in chosen.waves for key in wave.keys]
        # nor does a hook judge a rehearsal: it would ask what nobody outside can reach
        at_target = api.site == session.target and session.run.operation != REHEARSAL
        self._hooks = StartHooks(session.plan, chosen, self._memory.hooks, asked.hook, at_target)
        self._wake = Bell()
        self._vms = VmStart(session.plan, api, vms, self._wake)
        self._workloads = WorkloadStart(session.plan, api, workloads, self._wake)
        self._window = StartWindow(
            self._hooks.waves,
            startup.max_starting,
            startup.readiness.timeout.total_seconds(),
            startup.on_failure,
            order.needs,
            CappedQueue(startup.caps, parts_by_key(session.plan, api, vms, workloads)),
            retries_of(startup.retries, startup.max_starting, len(self._keys)),
            {**self._vms.deadlines, **self._workloads.deadlines},
            judged=self._hooks.awaited,
        )
        longest = max(map(self._window.timeout_of, self._keys), default=None)
        budget = session.plan.site(api.site).max_starting
        self._budget = SiteBudget(session, api, budget, startup.priority, longest)
        self._pacing = Pacing(startup, api, self._window, self._budget, self._wake, self._state, self._workloads)
        self._writes: WriteStream[tuple[str, str]] = WriteStream(session.clock, self._wake, session.verify_lock)
        self._watches = [*self._vms.watches, *self._workloads.watches, *self._pacing.watches]
        self._sight.watches = self._watches
        self._requests = StartRequests(self._writes, self._of)
        self._records = StartRecords(self._writes, self._of, self._memory.recorded)
        # failures of earlier rounds, whose reasons are complete
        self._explained: set[str] = set()
        self._kept = False
        # whether anything that stays off was written
        self._left_off = False
        self._said: float | None = None

    def drive(self, round_timeout: int | None, guard: Callable[[], object]) -> None:
        """Until every wave is done, or the round is over. guard: waits for its answer; before it nothing is written."""
        for watch in self._watches:
            watch.start()
        try:
            guard()
            with self._budget.given_back_on_error(lambda: len(self._window.in_flight)):
                self._go_on(round_timeout)
        finally:
            self._writes.stop()
            for watch in self._watches:
                watch.stop()
            self._vms.close()

    def _go_on(self, round_timeout: int | None) -> None:
        deadline = Deadline(self._session.clock, round_timeout if round_timeout is not None else float("inf"))
        await_lists(self._watches, self._wake)
        self._leave_off()
        self._recover()
        while not self._is_done and not deadline.over:
            rung, idle = self._wake.rung, not self._window.waiting
            self._sight.check()
            self._observe()
            # what somebody else starts takes a slot too
            self._window.observe_starting(self._vms.take_begun(), self._now())
            self._pacing.set_limit(self._now(), self._sight.blind)
            asked = self._window.next(self._now())
            self._memory.look(self._window)
            self._requests.make(asked)
            self._make_again()
            self._records.take_off(self._window, self._sight.blind)
            self._report()
            self._remember(self._now())
            # a wave that has just begun gets its part of the site's budget in the next turn
            if asked or not (idle and self._window.waiting):
                self._wake.wait_beyond(rung, 0 if self._is_done else min(TICK, deadline.left + 0.01))
        self._finish()
        if self._window.done:
            self._budget.release()
        else:
            self._budget.keep()

    def result(self) -> dict[str, Any]:
        return result_of(
            self._order,
            self._window,
            self._hooks,
            self._of,
            among=self._keys,
            changed=self._requests.changed or self._left_off or self._records.changed,
            records=self._records.left,
            kept=self._records.kept,
            pace=self._pacing.pace.summary,
        )

    @property
    def _is_done(self) -> bool:
        return self._window.done and not self._records.left

    @property
    def boots(self) -> list[float]:
        return self._memory.boots

    @property
    def to_retry(self) -> list[str]:
        """What failed, and what did not begin because of it, in the order of their start; not what waits at a gate."""
        never_begun = self._hooks.never_begun(self._window)
        left = {*self._window.failed, *(key for key, why in never_begun.items() if why != self._window.at_gate)}
        return [key for key in self._keys if key in left]

    @property
    def off(self) -> set[str]:
        """What the order starts and is not ready, whether this start was about it or not."""
        return {key for wave in self._order.waves for key in wave.keys} - self._window.ready

    def _of(self, key: str) -> VmStart | WorkloadStart:
        return self._workloads if key in self._workloads else self._vms

    def _state(self, key: str) -> VmiState | None:
        return self._vms.state(key) if key in self._vms else None

    def _recover(self) -> None:
        """The window as the cluster shows it: what is up, and what an earlier round or attempt asked to start."""
        memory, window = self._memory, self._window
        for of in (self._vms, self._workloads):
            of.resume({key: since for key, since in memory.unsettled.items() if key in of})
            of.were_ready(memory.recorded)
            of.facts.update({key: facts for key, facts in memory.facts.items() if key in of})
        self._observe()
        # of others the memory knows since when they start
        by_itself = {key for key in self._vms.take_begun() if self._vms.boots_again(key)}
        memory.found_ready(window.ready)
        memory.resume(window, self._pacing.pace)
        asked = memory.asked.keys() & set(self._keys) - window.ready
        again = by_itself | {key for key in asked if self._of(key).boots_again(key)}
        for key in self._keys:
            if key in window.ready or key in memory.failed or not (key in again or self._of(key).was_asked(key)):
                continue
            self._requests.was_sent(key)
            window.observe_starting([key], memory.asked_at(key, self._state(key), window.timeout_of(key)))
        # a failure may stop what waits, never what was asked
        window.resume_failed(memory.failed)
        for key in asked - again:
            if not self._of(key).was_asked(key):
                window.gave_up(key, STOPPED)
        self._explained |= window.failed.keys()
        for key, reason in needy(self._order, self._keys, lambda key: self._of(key).is_up(key)):
            window.gave_up(key, reason)
        self._requests.make([key for key in window.in_flight if self._of(key).may_lack_request(key)])

    def _observe(self) -> None:
        """Take what has changed since the last look: what got up, and what became of our writes."""
        now = self._now()
        with self._wake:
            changed = self._vms.take_changes() | self._workloads.take_changes()
        for key in changed:
            if self._of(key).is_up(key) and key not in self._order.stays_off:
                self._became_ready(key, now)
        for (verb, key), error in self._writes.take_ended():
            if verb == ASK:
                self._take_answer(key, error, now)
            elif verb == FORGET and (error is None or isinstance(error, NotFound)):
                self._records.was_taken_off(key)
            elif error is None:
                self._kept = True
            elif verb == FORGET and not may_pass(error):
                self._records.was_refused(key, error)
            elif not self._sight.explains(error):
                raise error
            elif verb == FORGET:
                self._records.had_no_answer(key)

    def _take_answer(self, key: str, error: DrError | None, now: float) -> None:
        if isinstance(error, Unreachable):
            self._requests.had_no_answer(key, error, now)
            return
        self._requests.was_answered(key, granted=error is None)
        if error is not None:
            self._window.gave_up(key, str(error), now if may_pass(error) else None)

    def _became_ready(self, key: str, now: float) -> None:
        since = self._window.in_flight.get(key)
        if since is not None:
            if key in self._vms:
                self._pacing.booted(since, max(0.0, now - since - self._vms.delays.get(key, 0.0)))
            self._memory.booted(key, now - since)
        first = key not in self._window.ready
        self._window.became_ready(key)
        if first and key in self._window.ready:
            self._records.found_up(key)

    def _make_again(self) -> None:
        if not self._sight.blind:
            self._requests.make(self._requests.to_make_again(self._window.in_flight, self._now()))

    def _leave_off(self) -> None:
        """What stays off gets back what of its own does not start it; what is off again is left as it is."""
        memory, stays_off = self._memory, self._order.stays_off
        over = [key for key in memory.recorded if key in stays_off]
        off = [] if self._asked.only else [key for key in stays_off if key not in memory.recorded]

        def leave(key: str) -> None:
            (self._of(key).forget if key in memory.recorded else self._of(key).leave_off)(key)

        todo = [key for key in over if self._of(key).is_recorded(key)]
        todo += [key for key in off if self._of(key).is_given_back(key)]
        outcome = for_each(todo, leave, before_batch=self._session.verify_lock)
        self._left_off = bool(outcome.done)
        for key, error in outcome.failed:
            if may_pass(error):
                raise error
            if not isinstance(error, NotFound):
                self._records.kept[key] = f"it stays off, and is not given back what it was: {error}"
        memory.recorded.difference_update(key for key in over if key not in self._records.kept)

    def _finish(self) -> None:
        """Wait for what is on its way out, and record the round."""
        self._await_writes()
        for key in self._window.failed.keys() - self._explained:
            reasons = [self._window.failed[key], self._requests.why_unanswered(key), self._of(key).why_not_up(key)]
            self._window.failed[key] = "; ".join(filter(None, reasons))
        self._memory.end_round(self._window)
        self._kept = False
        while not self._kept:
            # an outage is waited out, as while VMs start: before its end the next round could not begin either
            self._writes.put((REMEMBER, ""), partial(self._memory.put, self._record()))
            self._await_writes()
        seconds = self._hooks.seconds(self._window)
        if seconds is not None:
            self._session.extend_lock(seconds)
        self._report(at_once=True)

    def _await_writes(self) -> None:
        while not self._writes.idle:
            rung = self._wake.rung
            self._observe()
            self._report()
            if not self._writes.idle:
                self._wake.wait_beyond(rung, TICK)
        self._observe()

    def _remember(self, now: float) -> None:
        """Off the path, for a process that has to go on when this one was killed."""
        if not self._sight.blind and self._memory.is_due(now):
            self._writes.put((REMEMBER, ""), partial(self._memory.put, self._record()), urgent=False)

    def _record(self) -> dict[str, Any]:
        own = {
            "hooks": self._hooks.record,
            "unsettled": {**self._vms.unsettled(), **self._workloads.unsettled()},
            # no more of them than a result shows
            "facts": dict(bounded(sorted({**self._vms.facts, **self._workloads.facts}.items()))),
        }
        return {**self._memory.record_of(self._window, self._pacing.pace, self._requests.unanswered), **own}

    def _report(self, at_once: bool = False) -> None:
        now = self._session.clock.monotonic()
        if not at_once and self._said is not None and now - self._said < SAY_EVERY:
            return
        self._said = now
        window = self._window
        silent = f"an answer of {self._site}" if self._sight.blind else ""
        records = f"{self._records.left} records to be taken off" if window.done and self._records.left else ""
        waiting = ", ".join(filter(None, [silent, records, self._pacing.note, *nsmallest(3, window.in_flight)]))
        stage = f"start: {window.wave}" if window.wave else "start"
        self._session.progress.emit(stage, len(window.ready), window.total, len(window.in_flight), waiting)
