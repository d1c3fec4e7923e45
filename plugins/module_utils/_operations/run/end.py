# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last step: the run's record is closed, the lock is freed."""

from __future__ import annotations

from typing import Any

from ..._cluster.lease import PlanLock
from ..._errors import DrError
from ..._model.plan import Plan
from ..._model.run import ENDED
from ..._planning.report.recovery import START, START_AT_SOURCE, last_start, outcome, recovered
from ..._planning.report.summary import summary
from ..replication.losses import losses_of
from .session import Session


def end_run(plan: Plan, run_id: str, state: str, check_mode: bool) -> dict[str, Any]:
    """Close the run as done, rolled_back, failed or waiting; the last two are resumed by the same command."""
    with Session(plan, run_id, check_mode) as session:
        losses = {"losses": losses_of(session)}
        if state in ENDED and session.run.state == state:
            return {"changed": False, **summary(session.run), **losses}
        ended = session.clock.now().isoformat(timespec="milliseconds")
        with session.step("end") as measured:
            measured.update(_outcome(session, losses["losses"]))
            session.update(state=state, ended=ended)
        if not check_mode:
            PlanLock(session.api, plan.store_namespace, plan.name).release(run_id, session.run.attempt)
            _release_at_source(plan, session)
        session.progress.emit("end", 1, 1)
        return {"changed": not check_mode, **summary(session.run), **losses}


def _outcome(session: Session, losses: list[dict[str, Any]]) -> dict[str, Any]:
    """For the list of runs; a record that cannot be read keeps no run from ending."""
    try:
        record = {topic: session.load(topic) for topic in (START, START_AT_SOURCE)}
    except DrError:
        return {}
    _site, start = last_start(session.run, record)
    return outcome(losses, recovered(session.run, start, {}))


def _release_at_source(plan: Plan, session: Session) -> None:
    # this attempt took no lock at a dead source; one of an earlier attempt is freed by whatever begins next
    source = None if session.source_is_dead else session.reach_source()
    if source is None or source.api is None:
        return
    try:
        PlanLock(source.api, plan.store_namespace, plan.name).release(session.run.id, session.run.attempt)
    except DrError as error:
        # whatever begins next frees it
        session.progress.emit("end", 1, 1, waiting_for=f"the lock at {session.source} was not freed: {error}"[:300])
