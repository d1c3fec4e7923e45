# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a stopped source holds other than the capture that was taken of it while it worked. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..._model.capture import Capture
from ..._model.names import PREFIX, RECORDED
from ..._model.selector import LabelSelector
from ..._model.vm import PowerRecord, power_record
from ..._model.workload import RESOURCES, WorkloadRecord, captured_workloads, stopped_spec, workload_record

Object = Mapping[str, Any]

# written by controllers at any moment; none of them is taken to another site
VOLATILE_ANNOTATIONS = (
    "kubectl.kubernetes.io/",
    "kubevirt.io/",
    "pv.kubernetes.io/",
    "volume.",
    "endpoints.",
    "deployment.kubernetes.io/",
    "deprecated.daemonset.",
)
POWER = ("runStrategy", "running")


def drift(
    capture: Capture,
    vms: Mapping[str, Object],
    claims: Mapping[str, Object],
    volumes: Mapping[str, Object],
    others: Mapping[tuple[Any, str], Object],
    workloads: Mapping[str, Object],
    selector: LabelSelector,
) -> list[str]:
    """Differences in words, none when the capture may be restored.

    volumes: claim to its PV; others: by (kind, key); workloads: by kind/namespace/name; selector: of the plan.
    """
    by_name = {pv["metadata"]["name"]: pv for pv in volumes.values()}
    found = [
        *_compared("VirtualMachine/", capture.index("virtualmachines.kubevirt.io"), vms, power_record),
        *_compared("PersistentVolumeClaim/", capture.index("persistentvolumeclaims"), claims),
        *_compared("PersistentVolume/", capture.index("persistentvolumes"), by_name),
    ]
    found += _compared("", captured_workloads(capture, selector), workloads, workload_record)
    for kind in sorted({kind for kind, _key in others}, key=lambda kind: kind.resource):
        live = {key: item for of_kind, key, item in ((k, n, o) for (k, n), o in others.items()) if of_kind == kind}
        captured = {key: item for key, item in capture.index(kind.resource).items() if key in live}
        found += _compared(f"{kind.kind}/", captured, live)
    return found


def _compared(
    prefix: str,
    captured: Mapping[str, Object],
    live: Mapping[str, Object],
    record: Callable[[Object], PowerRecord | WorkloadRecord | None] = lambda _item: None,
) -> Iterator[str]:
    """prefix: before each key. record: what was recorded of an object that a stop has changed."""
    for key in sorted(captured.keys() | live.keys()):
        on = f"{prefix}{key}"
        if key not in live:
            yield f"{on} was removed"
        elif key not in captured:
            yield f"{on} is new"
        elif (before := record(captured[key])) != (now := record(live[key])):
            yield f"{on} was {shown_power(before)} and then {shown_power(now)}"
        elif parts := _changed(owned_content(captured[key]), owned_content(live[key])):
            yield f"{on} was changed: {', '.join(parts)}"


def owned_content(item: Object) -> dict[str, Any]:
    """What its owner wrote of it."""
    meta = item["metadata"]
    annotations = {
        key: value
        for key, value in (meta.get("annotations") or {}).items()
        if key != RECORDED and not (key.startswith(VOLATILE_ANNOTATIONS) and not key.startswith(PREFIX))
    }
    content = {key: value for key, value in item.items() if key not in ("apiVersion", "kind", "metadata", "status")}
    spec = content.get("spec")
    if item.get("kind") in RESOURCES:
        content["spec"] = stopped_spec(item)
    elif isinstance(spec, Mapping):
        content["spec"] = {key: value for key, value in spec.items() if key not in (*POWER, "claimRef")}
    return {**content, "labels": dict(meta.get("labels") or {}), "annotations": annotations}


def _changed(captured: Mapping[str, Any], live: Mapping[str, Any]) -> list[str]:
    names = sorted(captured.keys() | live.keys())
    return [name for name in names if (captured.get(name) or None) != (live.get(name) or None)]


def shown_power(record: PowerRecord | WorkloadRecord | None) -> str:
    if isinstance(record, PowerRecord):
        return f"{record.run_strategy}, {'running' if record.running else 'off'}"
    return record.shown if record else ""
