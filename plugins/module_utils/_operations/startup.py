# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starting a plan's VMs and workloads at a site: waves, a sliding window, one watch per kind (P1, P7)."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Any

from .._cluster.api import Api, Object
from .._cluster.bulk import for_each
from .._cluster.clock import Deadline
from .._model.plan import Plan
from .._model.run import START
from .._planning.start_order import StartOrder, StartWave, order_start
from .._planning.start_window import StartWindow
from .entry import bounded
from .pools import resume_pools
from .protected import list_vms, start_records
from .session import Session
from .start_guard import check_may_start
from .vm_start import VmStart
from .workload_start import WorkloadStart
from .workloads import Workloads, list_workloads, workload_records

# how often the window looks at its timeouts when no event comes
TICK = 1.0


def start_vms(
    plan: Plan, run_id: str, round_timeout: int | None, check_mode: bool, site: str | None = None
) -> dict[str, Any]:
    """Start what ran before, in order, at most max_starting in flight; failures are reported, not raised.

    site: the target of the run by default; its source, when the run gives everything back.
    """
    with Session(plan, run_id, check_mode) as session, session.step(_step(session, site)) as summary:
        site = site or session.target
        api = session.site_api(site)
        vms, workloads = _of_run(session, api, site)
        records = [*start_records(vms), *workload_records(workloads.selected.values())]
        order = order_start(records, plan.startup.waves)
        if check_mode:
            if session.run.operation == START:
                # nothing comes before it that check mode leaves out
                check_may_start(session, site)
            return _decided(order, workloads)
        check_may_start(session, site)
        starter = Starter(session, api, vms, workloads, order)
        starter.drive(round_timeout)
        result = starter.result()
        summary.update({name: result[name] for name in ("ready", "not_started", "stays_off", "peak_in_flight")})
        if not result["done"]:
            summary["state"] = "running"
        elif not result["not_started"] and not result["never_begun"]:
            summary["pools"] = resume_pools(session, api, vms)
        return result


def _step(session: Session, site: str | None) -> str:
    return "start" if site in (None, session.target) else "rollback"


def _of_run(session: Session, api: Api, site: str) -> tuple[dict[str, Object], Workloads]:
    """At a target only what the capture holds: what is not in it was given up where the plan lived."""
    vms, workloads = list_vms(session.plan, api), list_workloads(session.plan, api)
    captured = session.load("capture") if site == session.target else None
    if captured is None:
        return vms, workloads
    selected = _only(workloads.selected, captured.get("workloads", []))
    return _only(vms, captured["vms"]), Workloads(selected, workloads.jobs, workloads.foreign)


def _only(items: Mapping[str, Object], keys: Iterable[str]) -> dict[str, Object]:
    wanted = set(keys)
    return {key: item for key, item in items.items() if key in wanted}


class Starter:
    """One start, or one round of it. What was asked and what failed before comes from the run store."""

    def __init__(
        self, session: Session, api: Api, vms: Mapping[str, Object], workloads: Workloads, order: StartOrder
    ) -> None:
        startup = session.plan.startup
        limit = session.plan.site(api.site).max_starting or startup.max_starting
        self._session = session
        # a start at the source, when the run gives everything back, is another one than the target's
        self._topic = "startup" if api.site == session.target else "startup-at-source"
        self._order = order
        self._window = StartWindow(
            list(order.waves),
            min(limit, startup.max_starting),
            startup.readiness.timeout.total_seconds(),
            startup.on_failure == "stop",
        )
        self._wake = threading.Condition()
        self._vms = VmStart(session.plan, api, vms, self._wake)
        self._workloads = WorkloadStart(session.plan, api, workloads, self._wake)
        self._keys = [*vms, *workloads.selected]
        self._noun = "VMs and workloads" if workloads.selected else "VMs"
        self._watches = [*self._vms.watches, *self._workloads.watches]
        self._changed = 0
        # failures of earlier rounds, whose reasons are complete
        self._explained: set[str] = set()

    def drive(self, round_timeout: int | None) -> None:
        """Until every wave is done, or the round is over."""
        deadline = Deadline(self._session.clock, round_timeout if round_timeout is not None else float("inf"))
        for watch in self._watches:
            watch.start()
        try:
            self._await_lists()
            self._leave_off()
            self._recover()
            while not self._window.done and not deadline.over:
                self._observe()
                asked = self._window.next(self._now())
                self._report()
                if asked:
                    self._ask(asked)
                elif not self._window.done:
                    with self._wake:
                        self._wake.wait(min(TICK, deadline.left + 0.01))
            self._observe()
            self._finish()
        finally:
            for watch in self._watches:
                watch.stop()

    def result(self) -> dict[str, Any]:
        window = self._window
        return {
            "changed": self._changed > 0,
            "done": window.done,
            "total": window.total,
            "ready": len(window.ready),
            "in_flight": len(window.in_flight),
            "peak_in_flight": window.peak,
            "not_started": len(window.failed),
            "failures": bounded(
                [{self._of(key).noun: key, "reason": reason} for key, reason in sorted(window.failed.items())]
            ),
            "never_begun": bounded(window.never_begun) if window.done else [],
            "stays_off": len(self._order.stays_off),
            "waves": [_counted(wave, self._workloads) for wave in window.waves],
            "msg": f"{len(window.ready)} of {window.total} {self._noun} ready, {len(window.failed)} not started",
        }

    def _of(self, key: str) -> VmStart | WorkloadStart:
        return self._workloads if key in self._workloads else self._vms

    def _await_lists(self) -> None:
        with self._wake:
            while not all(watch.listed for watch in self._watches):
                for watch in self._watches:
                    if watch.error:
                        raise watch.error
                self._wake.wait(1.0)

    def _recover(self) -> None:
        """The window as the cluster shows it: what is up, and what an earlier round or attempt asked to start."""
        now = self._now()
        earlier = self._session.load(self._topic) or {"asked": {}, "failed": {}}
        wall = self._session.clock.now().timestamp()
        self._observe()
        for key, reason in earlier["failed"].items():
            if earlier.get("attempt") == self._session.run.attempt and key not in self._window.ready:
                self._window.gave_up(key, reason)
                self._explained.add(key)
        for key in self._keys:
            if key in self._order.stays_off or key in self._window.ready or not self._of(key).was_asked(key):
                continue
            since = earlier["asked"].get(key) if earlier.get("attempt") == self._session.run.attempt else None
            self._window.observe_starting([key], now - max(0.0, wall - since) if since else now)
        self._ask([key for key in self._window.in_flight if self._of(key).is_asked_twice(key)])

    def _observe(self) -> None:
        with self._wake:
            up = self._vms.up() | self._workloads.up()
        for key in up - self._order.stays_off.keys():
            self._window.became_ready(key)

    def _ask(self, keys: list[str]) -> None:
        outcome = for_each(keys, lambda key: self._of(key).start(key), before_batch=self._session.verify_lock)
        self._changed += len(outcome.done)
        for key, error in outcome.failed:
            self._window.gave_up(key, str(error))

    def _leave_off(self) -> None:
        """What stays off gets back what of its own does not start it."""
        off = [key for key in self._order.stays_off if self._of(key).is_recorded(key)]
        outcome = for_each(off, lambda key: self._of(key).leave_off(key), before_batch=self._session.verify_lock)
        for _key, error in outcome.failed:
            raise error

    def _finish(self) -> None:
        """Record the round, and take the record off what is up: the start is its new state."""
        up = [key for key in self._window.ready if self._of(key).is_recorded(key)]
        outcome = for_each(up, lambda key: self._of(key).forget(key), before_batch=self._session.verify_lock)
        for _key, error in outcome.failed:
            raise error
        for key in self._window.failed.keys() - self._explained:
            self._window.failed[key] = f"{self._window.failed[key]}; {self._of(key).why_not_up(key)}"
        wall, now = self._session.clock.now().timestamp(), self._now()
        self._session.put(
            self._topic,
            {
                "attempt": self._session.run.attempt,
                "asked": {key: wall - (now - since) for key, since in self._window.in_flight.items()},
                "failed": self._window.failed,
            },
        )
        self._report()

    def _report(self) -> None:
        window = self._window
        waiting = ", ".join(sorted(window.in_flight)[:3])
        stage = f"start: {window.wave}" if window.wave else "start"
        self._session.progress.emit(stage, len(window.ready), window.total, len(window.in_flight), waiting)

    def _now(self) -> float:
        return self._session.clock.monotonic()


def _counted(wave: StartWave, workloads: Workloads | WorkloadStart) -> dict[str, Any]:
    among = [key for key in wave.keys if key in workloads]
    return {"name": wave.name, "vms": len(wave.keys) - len(among)} | ({"workloads": len(among)} if among else {})


def _decided(order: StartOrder, workloads: Workloads) -> dict[str, Any]:
    return {
        "changed": any(wave.keys for wave in order.waves),
        "done": True,
        "total": sum(len(wave.keys) for wave in order.waves),
        "ready": 0,
        "in_flight": 0,
        "peak_in_flight": 0,
        "not_started": 0,
        "failures": [],
        "never_begun": [],
        "stays_off": len(order.stays_off),
        "waves": [_counted(wave, workloads) for wave in order.waves],
        "msg": "check mode: nothing was started",
    }
