# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.capture import Capture
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.names import (
    DEPENDS_ON,
    READINESS,
    protected_label,
    rehearsal_label,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.rehearsal.objects import VMS, rehearsed, rehearsed_vm
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of

PLAN = plan_of()
LABELS = {protected_label("payroll"): "true", "dr.ocpvirt.io/plan": "payroll", "tier": "db"}
MAC = "52:54:00:6b:3c:58"


def item(kind: str, name: str, **parts: Any) -> dict[str, Any]:
    meta = {"name": name, "namespace": "payroll", "labels": dict(LABELS), **parts.pop("meta", {})}
    return {"apiVersion": "v1", "kind": kind, "metadata": meta, **parts}


def vm(name: str = "db-0", annotations: dict[str, str] | None = None, **devices: Any) -> dict[str, Any]:
    template = {
        "domain": {"firmware": {"uuid": "u-1", "serial": "42"}, "devices": devices},
        "networks": [{"name": "lan", "multus": {"networkName": "shared/dmz"}}],
    }
    spec = {"runStrategy": "Always", "template": {"spec": template}}
    return item("VirtualMachine", name, spec=spec, meta={"annotations": annotations or {}})


def deployment(pod: dict[str, Any]) -> dict[str, Any]:
    spec = {"replicas": 1, "template": {"spec": pod}}
    return {**item("Deployment", "web", spec=spec), "apiVersion": "apps/v1"}


def restored(**objects: list[dict[str, Any]]) -> dict[str, list[Any]]:
    return {key: list(value) for key, value in rehearsed(Capture("c-1", objects), PLAN).capture.objects.items()}


def test_the_guest_finds_the_machine_that_a_failover_would_give_it() -> None:
    domain = rehearsed_vm(vm(), PLAN)["spec"]["template"]["spec"]["domain"]
    assert domain["firmware"] == {"uuid": "u-1", "serial": "42"}


def test_no_address_of_production_is_used_a_second_time() -> None:
    before = vm(interfaces=[{"name": "lan", "bridge": {}, "macAddress": MAC}])
    devices = rehearsed_vm(before, PLAN)["spec"]["template"]["spec"]["domain"]["devices"]
    assert devices["interfaces"] == [{"name": "lan", "bridge": {}}]
    assert MAC in json.dumps(before)


def test_a_card_of_the_host_is_replaced_by_an_ordinary_one() -> None:
    devices = rehearsed_vm(vm(interfaces=[{"name": "lan", "sriov": {}}]), PLAN)["spec"]["template"]["spec"]["domain"]
    assert devices["devices"]["interfaces"] == [{"name": "lan", "bridge": {}}]


def test_a_vm_names_the_network_that_leads_nowhere() -> None:
    networks = rehearsed_vm(vm(), PLAN)["spec"]["template"]["spec"]["networks"]
    assert networks == [{"name": "lan", "multus": {"networkName": "shared-dmz"}}]


def test_p8_nothing_of_a_rehearsal_has_the_plans_label_or_namespace() -> None:
    found = restored(secrets=[item("Secret", "cloud-init")], **{VMS: [vm()]})
    for made in (*found["secrets"], *found[VMS]):
        assert made["metadata"]["namespace"] == "payroll-rehearsal"
        assert protected_label("payroll") not in made["metadata"]["labels"]
        assert made["metadata"]["labels"][rehearsal_label("payroll")] == "true"


def test_dependencies_lead_to_the_rehearsals_own_vms() -> None:
    moved = rehearsed_vm(vm(annotations={DEPENDS_ON: "db-1, payroll/db-2,Deployment/payroll/web"}), PLAN)
    wanted = "db-1,payroll-rehearsal/db-2,Deployment/payroll-rehearsal/web"
    assert moved["metadata"]["annotations"][DEPENDS_ON] == wanted


def test_a_vm_is_not_asked_from_outside() -> None:
    text = json.dumps({"tcp": {"port": 22}, "timeout": "9m"})
    moved = rehearsed_vm(vm(annotations={READINESS: text}), PLAN)
    assert json.loads(moved["metadata"]["annotations"][READINESS]) == {"timeout": "9m"}


def test_a_service_is_reached_from_inside_only() -> None:
    spec = {
        "type": "LoadBalancer",
        "loadBalancerIP": "192.0.2.1",
        "externalIPs": ["192.0.2.2"],
        "ports": [{"port": 443}],
    }
    found = restored(services=[item("Service", "web", spec=spec)], **{VMS: []})
    assert found["services"][0]["spec"] == {"type": "ClusterIP", "ports": [{"port": 443}]}


@pytest.mark.parametrize(
    ("resource", "made"),
    [
        ("services", item("Service", "out", spec={"type": "ExternalName", "externalName": "db.example.com"})),
        ("routes.route.openshift.io", item("Route", "web", spec={"host": "payroll.example.com"})),
        ("networkpolicies.networking.k8s.io", item("NetworkPolicy", "allow", spec={})),
    ],
)
def test_what_leads_out_stays_in_the_capture_and_is_named(resource: str, made: dict[str, Any]) -> None:
    found = rehearsed(Capture("c-1", {resource: [made], VMS: []}), PLAN)
    assert resource not in found.capture.objects
    assert any("stay" in text for text in found.decisions)


def test_a_workload_on_claims_comes_along() -> None:
    pod = {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "web"}}]}
    found = restored(**{"deployments.apps": [deployment(pod)], VMS: []})
    assert found["deployments.apps"][0]["metadata"]["namespace"] == "payroll-rehearsal"


@pytest.mark.parametrize(
    "pod",
    [
        {"hostNetwork": True},
        {"volumes": [{"name": "data", "nfs": {"server": "192.0.2.10", "path": "/exports/payroll"}}]},
        {"volumes": [{"name": "data", "hostPath": {"path": "/srv"}}]},
    ],
)
def test_p1_a_workload_that_reaches_production_whatever_a_policy_says_stays_away(pod: dict[str, Any]) -> None:
    found = rehearsed(Capture("c-1", {"deployments.apps": [deployment(pod)], VMS: []}), PLAN)
    assert "deployments.apps" not in found.capture.objects
    assert any(text.startswith("Deployment/payroll/web stays in the capture") for text in found.decisions)


def test_what_belongs_to_the_whole_cluster_stays_in_the_capture() -> None:
    definition = {"kind": "CustomResourceDefinition", "metadata": {"name": "widgets.example.org"}, "spec": {}}
    found = rehearsed(Capture("c-1", {"customresourcedefinitions.apiextensions.k8s.io": [definition]}), PLAN)
    assert found.capture.objects == {VMS: []}
    assert found.decisions == (
        "1 customresourcedefinitions.apiextensions.k8s.io stay in the capture: a rehearsal needs none",
    )
