# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starting a plan's VMs and workloads at a site: waves, a sliding window, one watch per kind (P1, P7)."""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from ..._cluster.api import Object
from ..._errors import DrError
from ..._model.names import RECORDED
from ..._model.plan import Plan
from ..._model.run import START
from ..._model.start_asked import Asked
from ..._planning.forecast.boot_times import measured
from ..._planning.start.only import only
from ..._planning.start.order import order_start
from ..._planning.start.retry import retry_of
from ..inventory.protected import start_records
from ..inventory.workloads import workload_records
from ..rehearsal.place import enter
from ..run.session import Session
from ..stop.pools import resume_pools
from .foretold import changes_anything
from .guard import check_may_start
from .memory import ready_before
from .result import decided
from .scope import list_of_start, of_run, open_gates
from .starter import Starter


def start_vms(
    plan: Plan,
    run_id: str,
    round_timeout: int | None,
    check_mode: bool,
    site: str | None = None,
    asked: Asked | None = None,
) -> dict[str, Any]:
    """Start what ran before, in order, at most max_starting in flight; failures are reported, not raised.

    site: the target of the run by default; its source, when the run gives everything back. What is read before the
    first request is read beside the guard, whose refusal comes before what any of that fails of.
    """
    asked = asked or Asked()
    with (
        Session(plan, run_id, check_mode) as session,
        session.step(_step(session, site)) as summary,
        ThreadPoolExecutor(max_workers=2) as beside,
    ):
        enter(session)
        site = site or session.target
        api = session.site_api(site)
        listed = beside.submit(list_of_start, session.plan, api)
        # in check mode only where nothing comes before the start that check mode leaves out
        guarded = not check_mode or session.run.operation == START
        guard = beside.submit(check_may_start, session, site, listed.result) if guarded else listed
        vms, workloads = of_run(session, site, listed.result)
        before = ready_before(session, site)
        standing = partial(as_it_stands, over=before.recorded)
        records = [
            *start_records({key: standing(key, vm) for key, vm in vms.items()}),
            *workload_records(standing(*item) for item in workloads.selected.items()),
        ]
        gates = open_gates(session, site, asked.open_gates)
        order = order_start(records, plan.startup.waves, gates, before.ever)
        if check_mode:
            guard.result()
            chosen = only(order, asked.only)
            changed = changes_anything(chosen, vms, workloads, asked.only, before.recorded)
            return decided(chosen, workloads, plan.startup.max_starting, changed)
        try:
            starter = Starter(session, api, vms, workloads, order, asked)
            starter.drive(round_timeout, guard.result)
        except DrError:
            guard.result()
            raise
        result = starter.result()
        summary.update({name: result[name] for name in ("ready", "not_started", "stays_off", "peak_in_flight")})
        summary["left"] = len(result["failures"]) + len(result["never_begun"]) + result["left_out"]
        summary["boots"] = measured(starter.boots)
        if not result["done"]:
            summary["state"] = "running"
        else:
            # a start of some gives nothing back to what stays off
            off = starter.off | (order.stays_off.keys() if asked.only else set())
            summary["pools"] = resume_pools(session, api, vms, off)
        to_retry = starter.to_retry if result["done"] else []
        retry = retry_of(session.run, to_retry, site, asked.plan_file, narrowed=bool(asked.only))
        message = "; ".join(filter(None, [result["msg"], retry.note]))
        return {**result, "msg": message, "retry": retry.command}


def as_it_stands(key: str, item: Object, over: Collection[str]) -> Object:
    """over: keys whose start is over. What a run wrote on these tells no more what they are to be."""
    meta = item["metadata"]
    if key not in over:
        return item
    annotations = {name: value for name, value in (meta.get("annotations") or {}).items() if name != RECORDED}
    return {**item, "metadata": {**meta, "annotations": annotations}}


def _step(session: Session, site: str | None) -> str:
    return "start" if site in (None, session.target) else "rollback"
