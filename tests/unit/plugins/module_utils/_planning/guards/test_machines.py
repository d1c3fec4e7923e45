# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.guards.machines import machine_findings
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._planning.practice.practice_world import (
    Object,
    told,
    vm,
)

LABELS = {
    "kubernetes.io/arch": "amd64",
    "cpu-model.node.kubevirt.io/Cascadelake-Server": "true",
    "cpu-model.node.kubevirt.io/Opteron_G2": "false",
    "cpu-feature.node.kubevirt.io/vmx": "true",
    "machine-type.node.kubevirt.io/q35": "true",
    "machine-type.node.kubevirt.io/pc-q35-rhel9.4.0": "true",
}
I440FX = {"architectureConfiguration": {"amd64": {"emulatedMachines": ["q35*", "pc-q35*", "pc-i440fx*"]}}}
OF_ALL = {"emulatedMachines": ["pc-i440fx*"]}


def machine(model: str = "", features: Any = (), kind: str = "", architecture: str = "amd64") -> Object:
    found = vm()
    spec = found["spec"]["template"]["spec"]
    spec["architecture"] = architecture
    spec["domain"]["cpu"] |= {"features": list(features), **({"model": model} if model else {})}
    spec["domain"]["machine"] = {"type": kind}
    return found


def found(item: Object, instancetype: Any = None, labels: Any = None, configuration: Any = None) -> list[str]:
    nodes = [{"metadata": {"name": "node-1", "labels": LABELS if labels is None else labels}}]
    kubevirt = {"spec": {"configuration": configuration or {}}}
    return told(machine_findings([(item, instancetype)], nodes, kubevirt, "west"))


@pytest.mark.parametrize(
    ("item", "code"),
    [
        (machine(), []),
        (machine("Cascadelake-Server"), []),
        (machine("host-model"), []),
        (machine("host-passthrough"), []),
        (machine("Icelake-Server"), ["blocker CpuModelAbsent Icelake-Server"]),
        (machine("Opteron_G2"), ["blocker CpuModelAbsent Opteron_G2"]),
        (machine(features=[{"name": "vmx"}]), []),
        (machine(features=[{"name": "svm"}]), ["blocker CpuFeatureAbsent svm"]),
        (machine(features=[{"name": "svm", "policy": "require"}]), ["blocker CpuFeatureAbsent svm"]),
        (machine(features=[{"name": "svm", "policy": "optional"}]), []),
        (machine(features=[{"name": "svm", "policy": "disable"}]), []),
        (machine(kind="q35"), []),
        (machine(kind="pc-q35-rhel9.4.0"), []),
        (machine(kind="pc-q35-rhel9.6.0"), ["blocker MachineTypeAbsent pc-q35-rhel9.6.0"]),
        (machine(kind="pc-i440fx-rhel7.6.0"), ["blocker MachineTypeAbsent pc-i440fx-rhel7.6.0"]),
        (machine(architecture="arm64"), ["blocker ArchitectureAbsent arm64"]),
        (machine(architecture=""), []),
    ],
)
def test_a_machine_that_no_node_of_the_target_can_be_is_found(item: Object, code: list[str]) -> None:
    assert found(item) == code


def test_the_cpu_model_of_an_instancetype_counts() -> None:
    assert found(machine(), {"cpu": {"guest": 2, "model": "Icelake-Server"}}) == [
        "blocker CpuModelAbsent Icelake-Server"
    ]


@pytest.mark.parametrize("labels", [{}, {"kubernetes.io/hostname": "node-1"}])
def test_what_nodes_say_nothing_of_is_not_judged(labels: dict[str, str]) -> None:
    assert found(machine("Icelake-Server", [{"name": "svm"}], "pc-q35-rhel9.6.0"), labels=labels) == []


@pytest.mark.parametrize(
    ("configuration", "code"),
    [({}, ["blocker MachineTypeAbsent pc-i440fx-rhel7.6.0"]), (I440FX, []), (OF_ALL, [])],
)
def test_a_machine_type_has_to_be_admitted_too(configuration: dict[str, Any], code: list[str]) -> None:
    labels = {"machine-type.node.kubevirt.io/pc-i440fx-rhel7.6.0": "true"}
    assert found(machine(kind="pc-i440fx-rhel7.6.0"), labels=labels, configuration=configuration) == code
