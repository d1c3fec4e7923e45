# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is listed for best-practice findings, and what becomes of lists that cannot be read."""

from __future__ import annotations

import copy
from collections import Counter
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import (
    ATTACHMENT_DEFINITION,
    CLUSTER_INSTANCETYPE,
    DATA_VOLUME,
    PV,
    PVC,
    ROUTE,
    SECRET,
    SERVICE,
    VM,
    VMI,
    Kind,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Failed, NotFound
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.finding import Finding
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import GroupStatus
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.checks.practice import Practice
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.inventory.protected import (
    list_everyone,
    list_protected,
    selected,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan.groups import Groups
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.restore.restore import halted
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._planning.practice.practice_world import (
    LABEL,
    Object,
    claim,
    template,
    vm,
    with_volume,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, plan_of
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.workload_manifests import owned_by

PLAN_LABEL = {"dr.ocpvirt.io/plan": "payroll"}
VLAN = {"attachments": [{"east": "vlan-100", "west": "vlan-2100"}]}
PRIMARY = GroupStatus("payroll", "east", "primary", "healthy", "outgoing")


class Site(MemoryApi):
    """An API server that counts its lists; some kinds are not served, some may not be read."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.lists: Counter[str] = Counter()
        self.absent: tuple[Kind, ...] = ()
        self.forbidden: tuple[Kind, ...] = ()

    def list(self, kind: Kind, namespace: str | None = None, labels: Any = None, fields: Any = None) -> list[Object]:
        self.lists[f"{kind.kind} {namespace} {labels or ''}".strip()] += 1
        if kind in self.absent:
            raise NotFound("GET", site=self.site, on=kind.kind, status=404)
        if kind in self.forbidden:
            raise Failed("GET", site=self.site, on=kind.kind, status=403, next_step="grant the right")
        return super().list(kind, namespace, labels)

    def add(self, kind: Kind, *items: Object) -> None:
        for item in items:
            self.create(kind, {"kind": kind.kind, **copy.deepcopy(item)})


def named(name: str, namespace: str = "payroll", **more: Any) -> Object:
    return {"metadata": {"name": name, "namespace": namespace, "labels": {LABEL: "true"}}, **more}


def protected_vm(name: str) -> Object:
    item = vm(name)
    item["metadata"]["labels"] |= PLAN_LABEL
    template(item)["domain"]["devices"]["interfaces"][1]["macAddress"] = f"02:7a:9f:00:00:{len(name):02x}"
    return item


@pytest.fixture
def east() -> Site:
    """Two VMs, and nothing to be found on them."""
    site = Site("east")
    for name in ("db-0", "web-01"):
        site.add(VM, protected_vm(name))
        site.add(PVC, claim(name, labels={LABEL: "true"}))
        volume = {"csi": {"driver": "openshift-storage.rbd.csi.ceph.com", "volumeHandle": name}}
        site.add(PV, {"metadata": {"name": f"pvc-{name}"}, "spec": volume})
        site.add(SECRET, named(f"{name}-cloudinit", data={"userdata": "I2Nsb3VkLWNvbmZpZw=="}))
    site.add(ATTACHMENT_DEFINITION, named("vlan-100"))
    return site


@pytest.fixture
def west() -> Site:
    site = Site("west")
    site.add(ATTACHMENT_DEFINITION, named("vlan-2100"))
    return site


def findings(
    east: Site, west: Site | None, plan: Plan | None = None, status: GroupStatus = PRIMARY, provider: str = "ceph_rbd"
) -> list[Finding]:
    plan = plan or plan_of(network=VLAN, replication={"provider": provider})
    everyone = list_everyone(plan, east)
    found = list_protected(plan, east, selected(plan, everyone))
    return Practice(plan, east, everyone, found).findings(west, Groups(plan), [status])


def codes(found: list[Finding]) -> list[str]:
    return [f"{finding.code} {finding.on} {finding.site}" for finding in found]


def test_a_plan_of_which_everything_is_in_order_has_no_finding(east: Site, west: Site) -> None:
    assert codes(findings(east, west)) == []


def test_who_would_read_all_data_in_a_planned_move_is_told_how_much(east: Site, west: Site) -> None:
    for name in ("db-0", "web-01"):
        east.patch(PV, f"pvc-{name}", None, {"spec": {"capacity": {"storage": "20Gi"}}})
    plan = plan_of(
        network=VLAN, replication={"provider": "ceph_rbd", "options": {"mode": "journal", "sites": {"east": {}}}}
    )
    (found,) = findings(east, west, plan)
    assert (found.code, found.severity) == ("MoveReadsData", "info")
    assert "up to 40.0 GiB are read at each site with all VMs off, the size of 2 volumes" in found.message


def test_each_kind_is_listed_once_at_each_site(east: Site, west: Site) -> None:
    east.add(SERVICE, named("web", spec={"selector": {"tier": "db"}}))
    findings(east, west)
    assert {name: count for name, count in (east.lists + west.lists).items() if count > 1} == {
        "NetworkAttachmentDefinition payroll": 2,  # of both sites
    }


def test_an_object_of_every_kind_that_belongs_to_a_vm_is_looked_at(east: Site, west: Site) -> None:
    for kind, item in (
        (SERVICE, named("web", spec={"selector": {"tier": "db"}})),
        (ROUTE, named("web", spec={"to": {"kind": "Service", "name": "web"}})),
        (ROUTE, owned_by(named("web-x7f2q", spec={"to": {"kind": "Service", "name": "web"}}), "Ingress", "web")),
        (ROUTE, named("other", spec={"to": {"kind": "Service", "name": "other"}})),
        (DATA_VOLUME, named("db-0", spec={"source": {"blank": {}}})),
        (DATA_VOLUME, named("unused", spec={"source": {"blank": {}}})),
    ):
        del item["metadata"]["labels"]
        east.add(kind, item)
    for kind, name in ((VM, "db-0"), (PVC, "db-0"), (SECRET, "db-0-cloudinit")):
        del east.objects[kind.kind, "payroll", name]["metadata"]["labels"][LABEL]
    assert codes(findings(east, west)) == [
        "NotProtected VirtualMachine/payroll/db-0 east",
        "NotProtected PersistentVolumeClaim/payroll/db-0 east",
        "NotProtected Secret/payroll/db-0-cloudinit east",
        "NotProtected Service/payroll/web east",
        "NotProtected DataVolume/payroll/db-0 east",
        "NotProtected Route/payroll/web east",
    ]


def test_the_claim_of_a_state_that_lacks_the_label_is_told_once_with_what_would_be_lost(east: Site, west: Site) -> None:
    east.objects["VirtualMachine", "payroll", "db-0"]["spec"]["template"]["spec"]["domain"]["devices"]["tpm"] = {
        "persistent": True
    }
    east.add(PVC, claim("persistent-state-for-db-0-x7k2p", labels={"persistent-state-for": "db-0"}))
    assert codes(findings(east, west)) == ["StateNotProtected VirtualMachine/payroll/db-0 east"]


def test_a_vm_that_the_plan_does_not_select_is_seen_where_it_shares_a_disk(east: Site, west: Site) -> None:
    stranger = with_volume(vm("stranger"), {"persistentVolumeClaim": {"claimName": "db-0"}}, {"disk": {}})
    east.add(VM, stranger)
    assert codes(findings(east, west)) == ["SharedVolume PersistentVolumeClaim/payroll/db-0 east"]


@pytest.mark.parametrize(
    ("status", "provider", "remedy"),
    [
        (GroupStatus("payroll", "east", "unknown", "unknown", "none"), "ceph_rbd", "rbd flatten"),
        (GroupStatus("payroll", "east", "primary", "error", "outgoing"), "csi_addons", "flattenMode"),
        (GroupStatus("payroll", "east", "unknown", "unknown", "none"), "nfs", ""),
        (PRIMARY, "ceph_rbd", ""),
    ],
)
def test_a_clone_is_told_until_its_group_is_replicated_well(
    east: Site, west: Site, status: GroupStatus, provider: str, remedy: str
) -> None:
    source = {"kind": "VolumeSnapshot", "name": "rhel9"}
    east.objects["PersistentVolumeClaim", "payroll", "db-0"]["spec"]["dataSource"] = source
    found = findings(east, west, status=status, provider=provider)
    assert codes(found) == (["ClonedVolume PersistentVolumeClaim/payroll/db-0 east"] if remedy else [])
    assert all(remedy in finding.remedy for finding in found)


def test_a_network_that_the_target_lacks_is_found_there(east: Site, west: Site) -> None:
    west.objects.clear()
    assert codes(findings(east, west)) == ["NetworkAbsent NetworkAttachmentDefinition/payroll/vlan-2100 west"]


def test_a_mac_address_of_another_vm_at_the_target_is_found_and_those_of_an_earlier_stay_are_not(
    east: Site, west: Site
) -> None:
    theirs = protected_vm("db-0")
    theirs["metadata"] = {"name": "copy", "namespace": "test"}
    left_over = protected_vm("db-0")
    left_over["metadata"]["name"] = "gone-from-east"
    west.add(VM, theirs, left_over, halted(protected_vm("web-01"), "r-0"))
    assert codes(findings(east, west)) == ["MacDuplicate VirtualMachine/payroll/db-0 west"]


def test_a_name_that_is_taken_at_the_target_is_found_there(east: Site, west: Site) -> None:
    west.add(VM, protected_vm("web-01"))
    assert codes(findings(east, west)) == ["NameTaken VirtualMachine/payroll/web-01 west"]


def test_what_git_brought_to_the_target_takes_no_name(east: Site, west: Site) -> None:
    west.add(VM, protected_vm("web-01"))
    plan = plan_of(network=VLAN, replication={"provider": "ceph_rbd"}, metadata={"source": "gitops"})
    assert codes(findings(east, west, plan)) == []


def test_an_instancetype_of_the_cluster_is_looked_for_at_the_target(east: Site, west: Site) -> None:
    for name in ("db-0", "web-01"):
        east.objects["VirtualMachine", "payroll", name]["spec"]["instancetype"] = {"name": name}
    west.add(CLUSTER_INSTANCETYPE, {"metadata": {"name": "web-01"}})
    assert codes(findings(east, west)) == ["InstancetypeAbsent VirtualMachineClusterInstancetype/db-0 west"]


def test_a_target_that_does_not_answer_is_not_asked(east: Site) -> None:
    assert codes(findings(east, None)) == []


def test_a_kind_that_a_site_does_not_serve_has_no_objects(east: Site, west: Site) -> None:
    east.absent = (DATA_VOLUME, ROUTE)
    west.absent = (ATTACHMENT_DEFINITION,)
    assert codes(findings(east, west)) == ["NetworkAbsent NetworkAttachmentDefinition/payroll/vlan-2100 west"]


def test_p10_a_list_that_may_not_be_read_is_told_with_the_right_that_is_missing(east: Site, west: Site) -> None:
    east.forbidden, west.forbidden = (VMI,), (VM,)
    found = findings(east, west)
    assert codes(found) == [
        "NotChecked VirtualMachineInstance/payroll east",
        "NotChecked VirtualMachine west",
    ]
    assert {finding.remedy for finding in found} == {"grant the right"}
