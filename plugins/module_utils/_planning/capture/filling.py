# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks that were still being filled when a capture was taken: a VM that is restored from it has half of one. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..._model.capture import Capture
from ..._model.finding import Finding
from ..._model.vm import claim_names
from ..._model.vm_needs import data_volumes

DATA_VOLUMES = "datavolumes.cdi.kubevirt.io"
# what CDI writes on a claim; an importer that waits for its next snapshot (a warm migration) is between two rounds
POD_PHASE = "cdi.kubevirt.io/storage.pod.phase"
RUNNING = "cdi.kubevirt.io/storage.condition.running"


def unfinished_disks(capture: Capture) -> Iterator[Finding]:
    imports, claims = capture.index(DATA_VOLUMES), capture.index("persistentvolumeclaims")
    for key, vm in sorted(capture.index("virtualmachines.kubevirt.io").items()):
        namespace = vm["metadata"]["namespace"]
        for on in (f"{namespace}/{name}" for name in data_volumes(vm)):
            phase = (imports.get(on, {}).get("status") or {}).get("phase", "")
            # one that CDI has removed after its end, or that nobody labelled, tells nothing
            if on in imports and phase != "Succeeded":
                yield _finding(f"DataVolume/{on}", key, f"phase {phase or 'none yet'}")
        for on in (f"{namespace}/{name}" for name in claim_names(vm)):
            filling = _filling(claims.get(on, {}))
            if filling:
                yield _finding(f"PersistentVolumeClaim/{on}", key, filling)


def _filling(claim: Mapping[str, Any]) -> str:
    annotations = claim.get("metadata", {}).get("annotations") or {}
    if annotations.get(RUNNING) == "true" or annotations.get(POD_PHASE) in ("Pending", "Running"):
        return f"an importer works on it, phase {annotations.get(POD_PHASE, 'unknown')}"
    return ""


def _finding(on: str, vm: str, seen: str) -> Finding:
    return Finding(
        "blocker",
        "DiskBeingFilled",
        on,
        f"VirtualMachine {vm} uses it, and it was not filled when the capture was taken: {seen}",
        "wait until the import has succeeded, then run a new capture",
    )
