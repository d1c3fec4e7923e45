# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nobody at a target may wait for the claims that a run is going to create there: there is no latch for pods (P1)."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from ..._cluster.api import Api
from ..._cluster.kinds import POD
from ..._errors import Refused
from ..._model.plan import Plan
from ..._model.workload import ENDED
from ..._planning.guards.writers import waiting_writers
from ..restore.taken_over import taken_over
from ..run.session import Session
from .remains import remains_at
from .workloads import list_workloads


def check_no_writers(session: Session, claims: Iterable[str]) -> None:
    """Refuse as long as a workload or pod there would mount them before they are promoted and verified."""
    waiting = waiting_at(session.plan, session.api, claims, session.run.id, taken_over(session))
    for key, used in waiting.items():
        raise Refused(
            "create the volumes",
            site=session.target,
            on=key,
            seen=f"it would mount {', '.join(used[:3])} at once"
            + (f"; {len(waiting) - 1} more would mount others" if waiting.keys() - {key} else ""),
            wanted="nobody who writes before the volumes are promoted and verified",
            next_step="scale it to zero, or remove it, at this site, and pause what brings it back; then start again",
        )


def check_nothing_runs(session: Session) -> None:
    """Nothing of the plan runs at a stage, and nothing is attached there."""
    left = remains_at(session.plan, session.api)
    if left:
        raise Refused(
            "refresh the stage",
            site=session.target,
            on=left[0],
            seen=f"{len(left)} of the plan are there: {', '.join(left[:5])}",
            wanted="no VMI, pod or VolumeAttachment of the plan, and no workload that asks for pods",
            next_step="stop them at this site: their volumes are copies there; then start again",
        )


def waiting_at(
    plan: Plan, api: Api, claims: Iterable[str], run_id: str, taken: Collection[str] = ()
) -> dict[str, list[str]]:
    """Workloads and pods by key to the claims that they would mount. run_id, taken: of a run whose workloads may."""
    found = list_workloads(plan, api)
    pods = [
        pod
        for namespace in plan.namespaces
        for pod in api.list(POD, namespace)
        if pod.get("status", {}).get("phase") not in ENDED
    ]
    return waiting_writers([*found.writers, *found.foreign.values()], pods, claims, run_id, taken)
