# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import copy
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import DEPLOYMENT, SECRET, VM
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Failed, Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.capture import Capture
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.names import ADOPTED, CREATED_BY, RECORDED
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.inventory.workloads import KINDS
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.restore import restore
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.restore.restore import halted, restore_metadata
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.start.memory import ready_before
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import (
    MemoryApi,
    MemorySession,
    plan_of,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.workload_manifests import PROTECTED, deployment


def captured(name: str = "db-0", **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "kubevirt.io/v1",
        "kind": "VirtualMachine",
        "metadata": {
            "name": name,
            "namespace": "payroll",
            "uid": "9d1b",
            "resourceVersion": "811",
            "generation": 3,
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "managedFields": [{}],
            "ownerReferences": [{"kind": "VirtualMachinePool"}],
            "finalizers": ["kubevirt.io/virtualMachineControllerFinalize"],
            "labels": {"dr.ocpvirt.io/plan": "payroll"},
            "annotations": {
                "kubectl.kubernetes.io/last-applied-configuration": "{}",
                "dr.ocpvirt.io/priority": "1",
            },
        },
        "spec": {**(spec or {"runStrategy": "Always"}), "template": {"spec": {"volumes": []}}},
        "status": {"ready": True, "printableStatus": "Running"},
    }


def secret(**data: str) -> dict[str, Any]:
    meta = {"name": "cloud-init", "namespace": "payroll", "labels": {PROTECTED: "true"}}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": data or {"userdata": "aGVsbG8="}}


class Velero:
    """A metadata source that holds one capture and writes down what it is asked to restore."""

    title = "Velero"

    def __init__(self, api: MemoryApi, *vms: dict[str, Any]) -> None:
        self.capture = Capture("payroll-east-1", {VM.resource: list(vms), SECRET.resource: [secret()]})
        self.excluded: Sequence[str] = ()
        self.vms_before: list[Any] | None = None
        self.update: bool | None = None
        self.api = api

    def manifests(self, _api: object, name: str) -> Capture:
        assert name == self.capture.name
        return self.capture

    def left_out(self, _api: object, _capture: object, _exclude: object) -> list[str]:
        return ["Route web (1) stays away: west does not serve routes.route.openshift.io"]

    def restore(
        self,
        _api: object,
        _name: str,
        _run_id: str,
        exclude: Sequence[str],
        _timeout: float,
        update: bool,
        verify_lock: Callable[[], None],
    ) -> Any:
        assert verify_lock
        self.excluded, self.vms_before, self.update = exclude, self.api.list(VM), update
        wanted = [] if SECRET.resource in exclude else self.capture.objects[SECRET.resource]
        for item in wanted:
            self.api.apply(SECRET, copy.deepcopy(item))
        return {"items": 7, "warnings": 0, "errors": 0}


@pytest.fixture
def api() -> MemoryApi:
    return MemoryApi()


@pytest.fixture
def session(api: MemoryApi, monkeypatch: pytest.MonkeyPatch) -> MemorySession:
    session = MemorySession(api)
    session.put("capture", {"name": "payroll-east-1", "vms": ["payroll/db-0", "payroll/db-1"]})
    monkeypatch.setattr(restore, "Session", session)
    return session


@pytest.fixture
def velero(api: MemoryApi, monkeypatch: pytest.MonkeyPatch) -> Velero:
    velero = Velero(api, captured("db-0"), captured("db-1", runStrategy="Halted"))
    monkeypatch.setattr(restore, "source_of", lambda _plan: velero)
    return velero


def run(check_mode: bool = False, **plan: Any) -> dict[str, Any]:
    return restore_metadata(plan_of(**plan), "r-1", 60, check_mode)


@pytest.mark.parametrize(
    ("spec", "off", "recorded"),
    [
        ({"runStrategy": "Always"}, {"runStrategy": "Halted"}, ("Always", True, False)),
        ({"runStrategy": "Manual"}, {"runStrategy": "Halted"}, ("Manual", True, False)),
        ({"runStrategy": "RerunOnFailure"}, {"runStrategy": "Halted"}, ("RerunOnFailure", True, False)),
        ({"runStrategy": "Halted"}, {"runStrategy": "Halted"}, ("Halted", False, False)),
        ({"running": True}, {"running": False}, ("Always", True, True)),
    ],
)
def test_p7_a_vm_is_created_off_with_its_strategy_and_power_state_on_it(spec, off, recorded) -> None:
    vm = halted(captured(**spec), "r-1")
    record = json.loads(vm["metadata"]["annotations"]["dr.ocpvirt.io/recorded"])
    assert off.items() <= vm["spec"].items()
    assert (record["run_strategy"], record["running"], record["running_field"]) == recorded


def test_p7_a_vm_that_was_quiesced_before_its_capture_keeps_its_first_record() -> None:
    first = halted(captured(runStrategy="Manual"), "r-0")
    assert (
        halted(first, "r-1")["metadata"]["annotations"]["dr.ocpvirt.io/recorded"]
        == first["metadata"]["annotations"]["dr.ocpvirt.io/recorded"]
    )


def test_a_vm_keeps_what_is_its_own_and_nothing_of_its_old_cluster() -> None:
    meta = halted(captured(), "r-1")["metadata"]
    recorded = meta["annotations"].pop("dr.ocpvirt.io/recorded")
    assert recorded
    assert meta == {
        "name": "db-0",
        "namespace": "payroll",
        "labels": {"dr.ocpvirt.io/plan": "payroll"},
        "annotations": {
            "dr.ocpvirt.io/priority": "1",
            "dr.ocpvirt.io/created-by-run": "r-1",
            "kubevirt.io/immediate-data-volume-creation": "false",
        },
    }


def test_the_captured_vm_is_not_changed() -> None:
    vm = captured()
    before = copy.deepcopy(vm)
    halted(vm, "r-1")["spec"]["template"]["changed"] = True
    assert vm == before


@pytest.mark.usefixtures("session")
def test_vms_come_after_velero_which_restores_none_of_what_is_ours(api: MemoryApi, velero: Velero) -> None:
    result = run()
    assert velero.vms_before == []
    assert {vm["metadata"]["name"] for vm in api.list(VM)} == {"db-0", "db-1"}
    assert {"persistentvolumes", "persistentvolumeclaims", "virtualmachines.kubevirt.io"} <= set(velero.excluded)
    assert (result["changed"], result["vms"], result["vms_created"]) == (True, 2, 2)


@pytest.mark.usefixtures("session")
def test_p1_workloads_are_created_stopped_by_us_and_never_by_velero(api: MemoryApi, velero: Velero) -> None:
    front = deployment(replicas=3)
    front["metadata"]["labels"][PROTECTED] = "true"
    velero.capture = Capture(velero.capture.name, {**velero.capture.objects, "deployments.apps": [front]})
    result = run()
    resources = {kind.resource for kind in KINDS.values()}
    assert {*resources, "replicasets.apps"} <= set(velero.excluded)
    assert (result["changed"], result["workloads"], result["workloads_created"]) == (True, 1, 1)
    assert [item["spec"]["replicas"] for item in api.list(DEPLOYMENT)] == [0]
    # nobody else of its name was there, so Velero may update what it finds
    assert velero.update is True


@pytest.mark.usefixtures("session")
def test_p8_what_is_the_whole_clusters_is_never_restored_and_said(velero: Velero) -> None:
    resource = "clusterroles.rbac.authorization.k8s.io"
    view = {"kind": "ClusterRole", "metadata": {"name": "view"}}
    velero.capture = Capture(velero.capture.name, {**velero.capture.objects, resource: [view]})
    result = run()
    assert resource in velero.excluded
    assert "ClusterRole/view stays in the capture: it is the whole cluster's" in result["decisions"]


VLAN = {"network": {"attachments": [{"east": "vlan-100", "west": "vlan-2100"}]}}


def attached(vm: dict[str, Any], name: str) -> dict[str, Any]:
    vm = copy.deepcopy(vm)
    vm["spec"]["template"]["spec"]["networks"] = [{"name": "lan", "multus": {"networkName": name}}]
    return vm


@pytest.mark.usefixtures("session")
def test_vms_are_created_with_the_networks_of_the_target_and_it_is_said_once(api: MemoryApi, velero: Velero) -> None:
    velero.capture = Capture(
        velero.capture.name, {VM.resource: [attached(captured(name), "vlan-100") for name in ("db-0", "db-1")]}
    )
    result = run(**VLAN)
    networks = [vm["spec"]["template"]["spec"]["networks"] for vm in api.list(VM)]
    assert networks == [[{"name": "lan", "multus": {"networkName": "vlan-2100"}}]] * 2
    assert result["decisions"][0] == ("NetworkAttachmentDefinition/payroll/vlan-100 becomes payroll/vlan-2100 in 2 VMs")


@pytest.mark.usefixtures("session")
@pytest.mark.parametrize(("at_target", "verdict"), [("vlan-2100", "adopted"), ("vlan-100", "updated")])
def test_a_vm_of_an_earlier_stay_is_as_captured_under_the_names_of_its_site(
    api: MemoryApi, velero: Velero, at_target: str, verdict: str
) -> None:
    vm = captured()
    vm["metadata"]["labels"]["protected.dr.ocpvirt.io/payroll"] = "true"
    velero.capture = Capture(velero.capture.name, {VM.resource: [attached(vm, "vlan-100")]})
    api.create(VM, halted(attached(vm, at_target), "r-0"))
    result = run(**VLAN)
    assert [why for why in result["decisions"] if "db-0" in why and verdict in why], result["decisions"]
    (left,) = api.list(VM)
    assert left["spec"]["template"]["spec"]["networks"][0]["multus"] == {"networkName": "vlan-2100"}


@pytest.mark.usefixtures("session", "velero")
def test_p5_vms_that_an_earlier_attempt_created_are_not_created_again(api: MemoryApi) -> None:
    run()
    before = list(api.writes)
    result = run()
    assert (result["changed"], api.writes) == (False, before)


@pytest.mark.usefixtures("velero")
def test_p5_what_was_ready_and_had_to_be_created_again_is_started_again(api: MemoryApi, session: MemorySession) -> None:
    run()
    session.put("startup", {"attempt": 1, "recorded": ["payroll/db-0", "payroll/db-1"]})
    api.delete(VM, "db-0", "payroll")
    run()
    assert ready_before(session, "west").recorded == {"payroll/db-1"}  # type: ignore[arg-type]


@pytest.mark.usefixtures("session")
@pytest.mark.parametrize("creator", [None, "r-0"])
def test_p8_a_vm_of_somebody_else_is_refused_before_anything_is_restored(
    api: MemoryApi, velero: Velero, creator: str | None
) -> None:
    vm = captured("db-1")
    if creator:
        vm["metadata"]["annotations"]["dr.ocpvirt.io/created-by-run"] = creator
    api.create(VM, vm)
    with pytest.raises(Refused, match="VirtualMachine/payroll/db-1"):
        run()
    assert (velero.vms_before, len(api.objects)) == (None, 1)


@pytest.mark.usefixtures("session")
def test_p9_check_mode_says_what_it_would_create_and_writes_nothing(api: MemoryApi, velero: Velero) -> None:
    result = run(check_mode=True)
    assert (result["vms_created"], velero.vms_before, api.writes) == (2, None, [])
    assert "Route web (1) stays away" in result["decisions"][0]


@pytest.mark.parametrize("looks", [0, 1])
def test_p5_no_vm_is_created_without_the_lock(
    session: MemorySession, velero: Velero, api: MemoryApi, looks: int
) -> None:
    session.lock_holds = looks
    with pytest.raises(Refused):
        run()
    assert (api.list(VM), velero.vms_before is None) == ([], looks == 0)


@pytest.mark.usefixtures("session", "velero")
def test_p10_a_vm_that_cannot_be_created_is_named(api: MemoryApi, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_arguments: object) -> None:
        raise Failed("POST", seen="spec.template: Invalid value", status=422)

    monkeypatch.setattr(api, "create", denied)
    with pytest.raises(Failed, match=r"VM payroll/db-0: correct what the message names"):
        run()


def left_by_an_earlier_stay(api: MemoryApi, **meta: Any) -> None:
    """All of the capture, halted, under uids of its own."""
    for name, spec in (("db-0", {}), ("db-1", {"runStrategy": "Halted"})):
        vm = halted(captured(name, **spec), meta.get("creator", "payroll-failover-west-20260101000000-aaaa"))
        vm["metadata"] |= {"uid": f"{name}-of-west", "labels": {**vm["metadata"]["labels"], PROTECTED: "true"}}
        api.create(VM, vm)
    api.create(SECRET, secret())
    api.writes.clear()


@pytest.fixture
def labelled(velero: Velero) -> Velero:
    """A capture that was taken after protect."""
    for vm in velero.capture.objects[VM.resource]:
        vm["metadata"]["labels"][PROTECTED] = "true"
    return velero


@pytest.mark.usefixtures("session")
def test_what_is_there_as_captured_is_neither_restored_nor_written(api: MemoryApi, labelled: Velero) -> None:
    left_by_an_earlier_stay(api)
    result = run()
    assert (result["changed"], result["vms_created"], result["vms_updated"]) == (False, 0, 0)
    assert (api.writes, labelled.vms_before) == ([], None)
    assert result["restored"] == {"items": 0, "warnings": 0, "errors": 0}


def test_p5_what_was_found_as_captured_is_the_runs_own_once_it_runs(
    api: MemoryApi, session: MemorySession, labelled: Velero
) -> None:
    left_by_an_earlier_stay(api)
    run()
    assert labelled.vms_before is None
    assert session.load("taken") == ["db-0-of-west", "db-1-of-west"]
    api.patch(VM, "db-0", "payroll", {"spec": {"runStrategy": "Always"}, "metadata": {"annotations": {RECORDED: None}}})
    api.writes.clear()
    assert run()["changed"] is False
    assert api.writes == []


@pytest.mark.usefixtures("session")
def test_only_what_differs_is_restored_and_its_parts_are_named(api: MemoryApi, labelled: Velero) -> None:
    left_by_an_earlier_stay(api)
    api.patch(SECRET, "cloud-init", "payroll", {"data": {"userdata": "b2xk"}})
    result = run()
    assert SECRET.resource not in labelled.excluded
    assert "Secret/payroll/cloud-init is brought to the capture: data" in result["decisions"]
    assert "b2xk" not in str(result)


@pytest.mark.usefixtures("session")
def test_p8_a_vm_that_was_there_before_any_run_is_marked_when_it_is_brought_to_the_capture(
    api: MemoryApi, labelled: Velero
) -> None:
    left_by_an_earlier_stay(api, creator="payroll-failover-east-20260101000000-aaaa")
    for vm in labelled.capture.objects[VM.resource]:
        vm["spec"]["template"]["changed"] = True
    run()
    assert {vm["metadata"]["annotations"].get(ADOPTED) for vm in api.list(VM)} == {"true"}


@pytest.fixture
def refresh(session: MemorySession) -> MemorySession:
    session.run = replace(session.run, operation="prestage")
    return session


@pytest.mark.usefixtures("refresh")
def test_a_stage_is_made_by_us_object_by_object_and_marked_and_velero_is_not_asked(
    api: MemoryApi, labelled: Velero
) -> None:
    labelled.capture = Capture(labelled.capture.name, {**labelled.capture.objects, "widgets.example.org": [widget()]})
    result = run()
    assert labelled.vms_before is None
    assert api.get(SECRET, "cloud-init", "payroll")["metadata"]["annotations"][CREATED_BY] == "r-1"
    assert {vm["spec"].get("runStrategy") for vm in api.list(VM)} == {"Halted"}
    assert result["restored"]["items"] == 1
    assert (
        "widgets.example.org stays in payroll-east-1 until the plan moves: a stage does not hold it"
        in (result["decisions"])
    )
    api.writes.clear()
    assert run()["changed"] is False
    assert api.writes == []


def widget() -> dict[str, Any]:
    meta = {"name": "w", "namespace": "payroll", "labels": {PROTECTED: "true"}}
    return {"apiVersion": "example.org/v1", "kind": "Widget", "metadata": meta}
