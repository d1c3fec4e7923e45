# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Protected workloads: what makes each kind still, what it was before, and when it is up again (P7)."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from .._errors import Refused
from .capture import Capture
from .names import RECORDED, STOPPED
from .plan_readiness_fields import readiness_on
from .pod_template import needed_claims
from .recorded import is_recorded
from .selector import LabelSelector
from .start_facts import start_facts

# kind to the resource as captures name it
RESOURCES = {
    "Deployment": "deployments.apps",
    "StatefulSet": "statefulsets.apps",
    "DaemonSet": "daemonsets.apps",
    "CronJob": "cronjobs.batch",
    "Job": "jobs.batch",
}
SCALED = ("Deployment", "StatefulSet")
# phases of a pod that writes no more
ENDED = ("Succeeded", "Failed")
RETENTION = "persistentVolumeClaimRetentionPolicy"


@dataclass(frozen=True)
class WorkloadRecord:
    """A workload as its owner left it. when_scaled: what a StatefulSet does with claims of replicas that go."""

    running: bool
    replicas: int | None = None
    when_scaled: str | None = None

    def as_annotation(self) -> str:
        return json.dumps({key: value for key, value in asdict(self).items() if value is not None}, sort_keys=True)

    @property
    def shown(self) -> str:
        if self.replicas is not None:
            return f"{self.replicas} replicas"
        return "on" if self.running else "suspended"


@dataclass(frozen=True)
class ProtectedWorkload:
    """What a start needs to know of a workload."""

    kind: str
    namespace: str
    name: str
    labels: Mapping[str, str]
    priority: int
    depends_on: tuple[str, ...]
    start: bool
    record: WorkloadRecord
    start_after: tuple[str, ...] = ()
    readiness: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return f"{self.kind}/{self.namespace}/{self.name}"

    @property
    def on(self) -> str:
        return self.key

    @property
    def running(self) -> bool:
        return self.record.running

    @property
    def was(self) -> str:
        return self.record.shown


def protected_workload(manifest: Mapping[str, Any]) -> ProtectedWorkload:
    """A bad priority or dependency is a ValueError that names the annotation."""
    meta = manifest["metadata"]
    facts = start_facts(meta, workload_key(manifest))
    return ProtectedWorkload(
        kind=manifest["kind"],
        namespace=meta["namespace"],
        name=meta["name"],
        labels=meta.get("labels") or {},
        priority=facts.priority,
        depends_on=facts.depends_on,
        start=facts.start,
        record=workload_record(manifest),
        start_after=facts.start_after,
        readiness=readiness_on(manifest["kind"], meta, workload_key(manifest)),
    )


def workload_key(manifest: Mapping[str, Any]) -> str:
    return f"{manifest['kind']}/{manifest['metadata']['namespace']}/{manifest['metadata']['name']}"


def workload_record(manifest: Mapping[str, Any]) -> WorkloadRecord:
    """From our annotation as long as the workload is as we left it, else from the object itself."""
    text = (manifest["metadata"].get("annotations") or {}).get(RECORDED)
    if text and is_stopped(manifest):
        return _read_record(text, manifest)
    kind, spec = manifest["kind"], manifest["spec"]
    if kind in SCALED:
        replicas = spec.get("replicas", 1)
        return WorkloadRecord(replicas > 0, replicas, "Delete" if _deletes_claims(spec) else None)
    return WorkloadRecord(not is_stopped(manifest))


def _read_record(text: str, manifest: Mapping[str, Any]) -> WorkloadRecord:
    """Anybody may write annotations: what no run wrote is refused, and never taken for a size."""
    try:
        found = WorkloadRecord(**json.loads(text))
    except (ValueError, TypeError):
        found = None
    if found is None or not _is_record(found, manifest["kind"] in SCALED):
        raise Refused(
            "read what the workload was before it was stopped",
            on=workload_key(manifest),
            seen=f"{RECORDED}: {text[:200]}",
            wanted='what a run wrote, such as {"replicas": 3, "running": true}',
            next_step="correct the annotation, or give the workload its replicas back and remove it; then start again",
        )
    return found


def _is_record(record: WorkloadRecord, scaled: bool) -> bool:
    if not isinstance(record.running, bool) or record.when_scaled not in (None, "Delete"):
        return False
    if not scaled:
        return record.replicas is None
    replicas: object = record.replicas
    return isinstance(replicas, int) and replicas >= 0 and record.running is (replicas > 0)


def is_stopped(manifest: Mapping[str, Any]) -> bool:
    """Whether its spec asks for no pod at all."""
    kind, spec = manifest["kind"], manifest["spec"]
    if kind in SCALED:
        return bool(spec.get("replicas", 1) == 0)
    if kind == "DaemonSet":
        return STOPPED in (spec["template"]["spec"].get("nodeSelector") or {})
    return bool(spec.get("suspend")) or is_finished(manifest)


def is_finished(manifest: Mapping[str, Any]) -> bool:
    """A Job whose work is done, or given up."""
    return manifest["kind"] == "Job" and any(
        condition["type"] in ("Complete", "Failed") and condition["status"] == "True"
        for condition in (manifest.get("status") or {}).get("conditions") or []
    )


def is_given_back(manifest: Mapping[str, Any]) -> bool:
    """Whether a start takes the record off a workload that stays off: what was at zero or suspended before."""
    return is_recorded(manifest) and not workload_record(manifest).running


def controller_of(manifest: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The owner that brings the object to what it wants, whatever we write on it."""
    owners = manifest["metadata"].get("ownerReferences") or []
    return next((owner for owner in owners if owner.get("controller")), None)


def stop_spec(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The merge patch of the spec that leaves no pod of the workload."""
    kind, spec = manifest["kind"], manifest["spec"]
    if kind == "DaemonSet":
        return {"template": {"spec": {"nodeSelector": {STOPPED: "true"}}}}
    if kind not in SCALED:
        return {"suspend": True}
    patch: dict[str, Any] = {"replicas": 0}
    if _deletes_claims(spec):
        # else the claims of all replicas are deleted with the pods
        patch[RETENTION] = {"whenScaled": "Retain"}
    return patch


def stopped_spec(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The whole spec after `stop_spec`."""
    return _merged(copy.deepcopy(dict(manifest["spec"])), stop_spec(manifest))


def start_spec(kind: str, record: WorkloadRecord) -> dict[str, Any]:
    """The merge patch of the spec that makes the workload what it was before it was stopped."""
    if kind == "DaemonSet":
        return {"template": {"spec": {"nodeSelector": {STOPPED: None if record.running else "true"}}}}
    if kind not in SCALED:
        return {"suspend": not record.running}
    kept = {RETENTION: {"whenScaled": record.when_scaled}} if record.when_scaled else {}
    return {"replicas": record.replicas, **kept}


def is_up(manifest: Mapping[str, Any]) -> bool:
    """Whether the workload was started and all of its replicas are available; what is run later only has to be on."""
    kind, spec, status = manifest["kind"], manifest["spec"], manifest.get("status") or {}
    if is_finished(manifest):
        return True
    if is_stopped(manifest):
        return False
    if kind in ("CronJob", "Job"):
        return True
    if status.get("observedGeneration", 0) < manifest["metadata"].get("generation", 0):
        return False
    if kind == "DaemonSet":
        return bool(status.get("numberAvailable", 0) >= status.get("desiredNumberScheduled", 0))
    return bool(status.get("availableReplicas", 0) >= spec.get("replicas", 1))


def claims_of(manifest: Mapping[str, Any]) -> list[str]:
    """namespace/name of the claims without which it is not what it was."""
    namespace = manifest["metadata"]["namespace"]
    return [f"{namespace}/{name}" for name in needed_claims(manifest, workload_record(manifest).replicas or 0)]


def pod_selector(manifest: Mapping[str, Any]) -> LabelSelector | None:
    """What its own pods carry; None for a CronJob, whose Jobs have the pods."""
    selector = manifest["spec"].get("selector")
    return LabelSelector.parse(selector) if selector else None


def pods_of(workloads: Iterable[Mapping[str, Any]], pods: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The pods that have not ended and that one of the workloads knows for its own."""
    # by one label of each, as there may be thousands of pods beside hundreds of workloads
    by_label: dict[tuple[str, str, str], list[LabelSelector]] = {}
    for item in workloads:
        selector = pod_selector(item)
        if selector is not None:
            key, value = next(iter(selector.match_labels.items()), ("", ""))
            by_label.setdefault((item["metadata"]["namespace"], key, value), []).append(selector)

    def is_known(pod: Mapping[str, Any]) -> bool:
        labels, namespace = pod["metadata"].get("labels") or {}, pod["metadata"]["namespace"]
        return any(
            selector.matches(labels)
            for key, value in [("", ""), *labels.items()]
            for selector in by_label.get((namespace, key, value), ())
        )

    return [pod for pod in pods if (pod.get("status") or {}).get("phase") not in ENDED and is_known(pod)]


def captured_workloads(capture: Capture, selector: LabelSelector) -> dict[str, Mapping[str, Any]]:
    """Key to workload, of those in a capture that the plan moves."""
    return _by_key(item for item in all_captured(capture) if moves_along(item, selector))


def all_captured(capture: Capture) -> list[Mapping[str, Any]]:
    return [item for resource in RESOURCES.values() for item in capture.objects.get(resource, ())]


def moves_along(manifest: Mapping[str, Any], selector: LabelSelector) -> bool:
    """The plan selects it, nobody else decides over it, and it still has something to do."""
    labels = manifest["metadata"].get("labels") or {}
    return selector.matches(labels) and controller_of(manifest) is None and not is_finished(manifest)


def _deletes_claims(spec: Mapping[str, Any]) -> bool:
    return bool((spec.get(RETENTION) or {}).get("whenScaled") == "Delete")


def _by_key(items: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    return {workload_key(item): item for item in items}


def _merged(document: dict[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """The document after a merge patch that removes nothing."""
    for key, value in patch.items():
        inner = document.get(key)
        if isinstance(value, Mapping):
            document[key] = _merged(inner if isinstance(inner, dict) else {}, value)
        else:
            document[key] = value
    return document
