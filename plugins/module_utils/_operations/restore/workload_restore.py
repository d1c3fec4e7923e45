# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Creating a capture's workloads at the target, stopped (P7); those of an earlier stay are brought to the capture."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..._cluster.api import Api
from ..._cluster.bulk import for_each
from ..._cluster.kinds import JOB
from ..._errors import Conflict
from ..._model.capture import Capture
from ..._model.plan import Plan
from ..._model.selector import LabelSelector
from ..._model.workload import all_captured, captured_workloads, controller_of, is_finished, moves_along, workload_key
from ..._planning.restore.ownership import adopted_mark
from ..._planning.restore.workload_change import WRITTEN, WorkloadChange, decide_workload, stopped_copy
from ..inventory.workloads import KINDS, list_workloads
from ..run.session import Session
from ..start.memory import forget_ready

# made by us from the capture
OURS = tuple(kind.resource for kind in KINDS.values())
# they make pods too, and a move neither stops nor starts them
NOT_MOVED = (
    "replicasets.apps",
    "replicationcontrollers",
    "deploymentconfigs.apps.openshift.io",
)


@dataclass(frozen=True)
class WorkloadRestore:
    """changes: one for each captured workload of the plan. decisions: what is noteworthy. kept: as they are there."""

    changes: tuple[WorkloadChange, ...]
    decisions: tuple[str, ...]
    kept: tuple[Mapping[str, Any], ...] = ()

    @property
    def todo(self) -> list[WorkloadChange]:
        return [change for change in self.changes if change.verb != "keep"]

    def count(self, verb: str) -> int:
        return [change.verb for change in self.changes].count(verb)


def decide_workloads(
    plan: Plan, api: Api, capture: Capture, run_id: str, taken: Collection[str] = ()
) -> WorkloadRestore:
    """What would become of each. Refused when the target has one of that name that is not ours to write."""
    existing = list_workloads(plan, api)
    seen = {**existing.foreign, **existing.selected}
    captured = captured_workloads(capture, plan.selector)
    changes = []
    for key, item in captured.items():
        change = decide_workload(stopped_copy(item, run_id), seen.get(key), run_id, plan.name, taken)
        if change.verb == "update":
            meta = change.body["metadata"]
            marked = {**meta["annotations"], **adopted_mark(seen[key], plan.name, api.site)}
            change = replace(change, body={**change.body, "metadata": {**meta, "annotations": marked}})
        changes.append(change)
    kept = [seen[key] for key, change in zip(captured, changes, strict=True) if change.verb == "keep"]
    decisions = [change.why for change in changes if change.why]
    decisions += [
        f"{key} stays as it is: it is not in {capture.name}"
        for key in sorted(existing.selected.keys() - captured.keys())
    ]
    decisions += sorted(_left_in_capture(capture, plan.selector))
    return WorkloadRestore(tuple(changes), tuple(decisions), tuple(kept))


def write_workloads(session: Session, todo: list[WorkloadChange]) -> None:
    if todo:
        forget_ready(session, session.target, {workload_key(change.body) for change in todo})

    def write(change: WorkloadChange) -> None:
        meta = change.body["metadata"]
        kind = KINDS[change.body["kind"]]
        if change.verb == "update" and kind is JOB:
            # all else of a Job cannot be changed
            annotations = {key: meta["annotations"][key] for key in WRITTEN if key in meta["annotations"]}
            session.api.patch(kind, meta["name"], meta["namespace"], {"metadata": {"annotations": annotations}})
        elif change.verb == "update":
            session.api.replace(kind, change.body)
        else:
            try:
                session.api.create(kind, change.body)
            except Conflict:
                # somebody made it meanwhile: only this very run's one is right
                there = session.api.get(kind, meta["name"], meta["namespace"])
                decide_workload(change.body, there, session.run.id, "")

    outcome = for_each(todo, write, before_batch=session.verify_lock)
    for change, error in outcome.failed:
        error.next_step = (
            error.next_step
            or f"{workload_key(change.body)}: correct what the message names, or remove it there (its claims stay), "
            "then start again"
        )
        raise error


def _left_in_capture(capture: Capture, selector: LabelSelector) -> Iterator[str]:
    for item in all_captured(capture):
        if moves_along(item, selector) or controller_of(item):
            continue
        why = "its work is done" if is_finished(item) else "the plan's selector does not select it"
        yield f"{workload_key(item)} stays in the capture: {why}"
    for resource in NOT_MOVED:
        for item in capture.objects.get(resource, ()):
            if not controller_of(item):
                yield f"{workload_key(item)} stays in the capture: only {', '.join(KINDS)} are moved"
