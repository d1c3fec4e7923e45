# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings over labels and over where VMs may run."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.practice.agent import silent_agents
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.practice.instancetypes import (
    absent_types,
    cluster_types,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.practice.labels import (
    labelled_at_runtime,
    routes_to,
    unlabelled,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.practice.placement import host_devices, pinned
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._planning.practice.practice_world import (
    LABEL,
    Object,
    only,
    template,
    told,
    vm,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of

ON_VM = "VirtualMachine/payroll/db-0"


def item(kind: str, labels: Any = None, name: str = "db-0", **more: Any) -> Object:
    return {"kind": kind, "metadata": {"name": name, "namespace": "payroll", "labels": labels}, **more}


@pytest.mark.parametrize(
    ("kind", "severity"),
    [
        ("VirtualMachine", "blocker"),
        ("PersistentVolumeClaim", "blocker"),
        ("Secret", "blocker"),
        ("ConfigMap", "blocker"),
        ("ControllerRevision", "blocker"),
        ("VirtualMachineInstancetype", "blocker"),
        ("Service", "warning"),
        ("Route", "warning"),
        ("Ingress", "warning"),
        ("DataVolume", "info"),
    ],
)
def test_what_lacks_the_label_is_judged_by_whether_a_vm_starts_without_it(kind: str, severity: str) -> None:
    finding = only(unlabelled([item(kind), item(kind, {LABEL: "true"}, "db-1")], LABEL))
    assert told([finding]) == [f"{severity} NotProtected {kind}/payroll/db-0"]
    assert LABEL in finding.remedy


def test_the_label_of_another_plan_does_not_count() -> None:
    others = [{"protected.dr.ocpvirt.io/web": "true"}, {LABEL: "false"}, None]
    assert len(told(unlabelled([item("Secret", labels) for labels in others], LABEL))) == 3


def test_the_label_on_what_runs_is_found_where_it_comes_from_and_where_it_is() -> None:
    source = vm()
    source["spec"]["template"]["metadata"]["labels"][LABEL] = "true"
    running = [item("VirtualMachineInstance", {LABEL: "true"}), item("Pod", {LABEL: "true"}, "virt-launcher-db-0-xyz")]
    assert told(labelled_at_runtime([source, vm("db-1")], [*running, item("Pod", {"app": "x"}, "web")], LABEL)) == [
        f"warning RuntimeLabelled {ON_VM}",
        "warning RuntimeLabelled VirtualMachineInstance/payroll/db-0",
        "warning RuntimeLabelled Pod/payroll/virt-launcher-db-0-xyz",
    ]


def route(name: str, to: str, *more: str) -> Object:
    backends = [{"kind": "Service", "name": other, "weight": 1} for other in more]
    return item("Route", None, name, spec={"to": {"kind": "Service", "name": to}, "alternateBackends": backends})


def ingress(name: str, service: str, default: bool = False) -> Object:
    backend = {"service": {"name": service, "port": {"number": 443}}}
    rules = [{"host": "a.example.org"}, {"http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}]
    return item("Ingress", None, name, spec={"defaultBackend": backend} if default else {"rules": rules})


def test_routes_and_ingresses_belong_to_the_services_that_they_lead_to() -> None:
    mine = [route("a", "web"), route("b", "other", "web"), ingress("c", "web"), ingress("d", "web", default=True)]
    others = [route("e", "other"), ingress("f", "other"), item("Ingress", None, "g", spec={})]
    assert [found["metadata"]["name"] for found in routes_to({"payroll/web"}, [*mine, *others])] == ["a", "b", "c", "d"]
    assert list(routes_to({"web/web"}, mine)) == []


def affinity(key: str) -> Any:
    terms = [{"matchExpressions": [{"key": key, "operator": "In", "values": ["x"]}]}]
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ({"nodeSelector": {"kubernetes.io/hostname": "worker-3.east"}}, True),
        ({"nodeSelector": {"topology.kubernetes.io/zone": "east-1a"}}, True),
        ({"affinity": affinity("kubernetes.io/hostname")}, True),
        ({"affinity": affinity("node-role.kubernetes.io/worker")}, False),
        ({"nodeSelector": {"cpu-model.node.kubevirt.io/Cascadelake-Server": "true"}}, False),
        ({"affinity": {"podAntiAffinity": {}}}, False),
        ({}, False),
    ],
)
def test_a_vm_that_is_bound_to_nodes_or_zones_of_a_site_is_found(spec: Any, found: bool) -> None:
    pinned_vm = vm()
    template(pinned_vm).update(spec)
    assert told(pinned([pinned_vm])) == ([f"warning PinnedToNode {ON_VM}"] if found else [])


def test_devices_of_a_node_are_needed_at_the_other_site_too() -> None:
    with_gpu = vm()
    template(with_gpu)["domain"]["devices"] |= {
        "gpus": [{"name": "gpu1", "deviceName": "nvidia.com/TU104GL_Tesla_T4"}],
        "hostDevices": [{"name": "hba", "deviceName": "intel.com/qat"}],
    }
    finding = only(host_devices([with_gpu, vm("db-1")]))
    assert told([finding]) == [f"info HostDevice {ON_VM}"]
    assert "intel.com/qat, nvidia.com/TU104GL_Tesla_T4" in finding.message


def running(phase: str = "Running", **conditions: str) -> Object:
    seen = [{"type": kind, "status": status} for kind, status in conditions.items()]
    return item("VirtualMachineInstance", status={"phase": phase, "conditions": seen})


@pytest.mark.parametrize(
    ("vmi", "agent", "found"),
    [
        (running(Ready="True"), True, True),
        (running(Ready="True", AgentConnected="False"), True, True),
        (running(Ready="True", AgentConnected="True"), True, False),
        (running(Ready="True"), False, False),
        (running("Scheduling"), True, False),
        (item("VirtualMachineInstance"), True, False),
    ],
)
def test_a_start_that_waits_for_an_agent_needs_one(vmi: Object, agent: bool, found: bool) -> None:
    startup = plan_of(startup={"readiness": {"agent": agent}}).startup
    findings = list(silent_agents({"payroll/db-0": vm()}, [vmi], startup))
    assert told(findings) == ([f"warning AgentSilent {ON_VM}"] if found else [])
    assert all("300 s" in finding.message for finding in findings)


def test_a_vm_that_says_it_has_no_agent_is_not_missed_one() -> None:
    own = vm()
    own["metadata"]["annotations"] = {"dr.ocpvirt.io/readiness": '{"agent": false}'}
    running = {"metadata": own["metadata"], "status": {"phase": "Running"}}
    assert list(silent_agents({"payroll/db-0": own}, [running], plan_of().startup)) == []


def typed(name: str, **fields: Any) -> Object:
    typed_vm = vm(name)
    typed_vm["spec"].update(fields)
    return typed_vm


def test_instancetypes_of_the_cluster_have_to_be_at_the_target() -> None:
    vms = [
        typed("a", instancetype={"name": "u1.small"}, preference={"name": "rhel.9"}),
        typed("b", instancetype={"name": "u1.small", "kind": "virtualmachineclusterinstancetype"}),
        typed("c", instancetype={"name": "own", "kind": "VirtualMachineInstancetype"}),
        typed("d", instancetype={"name": "u1.large", "revisionName": "d-u1.large-1"}),
        typed("e", preference={"inferFromVolume": "rootdisk"}),
    ]
    wanted = cluster_types(vms)
    there = {("VirtualMachineClusterPreference", "rhel.9"), ("VirtualMachineClusterPreference", "u1.small")}
    finding = only(absent_types(wanted, there, "west"))
    assert told([finding]) == ["blocker InstancetypeAbsent VirtualMachineClusterInstancetype/u1.small"]
    assert "payroll/a, payroll/b refer to it" in finding.message
