# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines that no node of the target can be: CPU models and features, machine types, architectures. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from ..._model.finding import Finding
from ..vm.parts import Object, domain, key_of, labels_of, some, template

CPU_MODEL = "cpu-model.node.kubevirt.io/"
CPU_FEATURE = "cpu-feature.node.kubevirt.io/"
MACHINE_TYPE = "machine-type.node.kubevirt.io/"
ARCHITECTURE = "kubernetes.io/arch"
# models that are whatever the node is
OF_THE_NODE = ("host-model", "host-passthrough")
# what virt-api admits where the KubeVirt resource says nothing
ADMITTED = {"amd64": ("q35*", "pc-q35*"), "arm64": ("virt*",), "s390x": ("s390-ccw-virtio*",)}
# of the older field emulatedMachines, which names none
INTEL = "amd64"


def machine_findings(
    vms: Iterable[tuple[Object, Mapping[str, Any] | None]],
    nodes: Sequence[Object],
    kubevirt: Object | None,
    target: str,
) -> Iterator[Finding]:
    """vms: each with the spec of its instancetype. nodes: of the target, those that may run VMs.

    A kind of label that no node has at all is not known there, as with older versions of KubeVirt.
    """
    wanted: dict[tuple[str, str], list[str]] = {}
    refused: dict[str, list[str]] = {}
    admitted = _admitted(kubevirt)
    default = ((kubevirt or {}).get("status") or {}).get("defaultArchitecture") or ""
    for vm, instancetype in vms:
        for need in _needs(vm, instancetype):
            wanted.setdefault(need, []).append(key_of(vm))
        machine_type = _machine_type(vm)
        patterns = admitted.get(_architecture(vm) or default, ())
        if machine_type and patterns and not any(fnmatchcase(machine_type, pattern) for pattern in patterns):
            refused.setdefault(machine_type, []).append(key_of(vm))
    lacking = {kind: _lacking(kind, wanted, nodes) for kind in (CPU_MODEL, CPU_FEATURE, MACHINE_TYPE, ARCHITECTURE)}
    nowhere = f"no node of {target} that runs VMs has it"
    for name, users in lacking[CPU_MODEL]:
        remedy = "let the VMs name a model that nodes of both sites have"
        yield _absent("CpuModelAbsent", name, users, nowhere, remedy, target)
    for name, users in lacking[CPU_FEATURE]:
        remedy = "take the feature out of the VMs, or make it optional"
        yield _absent("CpuFeatureAbsent", name, users, nowhere, remedy, target)
    for name, users in lacking[ARCHITECTURE]:
        yield _absent("ArchitectureAbsent", name, users, nowhere, "add nodes of that architecture", target)
    for name, users in (
        *((name, users) for name, users in lacking[MACHINE_TYPE] if name not in refused),
        *refused.items(),
    ):
        why = "KubeVirt there does not admit it (emulatedMachines)" if name in refused else nowhere
        remedy = "let the VMs name a machine type that both sites have, or update KubeVirt there"
        yield _absent("MachineTypeAbsent", name, users, why, remedy, target)


def _lacking(
    kind: str, wanted: Mapping[tuple[str, str], list[str]], nodes: Sequence[Object]
) -> list[tuple[str, list[str]]]:
    """Names that no node has a label for, with the VMs that want them."""
    labels = [labels_of(node) for node in nodes]
    if not any(label.startswith(kind) for node in labels for label in node):
        return []
    asked = ((name, users) for (of_kind, name), users in sorted(wanted.items()) if of_kind == kind)
    return [(name, users) for name, users in asked if not any(_has(node, kind, name) for node in labels)]


def _has(labels: Mapping[str, str], kind: str, name: str) -> bool:
    return labels.get(kind) == name if kind == ARCHITECTURE else labels.get(f"{kind}{name}") == "true"


def _needs(vm: Object, instancetype: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    """Kinds of labels and names of what the VM's node has to have."""
    cpu = domain(vm).get("cpu") or {}
    model = cpu.get("model") or ((instancetype or {}).get("cpu") or {}).get("model")
    if model and model not in OF_THE_NODE:
        yield CPU_MODEL, model
    for feature in cpu.get("features") or ():
        # without a policy the feature is required
        if feature.get("policy", "require") == "require":
            yield CPU_FEATURE, feature["name"]
    if _machine_type(vm):
        yield MACHINE_TYPE, _machine_type(vm)
    if _architecture(vm):
        yield ARCHITECTURE, _architecture(vm)


def _machine_type(vm: Object) -> str:
    return str((domain(vm).get("machine") or {}).get("type") or "")


def _architecture(vm: Object) -> str:
    return str(template(vm).get("architecture") or "")


def _admitted(kubevirt: Object | None) -> dict[str, Sequence[str]]:
    """Patterns of machine types by architecture; empty where the KubeVirt resource could not be read."""
    if kubevirt is None:
        return {}
    given = (kubevirt.get("spec") or {}).get("configuration") or {}
    of_all = given.get("emulatedMachines")
    found: dict[str, Sequence[str]] = {**ADMITTED, **({INTEL: of_all} if of_all else {})}
    for architecture, settings in (given.get("architectureConfiguration") or {}).items():
        if isinstance(settings, Mapping) and settings.get("emulatedMachines"):
            found[architecture] = settings["emulatedMachines"]
    return found


def _absent(code: str, name: str, users: Sequence[str], why: str, remedy: str, target: str) -> Finding:
    return Finding("blocker", code, name, f"{some(users)} would not start: {why}", remedy, target)
