# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stopping the plan's workloads: to zero or suspended, what they were written on them first in the same patch (P7)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress

from ..._cluster.api import Api, Object
from ..._cluster.clock import Deadline
from ..._cluster.unchanged import patch_unchanged
from ..._errors import NotFound
from ..._model.names import RECORDED
from ..._model.recorded import is_recorded
from ..._model.workload import is_stopped, stop_spec, workload_record
from ..inventory.workloads import KINDS, Workloads, workload_pods
from ..run.session import Session

POLL = 1.0


def stop_workload(api: Api, item: Object) -> None:
    """The controller ends its pods, with their grace period. What is recorded is what the patch replaces.

    One that goes meanwhile, such as a Job whose work is done, is stopped; its pods are waited for like the rest.
    """

    def decide(seen: Object) -> Object:
        record = {RECORDED: workload_record(seen).as_annotation()}
        return {"metadata": {"annotations": record}, "spec": stop_spec(seen)}

    with suppress(NotFound):
        patch_unchanged(api, KINDS[item["kind"]], item, decide)


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
