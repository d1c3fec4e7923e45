# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a failover from a capture would not bring back as it is now: told by content, not by clocks. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..._model.capture import Capture
from ..._model.finding import Finding
from ..._model.selector import LabelSelector
from ..._model.vm import claim_users
from ..._model.workload import captured_workloads
from ..volumes.source import source_of
from .drift import drift

Object = Mapping[str, Any]

REMEDY = "run protect, which takes a new capture"


def since_capture(
    capture: Capture,
    vms: Mapping[str, Object],
    claims: Mapping[str, Object],
    volumes: Mapping[str, Object],
    others: Mapping[tuple[Any, str], Object],
    workloads: Mapping[str, Object],
    selector: LabelSelector,
) -> Iterator[Finding]:
    """Arguments as in `drift`. Disks first: a failover without one of them, or with an old one, loses data."""
    told = {f"VirtualMachine/{key}" for key in vms.keys() - capture.index("virtualmachines.kubevirt.io").keys()}
    told |= workloads.keys() - captured_workloads(capture, selector).keys()
    users, captured = claim_users(vms.values(), claims), capture.index("persistentvolumeclaims")
    captured_volumes = capture.index("persistentvolumes")
    for key in sorted(claims):
        if key not in captured:
            user = f"VirtualMachine {', '.join(users[key])}" if key in users else "a workload of the plan"
            told |= _names(key, volumes.get(key))
            message = f"{capture.name}: {user} uses it, and it is not in the capture"
            yield Finding("blocker", "DiskAdded", f"PersistentVolumeClaim/{key}", message, REMEDY)
            continue
        before = captured_volumes.get(captured[key]["spec"].get("volumeName", ""))
        for finding in _changed(capture.name, f"PersistentVolumeClaim/{key}", before, volumes.get(key)):
            told |= _names(key, volumes.get(key)) | _names(key, before)
            yield finding
    for text in drift(capture, vms, claims, volumes, others, workloads, selector):
        on, _space, what = text.partition(" ")
        if on not in told:
            code = "ObjectNewer" if what == "is new" else "ObjectChanged"
            yield Finding("warning", code, on, f"it {what} since {capture.name}", REMEDY)


def _names(key: str, pv: Object | None) -> set[str]:
    """A claim and its volume, as findings name them."""
    return {f"PersistentVolumeClaim/{key}", *([f"PersistentVolume/{pv['metadata']['name']}"] if pv else [])}


def _changed(capture: str, on: str, before: Object | None, pv: Object | None) -> Iterator[Finding]:
    """What became of a claim's volume; a claim without one is a finding of its own."""
    if pv is None or before is None:
        return
    if before["metadata"]["name"] != pv["metadata"]["name"] or source_of(before) != source_of(pv):
        was, now = (f"{item['metadata']['name']} ({source_of(item)})" for item in (before, pv))
        message = f"{capture}: it was on {was} and is on {now}: a failover would use the old one"
        yield Finding("blocker", "DiskMoved", on, message, REMEDY)
        return
    was, now = (str(item["spec"].get("capacity", {}).get("storage")) for item in (before, pv))
    if was != now:
        yield Finding("warning", "DiskResized", on, f"{capture}: it had {was} and has {now}", REMEDY)
