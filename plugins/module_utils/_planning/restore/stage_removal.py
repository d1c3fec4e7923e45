# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be removed from a stage, and what stays although its source is gone (P8). Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from .ownership import made_here

Object = Mapping[str, Any]

# these go by themselves once nobody uses the claim or the volume; any other one is somebody's who needs it
OWN_FINALIZERS = frozenset(
    {
        "kubernetes.io/pvc-protection",
        "kubernetes.io/pv-protection",
        "external-provisioner.volume.kubernetes.io/finalizer",
    }
)


def why_object_stays(item: Object, plan: str, site: str) -> str:
    """Empty when a run of the plan made it there."""
    return "" if made_here(item, plan, site) else "no run of the plan made it there"


def why_volume_stays(
    claim: Object | None, volume: Object | None, plan: str, site: str, users: Collection[str], needed_by: str
) -> str:
    """A claim and its volume go together. users: who names the claim. needed_by: what of the replication needs it."""
    for item in (claim, volume):
        if item is None:
            continue
        if why := why_object_stays(item, plan, site):
            return why
        foreign = sorted(set(item["metadata"].get("finalizers") or ()) - OWN_FINALIZERS)
        if foreign:
            return f"{foreign[0]} holds it"
    if users:
        return f"{sorted(users)[0]} uses it"
    if needed_by:
        return f"{needed_by} needs it"
    policy = volume["spec"].get("persistentVolumeReclaimPolicy") if volume else "Retain"
    return "" if policy == "Retain" else f"with its reclaim policy {policy} its data would go too"
