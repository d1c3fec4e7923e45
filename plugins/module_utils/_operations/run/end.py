# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last step: the run's record is closed, the lock is freed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ..._cluster.lease import PlanLock
from ..._errors import DrError
from ..._model.plan import Plan
from ..._model.run import ENDED, STEPS, Run
from ..replication.losses import losses_of
from .session import Session


def end_run(plan: Plan, run_id: str, state: str, check_mode: bool) -> dict[str, Any]:
    """Close the run as done, rolled_back, failed or waiting; the last two are resumed by the same command."""
    with Session(plan, run_id, check_mode) as session:
        losses = {"losses": losses_of(session)}
        if state in ENDED and session.run.state == state:
            return {"changed": False, **summary(session.run), **losses}
        ended = session.clock.now().isoformat(timespec="milliseconds")
        with session.step("end"):
            session.update(state=state, ended=ended)
        if not check_mode:
            PlanLock(session.api, plan.store_namespace, plan.name).release(run_id, session.run.attempt)
            _release_at_source(plan, session)
        session.progress.emit("end", 1, 1)
        return {"changed": not check_mode, **summary(session.run), **losses}


def summary(run: Run) -> dict[str, Any]:
    """The run for a person: steps in order with their durations in seconds."""
    steps = [
        {
            "name": name,
            "state": record.state,
            "started": record.started,
            "seconds": _seconds(record.started, record.ended),
            "summary": dict(record.summary),
        }
        for name in STEPS
        if (record := run.steps.get(name))
    ]
    return {
        "run_id": run.id,
        "attempt": run.attempt,
        "state": run.state,
        "operation": run.operation,
        "source": run.source,
        "target": run.target,
        "started": run.started,
        "ended": run.ended,
        "fence_debt": run.fence_debt,
        "recovery_point": run.recovery_point,
        "steps": steps,
    }


def _release_at_source(plan: Plan, session: Session) -> None:
    source = session.reach_source()
    if source.api is None:
        return
    try:
        PlanLock(source.api, plan.store_namespace, plan.name).release(session.run.id, session.run.attempt)
    except DrError as error:
        # it expires by itself
        session.progress.emit("end", 1, 1, waiting_for=f"the lock at {session.source} was not freed: {error}"[:300])


def _seconds(started: str, ended: str | None) -> float | None:
    if ended is None:
        return None
    return round((datetime.fromisoformat(ended) - datetime.fromisoformat(started)).total_seconds(), 1)
