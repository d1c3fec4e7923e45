# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Claims that the storage cloned from another volume, which they go on to share blocks with. Pure."""

from __future__ import annotations

from ..._model.finding import Finding
from ..vm.parts import Object, annotations_of, key_of

CLONE_TYPE = "cdi.kubevirt.io/cloneType"
# CDI read and wrote every block itself: the volume stands alone
COPIES = ("copy", "network", "host-assisted")
CDI_MARKS = ("k8s.io/SmartCloneRequest", "k8s.io/CloneOf")
SOURCES = ("PersistentVolumeClaim", "VolumeSnapshot", "VolumeCloneSource")


def clone_origin(pvc: Object) -> str:
    """What the storage cloned the claim's volume from, in words; empty when it stands alone."""
    marks = annotations_of(pvc)
    how = marks.get(CLONE_TYPE, "")
    if how in COPIES:
        return ""
    for field in ("dataSourceRef", "dataSource"):
        source = pvc["spec"].get(field) or {}
        if source.get("kind") in SOURCES:
            return f"{source['kind']} {source.get('name')}"
    if how or any(marks.get(mark) == "true" for mark in CDI_MARKS):
        return marks.get("k8s.io/CloneRequest") or "a volume that CDI cloned"
    return ""


def cloned_volume(pvc: Object, origin: str, remedy: str) -> Finding:
    """remedy: of the product that replicates the claim."""
    return Finding(
        "warning",
        "ClonedVolume",
        f"PersistentVolumeClaim/{key_of(pvc)}",
        f"the storage cloned it from {origin}, and it is not replicated as long as it shares blocks with that",
        remedy,
    )
