# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What we write on Hitachi's Replication and ReplicationGroup. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

from ..._cluster.kinds import HITACHI_REPLICATION, HITACHI_REPLICATION_GROUP
from ..._model.names import PREFIX
from ..ownership import GROUP_LABEL, PLAN_LABEL

Object = dict[str, Any]
# of the words that the product takes those whose effect on an array is known; `failback` is not among them
Desired = Literal["pair", "split", "failover", "swap-resync"]

# on the two ends of a planned switch, with one value: when the source's split had brought everything over
FINAL_SYNC = f"{PREFIX}/final-sync"
TAKEN_OVER_AFTER = f"{PREFIX}/taken-over-after"
# a word that stands there already would be no change that anybody notices
ASKED_AT = f"{PREFIX}/asked-at"


NO_NOTES: Mapping[str, str | None] = MappingProxyType({FINAL_SYNC: None, TAKEN_OVER_AFTER: None})


def notes_of(item: Mapping[str, Any]) -> dict[str, str | None]:
    """What a planned switch has left on an object."""
    annotations = item["metadata"].get("annotations") or {}
    return {name: annotations.get(name) for name in NO_NOTES}


def sent_at(moment: str) -> dict[str, str | None]:
    return {FINAL_SYNC: moment, TAKEN_OVER_AFTER: None}


def taken_over_after(moment: str) -> dict[str, str | None]:
    return {FINAL_SYNC: None, TAKEN_OVER_AFTER: moment}


def ask_patch(
    desired: str | None, asked_at: str | None, notes: Mapping[str, str | None] = NO_NOTES, version: str | None = None
) -> Object:
    """Merge patch that asks for a state. notes: of a planned switch; without them an earlier one's go.

    version: what the object must still be.
    """
    meta: Object = {"annotations": {ASKED_AT: asked_at, **notes}}
    if version:
        meta["resourceVersion"] = version
    return {"metadata": meta, "spec": {"desiredPairState": desired}}


def note_patch(notes: Mapping[str, str | None], version: str) -> Object:
    """Merge patch that asks for nothing."""
    return {"metadata": {"resourceVersion": version, "annotations": dict(notes)}}


def mark_patch(plan: str | None, group: str | None) -> Object:
    """Merge patch that takes an object for a plan, or gives it back."""
    meta: Object = {"labels": {PLAN_LABEL: plan, GROUP_LABEL: group}}
    if plan is None:
        meta["annotations"] = {ASKED_AT: None, **NO_NOTES}
    return {"metadata": meta}


def final_sync_of(item: Mapping[str, Any]) -> str:
    """When all had left a source that a planned switch has given up; empty on any other."""
    return notes_of(item)[FINAL_SYNC] or ""


def is_taken_over_from(copy: Mapping[str, Any], source: Mapping[str, Any]) -> bool:
    """Whether a planned switch was the last that asked for both, and had the source's word that all had been sent."""
    moment = final_sync_of(source)
    return bool(moment) and notes_of(copy)[TAKEN_OVER_AFTER] == moment


def replication() -> Object:
    """As its user makes it; we make none."""
    return {
        "apiVersion": HITACHI_REPLICATION.api_version,
        "kind": HITACHI_REPLICATION.kind,
        "metadata": {"name": "disk-0", "namespace": "default"},
        "spec": {
            "persistentVolumeClaimName": "disk-0",
            "storageClassName": "vsp",
            "replicationType": "UR",
            "replicationAttribute": "primary",
        },
    }


def replication_group() -> Object:
    return {
        "apiVersion": HITACHI_REPLICATION_GROUP.api_version,
        "kind": HITACHI_REPLICATION_GROUP.kind,
        "metadata": {"name": "disks", "namespace": "default"},
        "spec": {"desiredPairState": "pair"},
    }
