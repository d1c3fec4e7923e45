# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `protect` finds besides what VMs name, and networks that a restore makes only where there are none."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import (
    ATTACHMENT_DEFINITION,
    DATA_VOLUME,
    PV,
    PVC,
    ROUTE,
    SERVICE,
    VM,
    VM_SNAPSHOT,
    VM_SNAPSHOT_CONTENT,
    Kind,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict, NotFound
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.capture import Capture
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.inventory.protected import list_protected
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.restore.network_restore import (
    absent_networks,
    create_networks,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.vm.networks import NetworkNames
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, MemorySession, plan_of

NAMES = NetworkNames([{"east": "vlan-100", "west": "vlan-2100"}, {"east": "vlan-1", "west": "vlan-1"}], "east", "west")
STATE = "persistent-state-for-db-x7f2q"


class Cluster(MemoryApi):
    """unserved: kinds whose API is absent."""

    unserved: tuple[str, ...] = ()

    def list(self, kind: Kind, *arguments: Any, **named: Any) -> list[dict[str, Any]]:
        if kind.kind in self.unserved:
            raise NotFound("GET", on=kind.kind, status=404)
        return super().list(kind, *arguments, **named)

    def put(self, kind: Kind, name: str, body: dict[str, Any] | None = None, **meta: Any) -> None:
        namespace = {"namespace": "payroll"} if kind.namespaced else {}
        self.create(kind, {"kind": kind.kind, "metadata": {"name": name, **namespace, **meta}, **(body or {})})


@pytest.fixture
def east() -> Cluster:
    """A VM with everything, and of each kind one object that has nothing to do with it."""
    api = Cluster("east")
    template = {
        "metadata": {"labels": {"app": "db"}},
        "spec": {
            "volumes": [{"name": "root", "dataVolume": {"name": "db"}}],
            "networks": [{"name": "vlan", "multus": {"networkName": "vlan-1"}}],
        },
    }
    api.put(
        VM, "db", {"spec": {"runStrategy": "Always", "template": template}}, labels={"dr.ocpvirt.io/plan": "payroll"}
    )
    for name, labels in (
        ("db", {}),
        (STATE, {"persistent-state-for": "db"}),
        ("state-of-other", {"persistent-state-for": "other"}),
    ):
        api.put(PVC, name, {"spec": {"volumeName": f"pv-{name}"}}, labels=labels)
        api.put(PV, f"pv-{name}", {"spec": {}})
    for name in ("db", "other"):
        source = {"kind": "VirtualMachine", "name": name}
        status = {"virtualMachineSnapshotContentName": f"content-{name}"}
        api.put(VM_SNAPSHOT, f"before-{name}", {"spec": {"source": source}, "status": status})
        api.put(VM_SNAPSHOT_CONTENT, f"content-{name}", {"spec": {}})
        api.put(DATA_VOLUME, name, {"spec": {}})
        api.put(SERVICE, name, {"spec": {"selector": {"app": name}}})
        api.put(ROUTE, name, {"spec": {"to": {"kind": "Service", "name": name}}})
    ingress = {"kind": "Ingress", "name": "db", "controller": True}
    api.put(ROUTE, "db-x7f2q", {"spec": {"to": {"kind": "Service", "name": "db"}}}, ownerReferences=[ingress])
    for name in ("vlan-1", "vlan-2"):
        api.put(ATTACHMENT_DEFINITION, name, {"spec": {}})
    return api


def test_what_belongs_to_a_vm_is_found_and_nothing_of_others(east: Cluster) -> None:
    found = list_protected(plan_of(), east)  # type: ignore[arg-type]
    assert set(found.claims) == set(found.volumes) == {"payroll/db", f"payroll/{STATE}"}
    assert {(kind.kind, key) for kind, key in found.others} == {
        ("DataVolume", "payroll/db"),
        ("NetworkAttachmentDefinition", "payroll/vlan-1"),
        ("Route", "payroll/db"),
        ("Service", "payroll/db"),
        ("VirtualMachineSnapshot", "payroll/before-db"),
        ("VirtualMachineSnapshotContent", "payroll/content-db"),
    }
    assert found.missing == ()


def test_a_cluster_without_these_kinds_is_no_obstacle(east: Cluster) -> None:
    east.unserved = ("DataVolume", "NetworkAttachmentDefinition", "Route", "VirtualMachineSnapshot")
    found = list_protected(plan_of(), east)  # type: ignore[arg-type]
    assert {kind.kind for kind, _key in found.others} == {"Service"}


def networks(*names: str) -> Capture:
    items = [
        {
            "metadata": {"name": name, "namespace": "payroll", "uid": "u", "labels": {"team": "net"}},
            "spec": {"config": "of the source"},
        }
        for name in names
    ]
    return Capture("c", {ATTACHMENT_DEFINITION.resource: items})


def test_a_network_that_the_target_lacks_is_created_and_its_own_one_stays() -> None:
    session = MemorySession(Cluster("west"))
    session.api.put(ATTACHMENT_DEFINITION, "vlan-1", {"spec": {"config": "of the target"}})
    found = absent_networks(session.api, networks("vlan-1", "vlan-2"), NAMES)
    assert found.decisions == (
        "NetworkAttachmentDefinition/payroll/vlan-1 stays as it is at the target",
        "NetworkAttachmentDefinition/payroll/vlan-2 is created",
    )
    create_networks(session, found)  # type: ignore[arg-type]
    configs = {item["metadata"]["name"]: item["spec"]["config"] for item in session.api.list(ATTACHMENT_DEFINITION)}
    assert configs == {"vlan-1": "of the target", "vlan-2": "of the source"}
    made = session.api.get(ATTACHMENT_DEFINITION, "vlan-2", "payroll")["metadata"]
    assert (made["labels"], made["annotations"]) == ({"team": "net"}, {"dr.ocpvirt.io/created-by-run": "r-1"})
    assert "uid" not in made


def test_a_network_that_the_plan_calls_otherwise_at_the_target_is_not_made_there() -> None:
    session = MemorySession(Cluster("west"))
    found = absent_networks(session.api, networks("vlan-100", "vlan-2"), NAMES)
    assert found.decisions == (
        "NetworkAttachmentDefinition/payroll/vlan-100 stays in the capture: west calls it payroll/vlan-2100",
        "NetworkAttachmentDefinition/payroll/vlan-2 is created",
    )
    assert [item["metadata"]["name"] for item in found.bodies] == ["vlan-2"]


def test_p5_done_again_it_creates_nothing() -> None:
    session = MemorySession(Cluster("west"))
    create_networks(session, absent_networks(session.api, networks("vlan-1"), NAMES))  # type: ignore[arg-type]
    assert absent_networks(session.api, networks("vlan-1"), NAMES).bodies == ()  # type: ignore[arg-type]


def test_a_network_that_somebody_made_meanwhile_is_the_sites(monkeypatch: pytest.MonkeyPatch) -> None:
    session = MemorySession(Cluster("west"))
    found = absent_networks(session.api, networks("vlan-1"), NAMES)  # type: ignore[arg-type]

    def taken(*_arguments: object) -> None:
        raise Conflict("POST", status=409)

    monkeypatch.setattr(session.api, "create", taken)
    create_networks(session, found)  # type: ignore[arg-type]


def test_a_target_that_serves_no_networks_is_said_and_is_no_failure() -> None:
    api = Cluster("west")
    api.unserved = ("NetworkAttachmentDefinition",)
    found = absent_networks(api, networks("vlan-1"), NAMES)  # type: ignore[arg-type]
    assert found.bodies == ()
    assert "west does not serve that kind" in found.decisions[0]
