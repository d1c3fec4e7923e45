# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a capture holds all that its VMs need. Judged by content, never by its status alone. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .._model.capture import Capture
from .._model.finding import Finding
from .._model.vm import claim_names, references
from .._model.vm_needs import state_claims
from .capture_filling import unfinished_disks
from .capture_state import uncaptured_states

PLURAL = {
    "Secret": "secrets",
    "ConfigMap": "configmaps",
    "ControllerRevision": "controllerrevisions.apps",
    "VirtualMachineInstancetype": "virtualmachineinstancetypes.instancetype.kubevirt.io",
    "VirtualMachinePreference": "virtualmachinepreferences.instancetype.kubevirt.io",
}


def check_capture(capture: Capture, expected: Iterable[Mapping[str, Any]] | None = None) -> list[Finding]:
    """Findings over a capture. expected: the VMs that should be in it, where the source can be asked."""
    findings: list[Finding] = []
    vms = capture.index("virtualmachines.kubevirt.io")
    if not vms:
        findings.append(
            _blocker(
                "CaptureEmpty",
                f"Capture/{capture.name}",
                "it holds no VirtualMachine",
                "run protect, then a new capture",
            )
        )
    for key in sorted({_key(vm) for vm in expected or ()} - vms.keys()):
        findings.append(
            _blocker("VmNotCaptured", f"VirtualMachine/{key}", "it is not in the capture", "run a new capture")
        )
    claims, volumes = capture.index("persistentvolumeclaims"), capture.index("persistentvolumes")
    states = state_claims(claims)
    for key, vm in sorted(vms.items()):
        namespace = vm["metadata"]["namespace"]
        own = [f"{namespace}/{claim}" for claim in claim_names(vm)]
        for claim in (*own, *states.get(key, ())):
            findings += _check_claim(claim, key, claims, volumes)
        for kind, name in sorted(references(vm)):
            if f"{namespace}/{name}" not in capture.index(PLURAL[kind]):
                findings.append(
                    _blocker(
                        "ReferenceNotCaptured",
                        f"{kind}/{namespace}/{name}",
                        f"VirtualMachine {key} refers to it and it is not in the capture",
                        "run protect, which labels it, then a new capture",
                    )
                )
    return [*findings, *unfinished_disks(capture), *uncaptured_states(capture)]


def _check_claim(
    key: str, vm: str, claims: Mapping[str, Mapping[str, Any]], volumes: Mapping[str, Mapping[str, Any]]
) -> list[Finding]:
    claim = claims.get(key)
    if claim is None:
        message = f"VirtualMachine {vm} uses it and it is not in the capture"
        return [
            _blocker("ClaimNotCaptured", f"PersistentVolumeClaim/{key}", message, "run protect, then a new capture")
        ]
    volume = claim["spec"].get("volumeName")
    if volume and volume in volumes:
        return []
    phase = (claim.get("status") or {}).get("phase", "unknown")
    return [
        _blocker(
            "VolumeNotCaptured",
            f"PersistentVolumeClaim/{key}",
            f"it was {phase} when the capture was taken, so its PersistentVolume is not in it",
            "wait until the claim is Bound, then run a new capture",
        )
    ]


def _key(vm: Mapping[str, Any]) -> str:
    return f"{vm['metadata']['namespace']}/{vm['metadata']['name']}"


def _blocker(code: str, on: str, message: str, remedy: str) -> Finding:
    return Finding("blocker", code, on, message, remedy)
