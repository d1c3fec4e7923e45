# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stopping a plan's VMs and workloads at a site: graceful, recorded on each, proven off (P3, P7)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..._cluster.api import Api, Object
from ..._cluster.bulk import for_each
from ..._cluster.clock import Deadline
from ..._cluster.kinds import VMI
from ..._cluster.watching import Watch
from ..._errors import DrError, Failed, Timeout, Unreachable
from ..._model.plan import Plan
from ..entry import bounded
from ..inventory.protected import list_vms, running_vmis
from ..inventory.remains import remains, remains_at, seen_left
from ..inventory.workloads import list_workloads
from ..plan.sites import Reach, reach, tells_nothing
from ..run.session import SILENT, Session
from ..start.memory import forget_ready
from .latch_closing import close_latch
from .pools import pause_pools
from .stages import foretold, stages_of
from .vm_stop import ForcedOff, halt, is_halted, to_halt
from .workload_stop import await_pods_gone, stop_workload, to_stop, with_jobs

REMAINS_POLL = 1.0
LEFT_SHOWN = 50
# a VM without power is gone at once, unless its node is down
FORCED_TIMEOUT = 60.0
NOTHING = {"changed": False, "proven_off": False, "stopped": 0, "workloads_stopped": 0, "forced": 0, "decisions": []}


@dataclass(frozen=True)
class Patience:
    """timeout: seconds for a graceful stop of all, with force of each stage of the order.

    best_effort: for a source that was declared lost; no answer, or VMs that do not stop in time, are recorded and the
    run goes on without the proof. force: VMs that do not stop in time lose their power. freeze: their file systems
    are brought to rest before.
    """

    timeout: float
    best_effort: bool = False
    force: bool = False
    freeze: bool = False


def stop_vms(plan: Plan, run_id: str, site: str, patience: Patience, check_mode: bool) -> dict[str, Any]:
    """Stop all VMs and workloads of the plan at a site and prove that nothing of them is left there."""
    with Session(plan, run_id, check_mode) as session, session.step("quiesce") as summary:
        # None: nobody could look
        left = None
        try:
            stop = _Stop(session, _api(session, site), patience)
            result, left = stop.all(), stop.left
        except DrError as error:
            if not patience.best_effort:
                raise
            result = {**NOTHING, "msg": f"not proven off: {error}"}
            left = _left_by(session, site, error)
        session.put("quiesce", {"proven_off": result["proven_off"], "site": site, "left": left})
        summary.update({**result, "decisions": result["decisions"][:20]})
        return result


def _reached(session: Session, site: str) -> Reach:
    if site != session.source:
        return reach(session.plan, site)
    if session.source_is_dead:
        # the begin has waited for it already, a moment ago
        return Reach(site, "unreachable", SILENT)
    return session.reach_source()


def _api(session: Session, site: str) -> Api:
    there = _reached(session, site)
    if there.api is None:
        answer = Failed if there.refuses else Unreachable
        raise answer("stop the VMs", site=site, seen=there.message, next_step="start again once it lets us stop them")
    return there.api


def _left_by(session: Session, site: str, failure: DrError) -> list[str] | None:
    """What is left where a stop failed; None where nobody could look."""
    if tells_nothing(failure):
        return None
    left = seen_left(session.plan, _reached(session, site))
    return left and left[:LEFT_SHOWN]


class _Stop:
    """One stop at one site."""

    def __init__(self, session: Session, api: Api, patience: Patience) -> None:
        self._session = session
        self._api = api
        self._patience = patience
        self._vms = list_vms(session.plan, api)
        self._workloads = list_workloads(session.plan, api)
        self._total = len(self._vms) + len(self._workloads.selected)
        self._begun = session.clock.monotonic()
        # of what is waited for now: with force each stage has its own
        self._deadline = Deadline(session.clock, patience.timeout)
        self._forced = ForcedOff(session, api, patience.freeze)
        self._asked: set[str] = set()
        self.left: list[str] = []

    def all(self) -> dict[str, Any]:
        session, api = self._session, self._api
        pools = pause_pools(session, api, self._vms, self._patience.best_effort)
        decisions = [said for _paused, said in pools]
        close_latch(session, api, set(self._vms))
        stages = stages_of(session.plan, self._vms, self._workloads)
        decisions += stages.said
        running = [vm for vm in self._vms.values() if not is_halted(vm)]
        busy = to_stop(self._workloads.writers)
        paused = any(written for written, _said in pools)
        counts = {"changed": bool(running or busy) or paused, "stopped": len(running), "workloads_stopped": len(busy)}
        if session.check_mode:
            decisions += foretold(stages, self._vms, self._workloads)
            return {**NOTHING, **counts, "decisions": bounded(decisions), "msg": "check mode: nothing was stopped"}
        forget_ready(session, api.site)
        try:
            self._run_through(stages.keys)
            left = self._await_nothing_left()
        finally:
            self._forced.unfreeze()
        if left and not self._patience.best_effort:
            waited = session.clock.monotonic() - self._begun
            raise _left(api.site, left, waited, self._patience.force)
        self.left = left[:LEFT_SHOWN]
        message = f"{len(running)} VMs halted" + (f", {len(busy)} workloads stopped" if busy else "")
        message += (f", {self._forced.count} of them by force" if self._forced.count else "") + f" at {api.site}"
        message += "" if stages.ordered else ", all at once as no order can be had"
        message += f", not proven off: {', '.join(left[:3])}" if left else ""
        decisions = bounded(decisions + self._forced.done)
        return {
            **counts,
            "proven_off": not left,
            "forced": self._forced.count,
            "decisions": decisions,
            "msg": message,
        }

    def _run_through(self, stages: Sequence[set[str]]) -> None:
        for stage in stages:
            if self._patience.force and not self._patience.best_effort:
                # nothing is pulled because others were slow
                self._deadline = Deadline(self._session.clock, self._patience.timeout)
            of_stage = with_jobs(self._workloads, stage)
            self._each(halt, to_halt(self._vms.values(), stage))
            self._each(stop_workload, to_stop(of_stage))
            self._asked |= stage & self._vms.keys()
            left = self._await_gone(self._asked)
            if left and self._patience.force:
                self._force(left)
            await_pods_gone(self._session, self._api, of_stage, self._total, self._deadline)
            if self._deadline.over and not self._patience.best_effort:
                return  # what others depend on is not stopped under them
        # a CronJob may have made one more Job before it was suspended
        late = list_workloads(self._session.plan, self._api)
        self._each(stop_workload, to_stop(late.writers))

    def _force(self, keys: set[str]) -> None:
        try:
            self._forced.force(running_vmis(self._session.plan, self._api, keys))
        except DrError:
            if not self._patience.best_effort:
                raise
        self._deadline = Deadline(self._session.clock, FORCED_TIMEOUT)
        self._await_gone(keys)

    def _each(self, stop: Callable[[Api, Object], None], items: list[Object]) -> None:
        outcome = for_each(items, lambda item: stop(self._api, item), before_batch=self._session.verify_lock)
        for _item, error in outcome.failed:
            if not self._patience.best_effort:
                raise error

    def _await_gone(self, keys: set[str]) -> set[str]:
        """What is left of these VMs when all are gone, or when the time is over."""
        if not keys or self._deadline.over:
            return set(keys) if self._deadline.over else set()
        wake = threading.Condition()
        watch = Watch(self._api, VMI, self._session.plan.namespaces, wake, keep=lambda _item: True)
        watch.start()
        try:
            with wake:
                while True:
                    left = {f"{namespace}/{name}" for namespace, name in watch.objects} & keys
                    waiting = ", ".join(sorted(left)[:3])
                    self._session.progress.emit("quiesce", len(keys) - len(left), self._total, waiting_for=waiting)
                    if (watch.listed and not left) or self._deadline.over:
                        return left if watch.listed else set(keys)
                    wake.wait(min(2.0, self._deadline.left + 0.01))
        finally:
            watch.stop()

    def _await_nothing_left(self) -> list[str]:
        """What is left when all is gone, or the time is over: pods end and volumes are detached after their VMI."""
        session, vms = self._session, self._vms
        workloads = list_workloads(session.plan, self._api)
        while (left := remains(session.plan, self._api, vms, workloads)) and not self._deadline.over:
            session.progress.emit("quiesce", len(vms), len(vms), waiting_for=", ".join(left[:3]))
            session.clock.sleep(min(REMAINS_POLL, self._deadline.left))
        # what was asked to stop before what others kept up
        return sorted(left, key=lambda item: item.removeprefix(f"{VMI.kind}/") not in self._asked)


def prove_off(plan: Plan, run_id: str, site: str, check_mode: bool) -> dict[str, Any]:
    """Look once more, after the demotion, that nothing of the plan's VMs and workloads is left at the site (P3).

    There is no latch for pods: a workload that a person or a GitOps controller started again is found here.
    """
    with Session(plan, run_id, check_mode) as session, session.step("sync") as summary:
        result = {**NOTHING, "msg": "check mode"}
        if check_mode:
            return result
        api = _api(session, site)
        left = remains_at(plan, api)
        if left:
            raise _left(site, left, 0.0, True)
        summary["proven_off_after_demotion"] = True
        return {**result, "proven_off": True, "msg": f"nothing of the plan's VMs and workloads is left at {site}"}


def _left(site: str, left: list[str], waited: float, forced: bool) -> Timeout:
    force = "" if forced else "; dr_force_off=true takes the power from VMs that ignore the shutdown"
    return Timeout(
        "stop the VMs",
        site=site,
        on=left[0],
        seen=f"{len(left)} are left: {', '.join(left[:5])}",
        wanted="no VMI, pod or VolumeAttachment of the plan, and no workload that asks for pods",
        waited=waited,
        next_step=f"look at these; a node that is down keeps them: see docs/quiesce.md{force}",
    )
