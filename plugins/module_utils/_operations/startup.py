# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starting a plan's VMs at a site: waves, a sliding window, one watch on VMIs (P1, P7)."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._cluster.api import Api, Object
from .._cluster.bulk import for_each
from .._cluster.clock import Deadline
from .._cluster.kinds import VM, VMI
from .._cluster.watching import Watch
from .._errors import Conflict, DrError, Failed
from .._model.names import RECORDED
from .._model.plan import Plan
from .._model.vm import PowerRecord, power_record
from .._planning.start_order import StartOrder, order_start
from .._planning.start_window import StartWindow
from .entry import bounded
from .protected import list_vms, start_records
from .session import Session
from .start_guard import check_may_start

# how often the window looks at its timeouts when no event comes
TICK = 1.0


@dataclass(frozen=True)
class VmiState:
    """What the window needs of a VMI: ready to serve, and if not, why."""

    ready: bool
    agent: bool
    phase: str
    reason: str

    def is_up(self, agent: bool) -> bool:
        return self.ready and (self.agent or not agent)


def start_vms(
    plan: Plan, run_id: str, round_timeout: int | None, check_mode: bool, site: str | None = None
) -> dict[str, Any]:
    """Start what ran before, in order, at most max_starting in flight; failures are reported, not raised.

    site: the target of the run by default; its source, when the run gives everything back.
    """
    with Session(plan, run_id, check_mode) as session, session.step(_step(session, site)) as summary:
        site = site or session.target
        api = session.site_api(site)
        vms = _vms_of_run(session, api, site)
        order = order_start(start_records(vms), plan.startup.waves)
        if check_mode:
            return _decided(order)
        check_may_start(session, site)
        starter = Starter(session, api, vms, order)
        starter.drive(round_timeout)
        result = starter.result()
        summary.update({name: result[name] for name in ("ready", "not_started", "stays_off", "peak_in_flight")})
        if not result["done"]:
            summary["state"] = "running"
        return result


def _step(session: Session, site: str | None) -> str:
    return "start" if site in (None, session.target) else "rollback"


def _vms_of_run(session: Session, api: Api, site: str) -> dict[str, Object]:
    """At a target only what the capture holds: a VM that is not in it was given up where the plan lived."""
    vms = list_vms(session.plan, api)
    captured = (session.load("capture") or {}).get("vms") if site == session.target else None
    return vms if captured is None else {key: vm for key, vm in vms.items() if key in set(captured)}


class Starter:
    """One start, or one round of it. What was asked and what failed before comes from the run store."""

    def __init__(self, session: Session, api: Api, vms: Mapping[str, Object], order: StartOrder) -> None:
        startup = session.plan.startup
        limit = session.plan.site(api.site).max_starting or startup.max_starting
        self._session = session
        self._api = api
        # a start at the source, when the run gives everything back, is another one than the target's
        self._topic = "startup" if api.site == session.target else "startup-at-source"
        self._vms = vms
        self._order = order
        self._agent = startup.readiness.agent
        self._window = StartWindow(
            list(order.waves),
            min(limit, startup.max_starting),
            startup.readiness.timeout.total_seconds(),
            startup.on_failure == "stop",
        )
        self._wake = threading.Condition()
        self._watch = Watch(self._api, VMI, session.plan.namespaces, self._wake, keep=vmi_state)
        self._changed = 0
        # failures of earlier rounds, whose reasons are complete
        self._explained: set[str] = set()

    def drive(self, round_timeout: int | None) -> None:
        """Until every wave is done, or the round is over."""
        deadline = Deadline(self._session.clock, round_timeout if round_timeout is not None else float("inf"))
        self._watch.start()
        try:
            self._await_list()
            self._give_back_what_stays_off()
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
            self._watch.stop()

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
            "failures": bounded([{"vm": key, "reason": reason} for key, reason in sorted(window.failed.items())]),
            "never_begun": bounded(window.never_begun) if window.done else [],
            "stays_off": len(self._order.stays_off),
            "waves": [{"name": wave.name, "vms": len(wave.keys)} for wave in window.waves],
            "msg": f"{len(window.ready)} of {window.total} VMs ready, {len(window.failed)} not started",
        }

    def _await_list(self) -> None:
        with self._wake:
            while not self._watch.listed:
                if self._watch.error:
                    raise self._watch.error
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
        for key, vm in self._vms.items():
            if key in self._order.stays_off or key in self._window.ready or not _was_asked(vm):
                continue
            since = earlier["asked"].get(key) if earlier.get("attempt") == self._session.run.attempt else None
            self._window.observe_starting([key], now - max(0.0, wall - since) if since else now)
        # a Manual one needs a second request, which a killed attempt may not have made
        self._ask([key for key in self._window.in_flight if power_record(self._vms[key]).run_strategy == "Manual"])

    def _observe(self) -> None:
        with self._wake:
            seen = dict(self._watch.objects)
        for (namespace, name), state in seen.items():
            key = f"{namespace}/{name}"
            if key in self._vms and key not in self._order.stays_off and state.is_up(self._agent):
                self._window.became_ready(key)

    def _ask(self, keys: list[str]) -> None:
        outcome = for_each(keys, self._start, before_batch=self._session.verify_lock)
        self._changed += len(outcome.done)
        for key, error in outcome.failed:
            self._window.gave_up(key, str(error))

    def _start(self, key: str) -> None:
        """Give the VM its runStrategy back; a Manual one that ran is asked to start."""
        vm = self._vms[key]
        namespace, name = vm["metadata"]["namespace"], vm["metadata"]["name"]
        power = power_record(vm)
        self._api.patch(VM, name, namespace, {"spec": strategy_patch(power)})
        if power.run_strategy == "Manual":
            self._start_manual(namespace, name)

    def _start_manual(self, namespace: str, name: str) -> None:
        path = f"/apis/subresources.kubevirt.io/v1/namespaces/{namespace}/virtualmachines/{name}/start"
        try:
            self._api.put_subresource(path, {}, f"VirtualMachine/{namespace}/{name}")
        except Conflict as error:
            if "already" not in (error.seen or ""):
                raise
        except Failed as error:
            # a start request is pending already: an earlier attempt made it
            if error.status != 500 or "start" not in (error.seen or "").lower():
                raise

    def _give_back_what_stays_off(self) -> None:
        """Strategies that do not start a VM are given back to those that were off; the others stay Halted, recorded."""
        off = [
            key
            for key in self._order.stays_off
            if _is_recorded(self._vms[key]) and power_record(self._vms[key]).run_strategy in ("Halted", "Manual")
        ]

        def give_back(key: str) -> None:
            vm = self._vms[key]
            power = power_record(vm)
            if power.running:
                return  # annotated to stay off although it ran: a Manual one is left Halted too
            body = {"spec": strategy_patch(power), "metadata": {"annotations": {RECORDED: None}}}
            self._api.patch(VM, vm["metadata"]["name"], vm["metadata"]["namespace"], body)

        outcome = for_each(off, give_back, before_batch=self._session.verify_lock)
        for _key, error in outcome.failed:
            raise error

    def _finish(self) -> None:
        """Record the round, and take the record off the VMs that are up: the start is their new state."""
        up = [key for key in self._window.ready if _is_recorded(self._vms[key])]

        def forget(key: str) -> None:
            vm = self._vms[key]
            body = {"metadata": {"annotations": {RECORDED: None}}}
            self._api.patch(VM, vm["metadata"]["name"], vm["metadata"]["namespace"], body)

        outcome = for_each(up, forget, before_batch=self._session.verify_lock)
        for _key, error in outcome.failed:
            raise error
        for key in self._window.failed.keys() - self._explained:
            self._window.failed[key] = f"{self._window.failed[key]}; {self._why_not_ready(key)}"
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

    def _why_not_ready(self, key: str) -> str:
        namespace, name = key.split("/")
        try:
            vm = self._api.find(VM, name, namespace)
            vmi = self._api.find(VMI, name, namespace)
        except DrError as error:
            return f"its state could not be read: {error}"
        status = (vm or {}).get("status", {})
        conditions = [*status.get("conditions", []), *((vmi or {}).get("status", {}).get("conditions", []))]
        messages = {
            c["message"]: None
            for c in conditions
            if (c.get("message") and c.get("status") != "True") or c["type"] == "Failure"
        }
        shown = "; ".join(text for text in messages if text)[:500]
        return (
            f"VM {status.get('printableStatus', 'unknown')}, VMI {(vmi or {}).get('status', {}).get('phase', 'absent')}"
            + (f": {shown}" if shown else "")
        )

    def _report(self) -> None:
        window = self._window
        waiting = ", ".join(sorted(window.in_flight)[:3])
        stage = f"start: {window.wave}" if window.wave else "start"
        self._session.progress.emit(stage, len(window.ready), window.total, len(window.in_flight), waiting)

    def _now(self) -> float:
        return self._session.clock.monotonic()


def strategy_patch(power: PowerRecord) -> dict[str, Any]:
    """The spec that gives a VM its own strategy back, in the field that it used."""
    if power.running_field:
        return {"running": power.running}
    return {"runStrategy": power.run_strategy}


def vmi_state(vmi: Mapping[str, Any]) -> VmiState:
    status = vmi.get("status", {})
    conditions = {item["type"]: item for item in status.get("conditions", [])}

    def is_true(name: str) -> bool:
        return conditions.get(name, {}).get("status") == "True"

    deleted = "deletionTimestamp" in vmi["metadata"]
    return VmiState(
        ready=is_true("Ready") and status.get("phase") == "Running" and not deleted,
        agent=is_true("AgentConnected"),
        phase=status.get("phase", "Pending"),
        reason=conditions.get("Ready", {}).get("message", ""),
    )


def _is_recorded(vm: Mapping[str, Any]) -> bool:
    return RECORDED in (vm["metadata"].get("annotations") or {})


def _was_asked(vm: Mapping[str, Any]) -> bool:
    """Its own strategy is back although the record is still on it: somebody asked it to start."""
    if not _is_recorded(vm):
        return False
    recorded = PowerRecord(**json.loads(vm["metadata"]["annotations"][RECORDED]))
    return strategy_patch(recorded).items() <= vm["spec"].items()


def _decided(order: StartOrder) -> dict[str, Any]:
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
        "waves": [{"name": wave.name, "vms": len(wave.keys)} for wave in order.waves],
        "msg": "check mode: nothing was started",
    }
