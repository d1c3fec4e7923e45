# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a capture holds all that its VMs and workloads need. Judged by content, never by its status alone. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..._model.capture import Capture
from ..._model.finding import Finding
from ..._model.pod_template import pod_references
from ..._model.selector import LabelSelector
from ..._model.vm import claim_names, references
from ..._model.vm_needs import state_claims
from ..._model.workload import captured_workloads, claims_of, workload_key
from .filling import unfinished_disks
from .state import uncaptured_states

PLURAL = {
    "Secret": "secrets",
    "ConfigMap": "configmaps",
    "ServiceAccount": "serviceaccounts",
    "ControllerRevision": "controllerrevisions.apps",
    "VirtualMachineInstancetype": "virtualmachineinstancetypes.instancetype.kubevirt.io",
    "VirtualMachinePreference": "virtualmachinepreferences.instancetype.kubevirt.io",
}


def check_capture(
    capture: Capture,
    selector: LabelSelector,
    expected: Iterable[Mapping[str, Any]] = (),
    expected_workloads: Iterable[Mapping[str, Any]] = (),
) -> list[Finding]:
    """Findings over a capture. expected: the VMs and workloads that should be in it, where the source can be asked.

    selector: of the plan, which tells the workloads that it moves.
    """
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
    for key in sorted({_key(vm) for vm in expected} - vms.keys()):
        findings.append(
            _blocker("VmNotCaptured", f"VirtualMachine/{key}", "it is not in the capture", "run a new capture")
        )
    workloads = captured_workloads(capture, selector)
    for key in sorted({workload_key(item) for item in expected_workloads} - workloads.keys()):
        message, remedy = "it is not in the capture", "run protect, which labels it, then a new capture"
        findings.append(_blocker("WorkloadNotCaptured", key, message, remedy))
    stored = {kind: capture.index(resource) for kind, resource in PLURAL.items()}
    claims, volumes = capture.index("persistentvolumeclaims"), capture.index("persistentvolumes")
    for user, namespace, needed, referred in _users(vms, workloads, state_claims(claims)):
        for claim in needed:
            findings += _check_claim(claim, user, claims, volumes)
        for kind, name in referred:
            if f"{namespace}/{name}" not in stored[kind]:
                findings.append(
                    _blocker(
                        "ReferenceNotCaptured",
                        f"{kind}/{namespace}/{name}",
                        f"{user} refers to it and it is not in the capture",
                        "run protect, which labels it, then a new capture",
                    )
                )
    return [*findings, *unfinished_disks(capture), *uncaptured_states(capture)]


def left_out(capture: Capture, others: Mapping[tuple[Any, str], object]) -> Iterator[Finding]:
    """What belongs to VMs and workloads and was not captured, though none of them names it: one finding for each kind.

    others: by (kind, key).
    """
    absent: dict[Any, list[str]] = {}
    for kind, key in sorted(others, key=lambda item: (item[0].kind, item[1])):
        if key not in capture.index(kind.resource):
            absent.setdefault(kind, []).append(key)
    for kind, keys in absent.items():
        more = f" and {len(keys) - 5} more" if len(keys) > 5 else ""
        yield Finding(
            "warning",
            "ObjectNotCaptured",
            kind.kind,
            f"{', '.join(keys[:5])}{more}: a failover from {capture.name} would not bring it back",
            "run protect again, which labels it; Velero knows a kind at the latest five minutes after its definition",
        )


def _users(
    vms: Mapping[str, Mapping[str, Any]],
    workloads: Mapping[str, Mapping[str, Any]],
    states: Mapping[str, Sequence[str]],
) -> Iterator[tuple[str, str, list[str], list[tuple[str, str]]]]:
    """Who, in which namespace, needs which claims (namespace/name) and refers to what (kind, name).

    states: by VM the claims on which KubeVirt keeps its TPM and EFI variables.
    """
    for key, vm in sorted(vms.items()):
        namespace = vm["metadata"]["namespace"]
        yield (
            f"VirtualMachine {key}",
            namespace,
            [*(f"{namespace}/{claim}" for claim in claim_names(vm)), *states.get(key, ())],
            sorted(references(vm)),
        )
    for key, item in sorted(workloads.items()):
        needed = sorted(reference for reference, required in pod_references(item).items() if required)
        kind, _slash, name = key.partition("/")
        yield f"{kind} {name}", item["metadata"]["namespace"], claims_of(item), needed


def _check_claim(
    key: str, user: str, claims: Mapping[str, Mapping[str, Any]], volumes: Mapping[str, Mapping[str, Any]]
) -> list[Finding]:
    claim = claims.get(key)
    if claim is None:
        message = f"{user} uses it and it is not in the capture"
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
