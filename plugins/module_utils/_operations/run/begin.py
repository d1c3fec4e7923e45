# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first step of every run: who is alive, where the plan lives, may it be moved, and the lock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from ..._cluster.api import Api
from ..._cluster.lease import Left, PlanLock
from ..._cluster.run_store import RunStore
from ..._errors import DrError, Refused
from ..._model.plan import Plan
from ..._model.run import (
    BACKGROUND,
    CLEANUP,
    IN_PLACE,
    REFRESH,
    REHEARSALS,
    STOP,
    SWITCHES,
    Run,
    StepRecord,
    new_run_id,
)
from ..._model.run_asked import RunAsked
from ..._planning.guards.recovery import check_point_taken_up
from ..._planning.guards.rehearsal import check_unfinished_move
from ..._planning.losses import forced_losses
from ..replication.awaited import look_with_capture
from .admission import check_before_idle, check_direction, check_loss, check_request, check_way
from .ahead import NOTHING, look_ahead
from .approval import approve
from .check_store import CheckStore
from .idle import idle_because
from .left_locks import free_ended, is_nobodys
from .meanwhile import check_unchanged
from .numbering import next_number
from .outlook import Outlook, look_out
from .progress import Progress
from .way import Way, way_of


def begin_run(plan: Plan, asked: RunAsked, check_mode: bool) -> dict[str, Any]:
    """Start a run, resume an unfinished one of the same direction, or find that there is nothing to do."""
    if asked.operation == "failback":
        asked = replace(asked, operation="relocate", target=plan.home)
    check_request(plan, asked)
    operation = asked.operation
    alone = operation in ("failover", CLEANUP, *IN_PLACE)
    # a stop asks nothing of replication, which may be what is broken
    must = [asked.target or ""] if alone else list(plan.sites)
    seen = look_out(plan, must, observe=operation != STOP, lost=asked.declare_lost)
    if not check_mode:
        free_ended(plan, seen)
    unfinished = seen.unfinished
    if operation == "reprotect" and unfinished and unfinished.operation == "relocate":
        why = f"{unfinished.id} is not finished: the plan is on its way to {unfinished.target}; nothing to clean yet"
        return _nothing_to_do(operation, seen.runs, unfinished.target, unfinished.source, why)
    way = way_of(plan, asked, seen)
    check_before_idle(plan, asked, way, seen)
    if operation in IN_PLACE:
        unfinished = seen.unfinished_in_place(operation, way.target)
    if operation in REHEARSALS:
        check_unfinished_move(unfinished, operation)
        unfinished = seen.unfinished_rehearsal(operation, way.target)
    if unfinished is None and (why := idle_because(plan, operation, way.target, seen)):
        check_point_taken_up(plan, way.target, asked.recovery_point, seen.runs)
        return _nothing_to_do(operation, seen.runs, way.target, way.source, why)
    check_direction(asked, way, unfinished)
    if operation == "failover":
        way = way_of(plan, asked, look_with_capture(plan, way.target, seen))
    check_way(plan, asked, way, seen, unfinished)
    return _begun(plan, asked, way, seen, unfinished, check_mode)


def _begun(
    plan: Plan, asked: RunAsked, way: Way, seen: Outlook, unfinished: Run | None, check_mode: bool
) -> dict[str, Any]:
    store = RunStore(way.api, plan.store_namespace)
    failover = way.operation == "failover"
    recorded = store.syncs(plan.name) if failover else {}
    run = _resumed(unfinished, way.operation) if unfinished else _new(plan, way, next_number(plan, seen))
    run = replace(
        run,
        declared_lost=asked.declare_lost,
        recovery_point=asked.recovery_point or None,
        waived_fencing=asked.waive_fencing,
        accepted_loss=asked.accept_loss,
        source_state=way.there.state,
        source_silent=[status.group for status in way.sources if not status.reachable],
        # a promoted copy tells no more when its source was last heard
        source_last_seen=_last_seen(way, recorded) or run.source_last_seen,
    )
    run, ahead = look_ahead(plan, run, asked.steps, unfinished, check_mode)
    alive = run.source_last_seen if way.alive else None
    losses = forced_losses(way.copies, way.sources, recorded, alive, run.started) if failover else []
    if failover:
        check_loss(plan, asked, run, losses, unfinished)
    run, fingerprint = approve(plan, asked, way, run, ahead, unfinished, check_mode)
    _take(plan, run, way, store, seen.runs, check_mode)
    Progress(run.id, way.api.clock).emit("begin", 1, 1)
    return {
        "changed": not check_mode,
        "needed": True,
        "run_id": run.id,
        "attempt": run.attempt,
        "operation": way.operation,
        "source": way.source,
        "target": way.target,
        "source_state": way.there.state,
        "source_message": way.there.message,
        "recovery_point": run.recovery_point,
        "groups": {
            site: [status.as_dict() for status in groups]
            for site, groups in ((way.target, way.copies), (way.source, way.sources))
        },
        "losses": [loss.as_dict() for loss in losses],
        "phase_after": _phase_after(plan, way.operation, way.target),
        # a rehearsal is not what syncs the plan from Git
        "gitops": plan.metadata.gitops is not None and way.operation not in REHEARSALS,
        "fingerprint": fingerprint,
        **ahead,
        "msg": f"run {run.id}, attempt {run.attempt}: {way}{_older(run)}{_whose_spec(plan, way, seen.runs)}"
        f"{_unseen(way, asked)}",
    }


def _take(plan: Plan, run: Run, way: Way, store: RunStore, runs: list[Run], check_mode: bool) -> None:
    now = way.api.clock.now().isoformat(timespec="milliseconds")
    run = run.with_step("begin", StepRecord("done", run.attempt, run.started if run.attempt == 1 else now, now))
    if check_mode:
        CheckStore().put_head(run.id, plan.name, run.as_dict())
        return
    store.prepare()
    left = partial(is_nobodys, plan, way)
    lock = PlanLock(way.api, plan.store_namespace, plan.name, left=left, number=run.number)
    outlasted = lock.take(run.id, run.attempt)
    check_unchanged(plan, run, runs, store, lock)
    if way.there.api is not None:
        _take_at_source(plan, run, way.there.api, left, outlasted)
    store.put_head(run.id, plan.name, run.as_dict())


def _take_at_source(plan: Plan, run: Run, api: Api, left: Left, outlasted: str | None) -> None:
    """The target's lock is authoritative; at the source only a lock that another run holds is an answer."""
    try:
        RunStore(api, plan.store_namespace).prepare()
        PlanLock(api, plan.store_namespace, plan.name, left=left, number=run.number).follow(
            run.id, run.attempt, outlasted
        )
    except Refused:
        raise
    except DrError as error:
        Progress(run.id, api.clock).emit("begin", 1, 1, waiting_for=f"no lock at {api.site}: {error}"[:300])


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
        "fingerprint": "",
        **NOTHING,
        "msg": why,
    }


def _older(run: Run) -> str:
    if not run.recovery_point:
        return ""
    aside = "" if run.operation in REHEARSALS else ": what was written later is set aside"
    return f", from recovery point {run.recovery_point}{aside}"


def _whose_spec(plan: Plan, way: Way, runs: Sequence[Run]) -> str:
    """Of a planned move whose target may have all objects already: from an earlier stay there, a stage, or from Git."""
    says = {"oadp": f"{way.source}'s capture", "export": f"{way.source}'s capture", "gitops": "Git"}
    winner = says.get(plan.metadata.source)
    was_there = way.target == plan.home or any(run.operation in (*SWITCHES, REFRESH) for run in runs)
    if way.operation != "relocate" or winner is None or not (was_there or plan.metadata.source == "gitops"):
        return ""
    return f"; of objects that {way.target} has already, what {winner} says wins"


def _unseen(way: Way, asked: RunAsked) -> str:
    """Of a lost site whose cluster is up and refuses us: the promotion that is not going to be."""
    if way.operation != "failover" or not way.there.refuses or asked.waive_fencing:
        return ""
    return (
        f"; {way.source} answers and does not show what runs there, so nothing is promoted until it does, or"
        f" dr_waive_fencing says why that is borne: {way.there.message}"
    )


def _phase_after(plan: Plan, operation: str, target: str) -> str:
    """The phase that the plan is to be in once the run is done (DESIGN §1); empty where that does not change."""
    if operation in (*BACKGROUND, *IN_PLACE):
        return ""
    at_home = target == plan.home
    if operation == "failover":
        return "failing_back" if at_home else "failed_over"
    return "normal" if at_home else "failback_prep"


def _resumed(run: Run, operation: str) -> Run:
    return replace(run, operation=operation, attempt=run.attempt + 1, state="running", ended=None)


def _new(plan: Plan, way: Way, number: int) -> Run:
    now = way.api.clock.now()
    return Run(
        id=new_run_id(plan.name, way.operation, way.target, now),
        plan=plan.name,
        operation=way.operation,
        source=way.source,
        target=way.target,
        fingerprint=plan.fingerprint(),
        started=now.isoformat(timespec="milliseconds"),
        number=number,
    )


def _last_seen(way: Way, recorded: Mapping[str, Mapping[str, Any]]) -> str | None:
    """The newest sign of life of the source: now if it answers, else the newest that came from it, or that it said."""
    if way.alive or way.there.refuses:
        return way.api.clock.now().isoformat(timespec="milliseconds")
    signs = [moment for status in way.copies for moment in (status.last_sync, status.arrived) if moment]
    signs += [datetime.fromisoformat(sync["seen_at"]) for sync in recorded.values() if sync["primary"] == way.source]
    return max(signs).isoformat() if signs else None
