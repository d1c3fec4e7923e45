# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first step of every run: who is alive, where the plan lives, may it be moved, and the lock."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from ..._cluster.api import Api
from ..._cluster.lease import PlanLock
from ..._cluster.run_store import RunStore
from ..._errors import DrError, Refused
from ..._model.group_status import GroupStatus
from ..._model.plan import Plan
from ..._model.run import IN_PLACE, REFRESH, START, STOP, Run, StepRecord, new_run_id
from ..._planning.guards.begin import (
    check_asked,
    check_debts,
    check_source,
    check_startable,
    check_unfinished,
    living_site,
)
from ..._planning.guards.recovery import check_point_taken_up, check_recovery_asked, check_same_point
from ..._planning.guards.switch import check_movable, check_stageable
from ..._planning.losses import forced_losses
from ..._planning.start.gates import check_gates
from ..capture.metadata_source import restores
from ..plan.sites import Reach
from ..replication.awaited import look_with_capture
from .check_store import CheckStore
from .idle import idle_because
from .outlook import Outlook, look_out
from .progress import Progress


def begin_run(
    plan: Plan,
    operation: str,
    target: str | None,
    declare_lost: str | None,
    waive_fencing: str | None,
    check_mode: bool,
    open_gates: Collection[str] = (),
    recovery_point: str = "",
) -> dict[str, Any]:
    """Start a run, resume an unfinished one of the same direction, or find that there is nothing to do.

    open_gates: looked at now, as a misspelt one would stop the start when everything else is done.
    recovery_point: from whose clones VMs are to start; empty for the newest copies.
    """
    check_gates(plan.startup.waves, open_gates)
    if operation == "failback":
        operation, target = "relocate", plan.home
    check_asked(plan, operation, target, declare_lost)
    check_recovery_asked(plan, operation, recovery_point, restores(plan))
    if operation == REFRESH:
        _check_wanted(plan)
    alone = operation in ("failover", *IN_PLACE)
    # a stop asks nothing of replication, which may be what is broken
    seen = look_out(plan, [str(target)] if alone else list(plan.sites), observe=operation != STOP)
    unfinished = seen.unfinished
    if operation == "reprotect" and unfinished and unfinished.operation == "relocate":
        why = f"{unfinished.id} is not finished: the plan is on its way to {unfinished.target}; nothing to clean yet"
        return _nothing_to_do(operation, seen.runs, unfinished.target, unfinished.source, why)
    target = target or _found_out(plan, operation, seen)
    source = plan.peer_of(target)
    here, there = seen.reached[target], seen.reached[source]
    api = _target_api(here)
    if operation != STOP:
        # before the no-op: a lost site that came back calls itself primary too
        check_debts(seen.runs, target)
    if operation in IN_PLACE:
        check_unfinished(unfinished, operation, target, None)
        unfinished = seen.unfinished_in_place(operation, target)
    if operation == START:
        check_source(operation, source, there.state, there.message, declare_lost)
        check_startable(plan.name, target, source, seen.groups[target], seen.groups[source], declare_lost)
    if unfinished is None and (why := idle_because(plan, operation, target, seen)):
        check_point_taken_up(plan, target, recovery_point, seen.runs)
        return _nothing_to_do(operation, seen.runs, target, source, why)
    check_unfinished(unfinished, operation, target, declare_lost)
    check_source(operation, source, there.state, there.message, declare_lost)
    store = RunStore(api, plan.store_namespace)
    if unfinished and operation == "failover":
        check_same_point(unfinished, recovery_point, chosen=store.load(unfinished.id, "capture") is not None)
    if operation == "failover":
        seen = look_with_capture(plan, target, seen)
    if operation == "relocate" and unfinished is None:
        check_movable(plan.name, target, source, seen.groups[target], seen.groups[source])
    if operation == REFRESH:
        check_stageable(plan.name, target, source, seen.groups[target], seen.groups[source])
    run = _resumed(unfinished, operation) if unfinished else _new(plan, operation, source, target, api)
    run = replace(
        run,
        declared_lost=declare_lost,
        recovery_point=recovery_point or None,
        waived_fencing=waive_fencing,
        source_state=there.state,
        # a promoted copy tells no more when its source was last heard
        source_last_seen=_last_seen(there, seen.groups[target], api) or run.source_last_seen,
    )
    _take(plan, run, api, there, store, check_mode)
    Progress(run.id, api.clock).emit("begin", 1, 1)
    alive = run.source_last_seen if there.state == "reachable" else None
    losses = []
    if operation == "failover":
        recorded = store.syncs(plan.name)
        losses = forced_losses(seen.groups[target], seen.groups[source], recorded, alive, run.started)
    return {
        "changed": not check_mode,
        "needed": True,
        "run_id": run.id,
        "attempt": run.attempt,
        "operation": operation,
        "source": source,
        "target": target,
        "source_state": there.state,
        "source_message": there.message,
        "recovery_point": run.recovery_point,
        "groups": {site: [status.as_dict() for status in seen.groups[site]] for site in (target, source)},
        "losses": [loss.as_dict() for loss in losses],
        "phase_after": _phase_after(plan, operation, target),
        "gitops": plan.metadata.gitops is not None,
        "msg": f"run {run.id}, attempt {run.attempt}: {_way(operation, source, there.state, target)}"
        + (f", from recovery point {recovery_point}: what was written later is set aside" if recovery_point else ""),
    }


def _take(plan: Plan, run: Run, api: Api, there: Reach, store: RunStore, check_mode: bool) -> None:
    now = api.clock.now().isoformat(timespec="milliseconds")
    run = run.with_step("begin", StepRecord("done", run.attempt, run.started if run.attempt == 1 else now, now))
    if check_mode:
        CheckStore().put_head(run.id, plan.name, run.as_dict())
        return
    store.prepare()
    PlanLock(api, plan.store_namespace, plan.name).take(run.id, run.attempt)
    if there.api is not None:
        _take_at_source(plan, run, there.api)
    store.put_head(run.id, plan.name, run.as_dict())


def _take_at_source(plan: Plan, run: Run, api: Api) -> None:
    """The target's lock is authoritative; at the source only a lock that another run holds is an answer."""
    try:
        RunStore(api, plan.store_namespace).prepare()
        PlanLock(api, plan.store_namespace, plan.name).follow(run.id, run.attempt)
    except Refused:
        raise
    except DrError as error:
        Progress(run.id, api.clock).emit("begin", 1, 1, waiting_for=f"no lock at {api.site}: {error}"[:300])


def _check_wanted(plan: Plan) -> None:
    if not plan.metadata.prestage:
        raise Refused(
            "refresh the stage",
            on=f"plan {plan.name}",
            seen="metadata.prestage is false",
            wanted="a plan that wants one",
            next_step="set metadata.prestage: true",
        )


def _found_out(plan: Plan, operation: str, seen: Outlook) -> str:
    """The site where the plan lives; for a stage the other one."""
    home = living_site(plan, seen.groups, seen.runs)
    return plan.peer_of(home) if operation == REFRESH else home


def _target_api(here: Reach) -> Api:
    if here.api is None:
        raise Refused(
            "begin the run",
            site=here.site,
            seen=f"{here.state}: {here.message}",
            wanted="a target that answers",
            next_step="bring the target's API server back, or correct its credentials in the plan",
        )
    return here.api


def _nothing_to_do(operation: str, runs: list[Run], target: str, source: str, why: str) -> dict[str, Any]:
    last = runs[-1] if runs else None
    return {
        "changed": False,
        "needed": False,
        "run_id": last.id if last else "",
        "attempt": last.attempt if last else 0,
        "operation": operation,
        "source": source,
        "target": target,
        "source_state": "not asked",
        "source_message": "",
        "recovery_point": last.recovery_point if last else None,
        "groups": {},
        "losses": [],
        "phase_after": "",
        "gitops": False,
        "msg": why,
    }


def _phase_after(plan: Plan, operation: str, target: str) -> str:
    """The phase that the plan is to be in once the run is done (DESIGN §1); empty where that does not change."""
    if operation in (REFRESH, *IN_PLACE):
        return ""
    at_home = target == plan.home
    if operation == "failover":
        return "failing_back" if at_home else "failed_over"
    return "normal" if at_home else "failback_prep"


def _way(operation: str, source: str, state: str, target: str) -> str:
    return f"at {target}, with {source} {state}" if operation in IN_PLACE else f"{source} ({state}) to {target}"


def _resumed(run: Run, operation: str) -> Run:
    return replace(run, operation=operation, attempt=run.attempt + 1, state="running", ended=None)


def _new(plan: Plan, operation: str, source: str, target: str, api: Api) -> Run:
    now = api.clock.now()
    return Run(
        id=new_run_id(plan.name, operation, target, now),
        plan=plan.name,
        operation=operation,
        source=source,
        target=target,
        fingerprint=plan.fingerprint(),
        started=now.isoformat(timespec="milliseconds"),
    )


def _last_seen(there: Reach, groups: list[GroupStatus], api: Api) -> str | None:
    """The newest sign of life of the source: now if it answers, else the newest data that came from it."""
    if there.state == "reachable":
        return api.clock.now().isoformat(timespec="milliseconds")
    arrived = [status.last_sync for status in groups if status.last_sync]
    return max(arrived).isoformat() if arrived else None
