# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Locks of runs that nobody finishes: killed before their first record or after their last one (P5, P6)."""

from __future__ import annotations

from ..._cluster.lease import PlanLock
from ..._cluster.run_store import RunStore
from ..._errors import DrError
from ..._model.plan import Plan
from ..._model.run import ENDED, is_move
from .outlook import Outlook
from .way import Way


def free_ended(plan: Plan, seen: Outlook) -> None:
    """Free the locks of runs that are recorded as ended: to free them was all that was left to do."""
    ended = {run.id for run in seen.runs if run.state in ENDED}
    for there in seen.reached.values():
        if there.api is None:
            continue
        lock = PlanLock(there.api, plan.store_namespace, plan.name)
        try:
            holder = lock.holder()
            if holder is not None and holder.run_id in ended:
                lock.release(holder.run_id, holder.attempt)
        except DrError:
            # whoever takes it is told; a source that fails to answer stops nothing
            continue


def is_nobodys(plan: Plan, way: Way, run_id: str) -> bool:
    """Whether no site that answers knows a move: it was killed before its record was written, or that is gone."""
    return is_move(run_id) and not any(_knows(plan, way, site, run_id) for site in (way.target, way.source))


def _knows(plan: Plan, way: Way, site: str, run_id: str) -> bool:
    api = way.api if site == way.target else way.there.api
    if api is None:
        return False
    try:
        return RunStore(api, plan.store_namespace).head(run_id) is not None
    except DrError:
        # of a lost site nothing is needed; elsewhere what cannot be read is not taken for none
        if site == way.source and way.operation == "failover":
            return False
        raise
