# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stopping the plan's workloads: to zero or suspended, what they were written on them first in the same patch (P7)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from ..._cluster.api import Api, Object
from ..._cluster.clock import Deadline
from ..._errors import Conflict
from ..._model.names import RECORDED
from ..._model.workload import is_recorded, is_stopped, stop_spec, workload_record
from ..inventory.workloads import KINDS, Workloads, workload_pods
from ..run.session import Session

POLL = 1.0
ATTEMPTS = 5


def stop_workload(api: Api, item: Object) -> None:
    """The controller ends its pods, with their grace period. What is recorded is what the patch replaces."""
    kind, meta = KINDS[item["kind"]], item["metadata"]
    for attempt in range(ATTEMPTS):
        body: dict[str, Any] = {
            "metadata": {
                "annotations": {RECORDED: workload_record(item).as_annotation()},
                "resourceVersion": item["metadata"]["resourceVersion"],
            },
            "spec": stop_spec(item),
        }
        try:
            api.patch(kind, meta["name"], meta["namespace"], body)
            return
        except Conflict:
            # its controller writes its status at any moment
            if attempt + 1 == ATTEMPTS:
                raise
            item = api.get(kind, meta["name"], meta["namespace"])


def to_stop(workloads: Iterable[Object]) -> list[Object]:
    return [item for item in workloads if not (is_recorded(item) and is_stopped(item))]


def with_jobs(workloads: Workloads, keys: Collection[str]) -> list[Object]:
    """The workloads of these keys, and the Jobs of the CronJobs among them."""
    found = [item for key, item in workloads.selected.items() if key in keys]
    return found + [job for key in keys for job in workloads.jobs.get(key, ())]


def await_pods_gone(session: Session, api: Api, items: Iterable[Object], total: int, deadline: Deadline) -> None:
    """Until the pods of these workloads are gone, or the time is over."""
    stopped = list(items)
    while (left := workload_pods(session.plan, api, stopped)) and not deadline.over:
        session.progress.emit("quiesce", max(0, total - len(left)), total, waiting_for=", ".join(left[:3]))
        session.clock.sleep(min(POLL, deadline.left))
