# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of one object's protection is taken back: its label, its reclaim policy, its recorded strategy. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..._model.names import FIELD_MANAGER, PREFIX, RECLAIM_POLICY, RECORDED
from ..._model.recorded import is_recorded
from ..._model.vm import own_power, power_record
from ..._model.workload import is_stopped, workload_record

Object = Mapping[str, Any]

PROTECTED = f"protected.{PREFIX}/"
POLICIES = ("Delete", "Recycle")


@dataclass(frozen=True)
class TakenBack:
    """patch: JSON merge patch. why: what it does. stays: what is left as it is, and why."""

    patch: dict[str, Any] = field(default_factory=dict)
    why: tuple[str, ...] = ()
    stays: tuple[str, ...] = ()


def unlabelled(label: str) -> TakenBack:
    return TakenBack({"metadata": {"labels": {label: None}}}, (f"label {label} is removed",))


def labelled_by_us(item: Object, label: str) -> bool:
    """Whether the API server has it that the label was written by `protect`, and not by a person."""
    for entry in item["metadata"].get("managedFields") or ():
        if entry.get("manager") == FIELD_MANAGER and entry.get("operation") == "Update":
            labels = entry.get("fieldsV1", {}).get("f:metadata", {}).get("f:labels", {})
            if f"f:{label}" in labels:
                return True
    return False


def taken_from_volume(pv: Object, claim: Object | None, label: str, lives_here: bool) -> TakenBack:
    """claim: the one that the PV is reserved for, None when there is none.

    The recorded policy is given back only while a claim holds the volume: a released one would lose its data at once.
    """
    plain = unlabelled(label)
    recorded = (pv["metadata"].get("annotations") or {}).get(RECLAIM_POLICY)
    if recorded is None:
        return plain
    if pv["spec"].get("persistentVolumeReclaimPolicy") != "Retain":
        # somebody has decided since
        return TakenBack(_without_record(plain), plain.why)
    obstacle = _obstacle(pv, claim, recorded, label, lives_here)
    if obstacle:
        return TakenBack(plain.patch, plain.why, (f"reclaim policy stays Retain ({recorded} before): {obstacle}",))
    patch = _without_record(plain)
    return TakenBack(
        {**patch, "spec": {"persistentVolumeReclaimPolicy": recorded}},
        (f"reclaim policy Retain becomes {recorded} again", *plain.why),
    )


def taken_from_vm(vm: Object, label: str) -> TakenBack:
    """The record of the VM's strategy goes where the VM itself says the same; else nobody would know it any more."""
    labelled = (vm["metadata"].get("labels") or {}).get(label) == "true"
    plain = unlabelled(label) if labelled else TakenBack()
    if RECORDED not in (vm["metadata"].get("annotations") or {}):
        return plain
    recorded = power_record(vm)
    if own_power(vm).run_strategy == "Halted" and recorded.run_strategy != "Halted":
        why = f"annotation {RECORDED} stays: the VM is halted, and only it says {recorded.run_strategy}"
        return TakenBack(plain.patch, plain.why, (why,))
    return _unrecorded(plain)


def taken_from_workload(item: Object, label: str) -> TakenBack:
    """The record of what it was goes unless the workload is stopped, as then only the record knows it."""
    labelled = (item["metadata"].get("labels") or {}).get(label) == "true"
    plain = unlabelled(label) if labelled else TakenBack()
    if not is_recorded(item):
        return plain
    recorded = workload_record(item)
    if is_stopped(item) and recorded.running:
        why = f"annotation {RECORDED} stays: the workload is stopped, and only it says {recorded.shown}"
        return TakenBack(plain.patch, plain.why, (why,))
    return _unrecorded(plain)


def _unrecorded(plain: TakenBack) -> TakenBack:
    metadata = {**plain.patch.get("metadata", {}), "annotations": {RECORDED: None}}
    return TakenBack({"metadata": metadata}, (*plain.why, f"annotation {RECORDED} is removed"))


def _obstacle(pv: Object, claim: Object | None, recorded: str, label: str, lives_here: bool) -> str:
    if recorded not in POLICIES:
        return f"{recorded} is no reclaim policy"
    others = [
        key.removeprefix(PROTECTED)
        for key in pv["metadata"].get("labels") or {}
        if key.startswith(PROTECTED) and key != label
    ]
    if others:
        return f"plan {others[0]} protects it too"
    if not lives_here:
        return "the plan lives at the other site"
    reference = pv["spec"].get("claimRef") or {}
    held = claim is not None and claim["metadata"].get("uid") == reference.get("uid")
    if pv.get("status", {}).get("phase") != "Bound" or not held:
        return "no claim holds it, so its data would be deleted at once"
    if claim is not None and "deletionTimestamp" in claim["metadata"]:
        return "its claim is being deleted, and its data would go with it"
    return ""


def _without_record(taken: TakenBack) -> dict[str, Any]:
    return {**taken.patch, "metadata": {**taken.patch["metadata"], "annotations": {RECLAIM_POLICY: None}}}
