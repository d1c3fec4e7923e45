# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stopping a plan's VMs and workloads at a site: graceful, recorded on each, proven off (P3, P7)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from .._cluster.api import Api, Object
from .._cluster.bulk import for_each
from .._cluster.clock import Deadline
from .._cluster.kinds import VM, VMI
from .._cluster.watching import Watch
from .._errors import DrError, Refused, Timeout, Unreachable
from .._model.names import RECORDED
from .._model.plan import Plan
from .._model.vm import power_record
from .._planning.start_order import order_start
from .._planning.stop_order import order_stop
from .latch_closing import close_latch
from .protected import key_of, list_vms, start_records
from .remains import remains, remains_at
from .session import Session
from .sites import reach
from .workload_stop import await_pods_gone, stop_workload, to_stop, with_jobs
from .workloads import Workloads, list_workloads, workload_records

REMAINS_POLL = 1.0
NOTHING = {"changed": False, "proven_off": False, "stopped": 0, "workloads_stopped": 0}


def stop_vms(plan: Plan, run_id: str, site: str, timeout: int, best_effort: bool, check_mode: bool) -> dict[str, Any]:
    """Stop all VMs and workloads of the plan at a site and prove that nothing of them is left there.

    best_effort: for a source that was declared lost; no answer, or VMs that do not stop in time, are recorded and
    the run goes on without the proof.
    """
    with Session(plan, run_id, check_mode) as session, session.step("quiesce") as summary:
        try:
            result = _stop(session, _api(session, site), timeout, best_effort)
        except DrError as error:
            if not best_effort:
                raise
            result = {**NOTHING, "msg": f"not proven off: {error}"}
        session.put("quiesce", {"proven_off": result["proven_off"], "site": site})
        summary.update(result)
        return result


def _api(session: Session, site: str) -> Api:
    there = session.reach_source() if site == session.source else reach(session.plan, site)
    if there.api is None:
        raise Unreachable("stop the VMs", site=site, seen=there.message, next_step="a planned move needs both sites")
    return there.api


def _stop(session: Session, api: Api, timeout: int, best_effort: bool) -> dict[str, Any]:
    vms, workloads = list_vms(session.plan, api), list_workloads(session.plan, api)
    close_latch(session, api, set(vms))
    running, busy = [vm for vm in vms.values() if not _is_halted(vm)], to_stop(workloads.writers)
    counts = {"changed": bool(running or busy), "stopped": len(running), "workloads_stopped": len(busy)}
    if session.check_mode:
        return {**counts, "proven_off": False, "msg": "check mode"}
    deadline = Deadline(session.clock, timeout)
    total = len(vms) + len(workloads.selected)
    gone: set[str] = set()
    for wave in _stop_order(session.plan, vms, workloads):
        of_wave = with_jobs(workloads, wave)
        _all(session, _halt, api, [vm for vm in running if key_of(vm) in wave], best_effort)
        _all(session, stop_workload, api, to_stop(of_wave), best_effort)
        gone |= wave
        _await_gone(session, api, gone & vms.keys(), total, deadline)
        await_pods_gone(session, api, of_wave, total, deadline)
        if deadline.over and not best_effort:
            break  # what others depend on is not stopped under them
    else:
        # a CronJob may have made one more Job before it was suspended
        late = list_workloads(session.plan, api)
        _all(session, stop_workload, api, to_stop(late.writers), best_effort)
    workloads = list_workloads(session.plan, api)
    left = _await_nothing_left(session, api, vms, workloads, deadline)
    if left and not best_effort:
        raise _left(api.site, left, deadline.elapsed)
    message = f"{len(running)} VMs halted" + (f", {len(busy)} workloads stopped" if busy else "") + f" at {api.site}"
    message += f", not proven off: {', '.join(left[:3])}" if left else ""
    return {**counts, "proven_off": not left, "msg": message}


def _all(
    session: Session, stop: Callable[[Api, Object], None], api: Api, items: list[Object], best_effort: bool
) -> None:
    outcome = for_each(items, lambda item: stop(api, item), before_batch=session.verify_lock)
    for _item, error in outcome.failed:
        if not best_effort:
            raise error


def _await_nothing_left(
    session: Session, api: Api, vms: Mapping[str, Object], workloads: Workloads, deadline: Deadline
) -> list[str]:
    """What is left when all is gone, or when the time is over: pods end and volumes are detached after their VMI."""
    while (left := remains(session.plan, api, vms, workloads)) and not deadline.over:
        session.progress.emit("quiesce", len(vms), len(vms), waiting_for=", ".join(left[:3]))
        session.clock.sleep(min(REMAINS_POLL, deadline.left))
    return left


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
            raise _left(site, left, 0.0)
        summary["proven_off_after_demotion"] = True
        return {**result, "proven_off": True, "msg": f"nothing of the plan's VMs and workloads is left at {site}"}


def _left(site: str, left: list[str], waited: float) -> Timeout:
    return Timeout(
        "stop the VMs",
        site=site,
        on=left[0],
        seen=f"{len(left)} are left: {', '.join(left[:5])}",
        wanted="no VMI, pod or VolumeAttachment of the plan, and no workload that asks for pods",
        waited=waited,
        next_step="look at these; a node that is down keeps them: see docs/quiesce.md",
    )


def _stop_order(plan: Plan, vms: Mapping[str, Object], workloads: Workloads) -> list[set[str]]:
    """Keys in the reverse order of their start; what a start would leave off goes first."""
    try:
        records = [*start_records(vms), *workload_records(workloads.selected.values())]
        return order_stop(order_start(records, plan.startup.waves))
    except Refused:
        # no order can be had from these annotations, and stopping all at once is better than not stopping
        return [set(vms) | set(workloads.selected)]


def _halt(api: Api, vm: Object) -> None:
    """Off by its own strategy, with what it was written on it first in the same patch."""
    body: Object = {"spec": {"running": False} if "running" in vm["spec"] else {"runStrategy": "Halted"}}
    body["metadata"] = {
        "annotations": {RECORDED: power_record(vm).as_annotation()},
        "resourceVersion": vm["metadata"]["resourceVersion"],
    }
    api.patch(VM, vm["metadata"]["name"], vm["metadata"]["namespace"], body)


def _is_halted(vm: Mapping[str, Any]) -> bool:
    return RECORDED in (vm["metadata"].get("annotations") or {}) and (
        vm["spec"].get("runStrategy") == "Halted" or vm["spec"].get("running") is False
    )


def _await_gone(session: Session, api: Api, keys: set[str], total: int, deadline: Deadline) -> None:
    if not keys or deadline.over:
        return
    wake = threading.Condition()
    watch = Watch(api, VMI, session.plan.namespaces, wake, keep=lambda _item: True)
    watch.start()
    try:
        with wake:
            while True:
                left = sorted({f"{namespace}/{name}" for namespace, name in watch.objects} & keys)
                session.progress.emit("quiesce", len(keys) - len(left), total, waiting_for=", ".join(left[:3]))
                if (watch.listed and not left) or deadline.over:
                    return
                wake.wait(min(2.0, deadline.left + 0.01))
    finally:
        watch.stop()
