# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first step of every run: who is alive, where the plan lives, may it be moved, and the lock."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from .._cluster.api import Api
from .._cluster.lease import PlanLock
from .._cluster.run_store import RunStore
from .._errors import DrError, Refused
from .._model.group_status import GroupStatus
from .._model.plan import Plan
from .._model.run import Run, StepRecord, new_run_id
from .check_store import CheckStore
from .groups import Groups
from .progress import Progress
from .sites import Reach, reach


def begin_run(
    plan: Plan,
    operation: str,
    target: str,
    declare_lost: str | None,
    waive_fencing: str | None,
    check_mode: bool,
) -> dict[str, Any]:
    """Start a run, resume an unfinished one of the same direction, or find that there is nothing to do."""
    source = plan.peer_of(target)
    if declare_lost not in (None, source):
        raise Refused(
            "declare a site lost",
            seen=f"dr_declare_lost={declare_lost}",
            wanted=f"{source}, the site that {plan.name} is to leave",
            next_step="correct dr_target or dr_declare_lost",
        )
    with ThreadPoolExecutor(max_workers=3) as pool:
        asked = [pool.submit(reach, plan, name) for name in (target, source)]
        groups = pool.submit(Groups(plan).observe, (target, source)).result()
        here, there = (future.result() for future in asked)
    api = _target_api(here)
    store = RunStore(api, plan.store_namespace)
    heads = [Run.from_dict(head) for head in store.heads(plan.name)]
    unfinished = next((run for run in reversed(heads) if run.state != "done"), None)
    # before the no-op: a lost site that came back calls itself primary too
    _check_debts(heads, target)
    if _lives_at(groups[target]) and unfinished is None:
        return _nothing_to_do(plan, target, source, heads)
    _check_unfinished(unfinished, operation, target)
    _check_source(operation, source, there, declare_lost)
    run = _resumed(unfinished) if unfinished else _new(plan, operation, source, target, api)
    run = replace(
        run,
        declared_lost=declare_lost,
        waived_fencing=waive_fencing,
        source_state=there.state,
        # a promoted copy tells no more when its source was last heard
        source_last_seen=_last_seen(there, groups[target], api) or run.source_last_seen,
    )
    _take(plan, run, api, there, store, check_mode)
    Progress(run.id, api.clock).emit("begin", 1, 1)
    return {
        "changed": not check_mode,
        "needed": True,
        "run_id": run.id,
        "attempt": run.attempt,
        "source": source,
        "target": target,
        "source_state": there.state,
        "source_message": there.message,
        "groups": {site: [status.as_dict() for status in found] for site, found in groups.items()},
        "msg": f"run {run.id}, attempt {run.attempt}: {source} ({there.state}) to {target}",
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
        PlanLock(api, plan.store_namespace, plan.name).take(run.id, run.attempt)
    except Refused:
        raise
    except DrError as error:
        Progress(run.id, api.clock).emit("begin", 1, 1, waiting_for=f"no lock at {api.site}: {error}"[:300])


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


def _lives_at(groups: list[GroupStatus]) -> bool:
    return bool(groups) and all(status.role == "primary" for status in groups)


def _nothing_to_do(plan: Plan, target: str, source: str, heads: list[Run]) -> dict[str, Any]:
    last = heads[-1] if heads else None
    return {
        "changed": False,
        "needed": False,
        "run_id": last.id if last else "",
        "attempt": last.attempt if last else 0,
        "source": source,
        "target": target,
        "source_state": "not asked",
        "source_message": "",
        "groups": {},
        "msg": f"{plan.name} is primary at {target} already; nothing to do",
    }


def _check_unfinished(unfinished: Run | None, operation: str, target: str) -> None:
    if unfinished and (unfinished.operation, unfinished.target) != (operation, target):
        raise Refused(
            f"begin {operation} to {target}",
            on=f"run {unfinished.id}",
            seen=f"{unfinished.operation} to {unfinished.target} was begun at {unfinished.started} and has not ended",
            wanted="no unfinished run on this plan",
            next_step=f"finish it: run {unfinished.operation} with dr_target={unfinished.target} again",
        )


def _check_debts(heads: list[Run], target: str) -> None:
    for run in heads:
        if run.fence_debt and run.source == target:
            raise Refused(
                f"move a plan to {target}",
                on=f"run {run.id}",
                seen=f"fence debt since {run.started}: {run.fence_debt}",
                wanted=f"{target} observed to be clean",
                next_step="reprotect first; see docs/fence_debt.md",
            )


def _check_source(operation: str, source: str, there: Reach, declare_lost: str | None) -> None:
    if declare_lost:
        return
    states = {
        "reachable": f"{source} answers, so a failover would give up data that a planned move keeps",
        "unreachable": f"{source} does not answer, which does not mean that it has stopped: {there.message}",
        "failed": f"{source} answers with an error: {there.message}",
    }
    raise Refused(
        operation,
        site=source,
        seen=states[there.state],
        wanted=f"a decision: dr_declare_lost={source}",
        next_step=f"make sure that {source} cannot write any more, then declare it lost",
    )


def _resumed(run: Run) -> Run:
    return replace(run, attempt=run.attempt + 1, state="running", ended=None)


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
