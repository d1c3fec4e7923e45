# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of a workload at a target: created stopped, updated from an earlier stay there, or kept. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .._errors import Refused
from .._model.names import CREATED_BY, RECORDED, protected_label
from .._model.workload import is_recorded, is_stopped, stopped_spec, workload_key, workload_record

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
        key: value for key, value in (meta.get("annotations") or {}).items() if not key.startswith(DROPPED_ANNOTATIONS)
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


def decide_workload(wanted: dict[str, Any], seen: Mapping[str, Any] | None, run_id: str, plan: str) -> WorkloadChange:
    """wanted: the stopped workload of the capture. seen: what the target has of that kind and name."""
    if seen is None:
        return WorkloadChange("create", wanted)
    meta = seen["metadata"]
    creator = (meta.get("annotations") or {}).get(CREATED_BY)
    if creator == run_id:
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
    kept = {key: meta[key] for key in KEPT_META if key in meta}
    return WorkloadChange("update", {**wanted, "metadata": {**wanted["metadata"], **kept}}, _why(on, wanted, seen))


def _why(on: str, wanted: Mapping[str, Any], seen: Mapping[str, Any]) -> str:
    parts = sorted(
        key
        for key in wanted["spec"].keys() | seen["spec"].keys()
        # the selector of a Job is its cluster's
        if wanted["spec"].get(key) != seen["spec"].get(key) and wanted["kind"] != "Job"
    )
    changed = [f"spec.{part}" for part in parts]
    if (wanted["metadata"].get("labels") or {}) != (seen["metadata"].get("labels") or {}):
        changed.append("labels")
    now, before = workload_record(wanted), workload_record(seen)
    if now != before:
        changed.append(f"{before.shown} to {now.shown}")
    return f"{on} is updated to the capture: {', '.join(changed)}" if changed else f"{on} is adopted: it is as captured"


def _forget_pods(job: dict[str, Any]) -> None:
    """Another cluster's Job has another uid, by which it knows its pods."""
    job.pop("selector", None)
    labels = (job["template"].get("metadata") or {}).get("labels") or {}
    for label in JOB_LABELS:
        labels.pop(label, None)
