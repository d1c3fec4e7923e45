# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a stopped source holds other than the capture that was taken of it while it worked. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .._model.capture import Capture
from .._model.names import PREFIX, RECORDED
from .._model.vm import power_record

Object = Mapping[str, Any]

# written by controllers at any moment; none of them is taken to another site
VOLATILE_ANNOTATIONS = ("kubectl.kubernetes.io/", "kubevirt.io/", "pv.kubernetes.io/", "volume.", "endpoints.")
POWER = ("runStrategy", "running")


def drift(
    capture: Capture,
    vms: Mapping[str, Object],
    claims: Mapping[str, Object],
    volumes: Mapping[str, Object],
    others: Mapping[tuple[Any, str], Object],
) -> list[str]:
    """Differences in words, none when the capture may be restored. volumes: claim to its PV; others: by (kind, key)."""
    by_name = {pv["metadata"]["name"]: pv for pv in volumes.values()}
    found = [
        *_compared("VirtualMachine", capture.index("virtualmachines.kubevirt.io"), vms),
        *_compared("PersistentVolumeClaim", capture.index("persistentvolumeclaims"), claims),
        *_compared("PersistentVolume", capture.index("persistentvolumes"), by_name),
    ]
    for kind in sorted({kind for kind, _key in others}, key=lambda kind: kind.resource):
        live = {key: item for of_kind, key, item in ((k, n, o) for (k, n), o in others.items()) if of_kind == kind}
        captured = {key: item for key, item in capture.index(kind.resource).items() if key in live}
        found += _compared(kind.kind, captured, live)
    return found


def _compared(kind: str, captured: Mapping[str, Object], live: Mapping[str, Object]) -> Iterator[str]:
    for key in sorted(captured.keys() | live.keys()):
        if key not in live:
            yield f"{kind}/{key} was removed"
        elif key not in captured:
            yield f"{kind}/{key} is new"
        elif kind == "VirtualMachine" and power_record(captured[key]) != power_record(live[key]):
            yield f"{kind}/{key} was {_power(captured[key])} and then {_power(live[key])}"
        elif parts := _changed(_content(captured[key]), _content(live[key])):
            yield f"{kind}/{key} was changed: {', '.join(parts)}"


def _content(item: Object) -> dict[str, Any]:
    """What its owner wrote of it."""
    meta = item["metadata"]
    annotations = {
        key: value
        for key, value in (meta.get("annotations") or {}).items()
        if key != RECORDED and not (key.startswith(VOLATILE_ANNOTATIONS) and not key.startswith(PREFIX))
    }
    content = {key: value for key, value in item.items() if key not in ("apiVersion", "kind", "metadata", "status")}
    spec = content.get("spec")
    if isinstance(spec, Mapping):
        content["spec"] = {key: value for key, value in spec.items() if key not in (*POWER, "claimRef")}
    return {**content, "labels": dict(meta.get("labels") or {}), "annotations": annotations}


def _changed(captured: Mapping[str, Any], live: Mapping[str, Any]) -> list[str]:
    names = sorted(captured.keys() | live.keys())
    return [name for name in names if (captured.get(name) or None) != (live.get(name) or None)]


def _power(vm: Object) -> str:
    power = power_record(vm)
    return f"{power.run_strategy}, {'running' if power.running else 'off'}"
