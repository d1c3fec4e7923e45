# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of a workload at a target: created stopped, updated from an earlier stay there, or kept. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ..._errors import Refused
from ..._model.names import ADOPTED, CREATED_BY, RECORDED, protected_label
from ..._model.recorded import is_recorded
from ..._model.workload import is_stopped, stopped_spec, workload_key, workload_record

DROPPED_ANNOTATIONS = (
    "kubectl.kubernetes.io/",
    "deployment.kubernetes.io/",
    "deprecated.daemonset.template.generation",
)
# what the Job controller writes into a Job for itself
JOB_LABELS = (
    "controller-uid",
    "job-name",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-name",
)
# by us, and not the owner's
WRITTEN = (ADOPTED, CREATED_BY, RECORDED)
KEPT_META = ("uid", "resourceVersion", "finalizers", "ownerReferences")


@dataclass(frozen=True)
class WorkloadChange:
    """body: what is written, for create and update. why: for people, empty where nothing is noteworthy."""

    verb: Literal["create", "update", "keep"]
    body: dict[str, Any]
    why: str = ""


def stopped_copy(captured: Mapping[str, Any], run_id: str) -> dict[str, Any]:
    """The workload as it is created at a target: without a pod, what it was before recorded on it."""
    meta = captured["metadata"]
    annotations = {
        key: value
        for key, value in (meta.get("annotations") or {}).items()
        if not key.startswith(DROPPED_ANNOTATIONS) and key != ADOPTED
    }
    spec = stopped_spec(captured)
    if captured["kind"] == "Job" and not spec.get("manualSelector"):
        _forget_pods(spec)
    return {
        "apiVersion": captured["apiVersion"],
        "kind": captured["kind"],
        "metadata": {
            "name": meta["name"],
            "namespace": meta["namespace"],
            "labels": dict(meta.get("labels") or {}),
            "annotations": {
                **annotations,
                RECORDED: workload_record(captured).as_annotation(),
                CREATED_BY: run_id,
            },
        },
        "spec": spec,
    }


def decide_workload(
    wanted: dict[str, Any], seen: Mapping[str, Any] | None, run_id: str, plan: str, taken: Collection[str] = ()
) -> WorkloadChange:
    """wanted: the stopped workload of the capture. seen: what the target has of that kind and name.

    taken: uids of those that the run found as captured, and has started since.
    """
    if seen is None:
        return WorkloadChange("create", wanted)
    meta = seen["metadata"]
    creator = (meta.get("annotations") or {}).get(CREATED_BY)
    if creator == run_id or (meta.get("uid") or "") in taken:
        # an earlier attempt of this run; it may run by now
        return WorkloadChange("keep", wanted)
    on = workload_key(wanted)
    ours = (meta.get("labels") or {}).get(protected_label(plan)) == "true"
    if not ours or not is_recorded(seen) or not is_stopped(seen):
        raise Refused(
            f"create the {wanted['kind']}",
            on=on,
            seen="one of that name exists at the target" + (f", created by run {creator}" if creator else ""),
            wanted=f"absent, or stopped by a run of plan {plan} that took it away from there",
            next_step="it was not touched: remove it if it is a leftover, then start again",
        )
    changed = _changed(wanted, seen)
    if not changed:
        return WorkloadChange("keep", wanted, f"{on} is adopted: it is as captured")
    kept = {key: meta[key] for key in KEPT_META if key in meta}
    why = f"{on} is updated to the capture: {', '.join(changed)}"
    return WorkloadChange("update", {**wanted, "metadata": {**wanted["metadata"], **kept}}, why)


def _changed(wanted: Mapping[str, Any], seen: Mapping[str, Any]) -> list[str]:
    """What is to be written, in words. All of a Job but its record cannot be changed."""
    changed = [] if wanted["kind"] == "Job" else _changed_parts(wanted, seen)
    now, before = workload_record(wanted), workload_record(seen)
    return changed if now == before else [*changed, f"{before.shown} to {now.shown}"]


def _changed_parts(wanted: Mapping[str, Any], seen: Mapping[str, Any]) -> list[str]:
    parts = sorted(
        key for key in wanted["spec"].keys() | seen["spec"].keys() if wanted["spec"].get(key) != seen["spec"].get(key)
    )
    changed = [f"spec.{part}" for part in parts]
    if (wanted["metadata"].get("labels") or {}) != (seen["metadata"].get("labels") or {}):
        changed.append("labels")
    ours, theirs = (
        {
            key: value
            for key, value in (item["metadata"].get("annotations") or {}).items()
            if key not in WRITTEN and not key.startswith(DROPPED_ANNOTATIONS)
        }
        for item in (wanted, seen)
    )
    return changed if ours == theirs else [*changed, "annotations"]


def _forget_pods(job: dict[str, Any]) -> None:
    """Another cluster's Job has another uid, by which it knows its pods."""
    job.pop("selector", None)
    labels = (job["template"].get("metadata") or {}).get("labels") or {}
    for label in JOB_LABELS:
        labels.pop(label, None)
