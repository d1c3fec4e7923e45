# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The workloads of a plan at a site: one list per kind and namespace."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..._cluster.api import Api, Object
from ..._cluster.bulk import for_each
from ..._cluster.kinds import CRON_JOB, DAEMON_SET, DEPLOYMENT, JOB, POD, STATEFUL_SET
from ..._errors import Refused
from ..._model.plan import Plan
from ..._model.workload import (
    ProtectedWorkload,
    controller_of,
    is_finished,
    moves_along,
    pods_of,
    protected_workload,
    workload_key,
)

KINDS = {kind.kind: kind for kind in (DEPLOYMENT, STATEFUL_SET, DAEMON_SET, CRON_JOB, JOB)}


@dataclass(frozen=True)
class Workloads:
    """selected: key to workload, of the plan. jobs: of its CronJobs, by their key, the Jobs that are not finished.

    foreign: all other workloads of the plan's namespaces, which are never written.
    """

    selected: Mapping[str, Object] = field(default_factory=dict)
    jobs: Mapping[str, Sequence[Object]] = field(default_factory=dict)
    foreign: Mapping[str, Object] = field(default_factory=dict)

    def __contains__(self, key: str) -> bool:
        return key in self.selected

    @property
    def writers(self) -> list[Object]:
        """All that the plan has to stop."""
        return [*self.selected.values(), *(job for jobs in self.jobs.values() for job in jobs)]


def list_workloads(plan: Plan, api: Api) -> Workloads:
    """What the plan selects is told from the rest here, as a claim of the plan may be used by anybody."""
    wanted = [(kind, namespace) for kind in KINDS.values() for namespace in plan.namespaces]
    outcome = for_each(wanted, lambda item: api.list(*item))
    for _item, error in outcome.failed:
        raise error
    found = {workload_key(item): item for _wanted, items in outcome.done for item in items}
    selected = {key: item for key, item in found.items() if moves_along(item, plan.selector)}
    by_uid = {item["metadata"].get("uid"): key for key, item in selected.items() if item["kind"] == CRON_JOB.kind}
    jobs: dict[str, list[Object]] = {}
    foreign: dict[str, Object] = {}
    for key, item in found.items():
        if key in selected:
            continue
        owner = by_uid.get((controller_of(item) or {}).get("uid", ""))
        if item["kind"] != JOB.kind or owner is None:
            foreign[key] = item
        elif not is_finished(item):
            jobs.setdefault(owner, []).append(item)
    return Workloads(selected, jobs, foreign)


def workload_records(workloads: Iterable[Mapping[str, Any]]) -> list[ProtectedWorkload]:
    """What a start needs of each; a bad annotation is refused by name."""
    try:
        return [protected_workload(item) for item in workloads]
    except (ValueError, TypeError) as error:
        raise Refused(
            "read the workload's annotations", seen=str(error), next_step="correct that annotation"
        ) from error


def workload_pods(plan: Plan, api: Api, workloads: Sequence[Mapping[str, Any]]) -> list[str]:
    """namespace/name of the pods of these workloads that have not ended."""
    if not workloads:
        return []
    pods = [pod for namespace in plan.namespaces for pod in api.list(POD, namespace)]
    return [f"{pod['metadata']['namespace']}/{pod['metadata']['name']}" for pod in pods_of(workloads, pods)]
