# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dell CSM: the replication controller notes the remote volume on the PV, so the handle needs no rule.

At the target the note is turned round, as the controller there would write it: the way back needs it, and a PV of a
replicated class without it is one for which Dell's sidecar creates a remote volume.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..._errors import Refused
from .decided import DecidedVolume, Driver, Object, check_handle

_DOMAIN = "replication.storage.dell.com"
REMOTE_VOLUME = f"{_DOMAIN}/remoteVolume"
REMOTE_PV = f"{_DOMAIN}/remotePV"
REMOTE_CLASS = f"{_DOMAIN}/remoteStorageClassName"
CREATED_BY = f"{_DOMAIN}/createdBy"


def _prepare(new: Object, captured: Mapping[str, Any]) -> Iterable[str]:
    notes = captured["metadata"].get("annotations") or {}
    if REMOTE_VOLUME not in notes:
        return []
    on = f"PersistentVolume/{captured['metadata']['name']}"
    remote = _remote_volume(notes[REMOTE_VOLUME], on)
    _check_name(notes, captured, on)
    csi, before = new["spec"]["csi"], captured["spec"]["csi"]
    csi["volumeHandle"] = remote["volume_id"]
    csi.pop("volumeAttributes", None)
    if remote.get("volume_context"):
        csi["volumeAttributes"] = dict(remote["volume_context"])
    back = {**remote, "volume_id": before["volumeHandle"], "volume_context": before.get("volumeAttributes") or {}}
    turned = {
        REMOTE_VOLUME: json.dumps(back, sort_keys=True, separators=(",", ":")),
        REMOTE_PV: new["metadata"]["name"],
    }
    if notes.get(REMOTE_CLASS) and "storageClassName" in captured["spec"]:
        new["spec"]["storageClassName"] = notes[REMOTE_CLASS]
        turned[REMOTE_CLASS] = captured["spec"]["storageClassName"]
    new["metadata"].setdefault("annotations", {}).update(turned)
    return [f"csi.volumeHandle: {before['volumeHandle']!r} becomes {remote['volume_id']!r}, as {REMOTE_VOLUME} says"]


def _remote_volume(text: str, on: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        found = str(error)
    context = found.get("volume_context", {}) if isinstance(found, dict) else None
    named = isinstance(found, dict) and isinstance(found.get("volume_id"), str) and found["volume_id"]
    if not named or not isinstance(context, dict) or not all(isinstance(item, str) for item in context.values()):
        raise Refused(
            "patch the volume",
            on=on,
            seen=f"its annotation {REMOTE_VOLUME} is {text[:200]!r}",
            wanted="JSON with volume_id and volume_context",
            next_step="look at the log of Dell's replication sidecar, which writes it",
        )
    return dict(found)


def _check_name(notes: Mapping[str, str], captured: Mapping[str, Any], on: str) -> None:
    name = captured["metadata"]["name"]
    if notes.get(REMOTE_PV, name) != name:
        raise Refused(
            "patch the volume",
            on=on,
            seen=f"its annotation {REMOTE_PV} says that the replica is called {notes[REMOTE_PV]!r}",
            wanted=f"the name {name!r} at both sites: the claim names its volume",
            next_step="let Dell's replication controller replicate between two clusters, not within one",
        )


def _array(*addresses: str) -> Callable[[DecidedVolume], Iterable[str]]:
    def check(volume: DecidedVolume) -> Iterable[str]:
        notes = volume.captured["metadata"].get("annotations") or {}
        if REMOTE_VOLUME not in notes:
            return _check_by_rule(volume, addresses)
        remote = _remote_volume(notes[REMOTE_VOLUME], volume.on)
        wanted: dict[str, Any] = {
            "csi.volumeHandle": remote["volume_id"],
            "csi.volumeAttributes": remote.get("volume_context") or {},
        }
        seen: dict[str, Any] = {"csi.volumeHandle": volume.handle, "csi.volumeAttributes": dict(volume.attributes)}
        if notes.get(REMOTE_CLASS):
            wanted["storageClassName"] = notes[REMOTE_CLASS]
            seen["storageClassName"] = volume.spec.get("storageClassName")
        for field, value in wanted.items():
            if seen[field] != value:
                raise volume.refused(
                    f"rule {volume.rule} makes {field} {seen[field]!r}, Dell's controller says {value!r}",
                    "the replica that Dell's controller knows",
                    f"leave {field} out of volumes.rules[{volume.rule}].set, at both sites",
                )
        return []

    return check


def _check_by_rule(volume: DecidedVolume, addresses: Iterable[str]) -> Iterable[str]:
    if not volume.sets("csi", "volumeHandle"):
        raise volume.refused(
            f"the PV has no annotation {REMOTE_VOLUME}, and rule {volume.rule} leaves csi.volumeHandle"
            f" {volume.handle!r}, a volume of the other site's array",
            "the handle of its replica",
            "replicate the volume with CSM Replication, which writes the annotation; on a PV that its controller"
            f' created, annotate it by hand: {{"volume_id": "<handle at {volume.target}>", "volume_context": {{…}}}};'
            f" or set {volume.place('csi', 'volumeHandle')}",
        )
    return check_handle(volume, addresses)


def _maker(pv: Mapping[str, Any]) -> str:
    by = (pv["metadata"].get("annotations") or {}).get(CREATED_BY)
    return "CSM Replication" if by == "dell-replication-controller" else ""


POWERSTORE = Driver(_array("arrayID"), _prepare, _maker)
POWERSCALE = Driver(_array("AzServiceIP", "ClusterName"), _prepare, _maker)
POWERFLEX = Driver(_array("StorageSystem"), _prepare, _maker)
POWERMAX = Driver(_array("powermax/SYMID", "SYMID"), _prepare, _maker)
# CSM Replication does not serve Unity: only a rule knows the replica
UNITY = Driver(_array("arrayId"))
