# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import (
    CONFIG_MAP,
    KUBEVIRT,
    NAMESPACE,
    PV,
    PVC,
    ROUTE,
    SECRET,
    VM,
    VMI,
    Kind,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Failed, NotFound
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.checks.target_findings import TargetCheck
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.checks.volume_findings import VolumeView
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.inventory.protected import list_protected
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._planning.practice.practice_world import (
    LABEL,
    Object,
    claim,
    vm,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, plan_of

PLAN_LABEL = {"dr.ocpvirt.io/plan": "payroll"}
REF = {"nodeStageSecretRef": {"name": "rbd-node", "namespace": "ceph"}}
KMS = {"encrypted": "true", "encryptionKMSID": "vault"}


class Site(MemoryApi):
    """An API server that serves some groups; Secrets may be forbidden."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.served: dict[str, list[str]] = {}
        self.forbidden = False

    def raw(self, path: str) -> Any:
        if path not in self.served:
            raise NotFound("GET", site=self.site, on=path, status=404)
        return {"resources": [{"name": name} for name in self.served[path]]}

    def find(self, kind: Kind, name: str, namespace: str | None = None) -> Any:
        if self.forbidden and kind is SECRET:
            raise Failed("GET", site=self.site, on=f"Secret/{namespace}/{name}", status=403, next_step="grant it")
        return super().find(kind, name, namespace)

    def add(self, kind: Kind, *items: Object) -> None:
        for item in items:
            self.create(kind, {"kind": kind.kind, **copy.deepcopy(item)})


def pv(**attributes: str) -> Object:
    return {"metadata": {"name": "pvc-db-0"}, "spec": {"csi": {**REF, "volumeAttributes": attributes}}}


def kubevirt(version: str) -> Object:
    return {"metadata": {"name": "kv", "namespace": "kubevirt"}, "status": {"observedKubeVirtVersion": version}}


@pytest.fixture
def east() -> Site:
    site = Site("east")
    machine = vm()
    machine["metadata"]["labels"] |= PLAN_LABEL
    site.add(VM, machine)
    site.add(PVC, claim("db-0", labels={LABEL: "true"}))
    site.add(PV, pv())
    site.add(KUBEVIRT, kubevirt("v1.7.0"))
    return site


@pytest.fixture
def west() -> Site:
    site = Site("west")
    site.add(SECRET, {"metadata": {"name": "rbd-node", "namespace": "ceph"}})
    site.add(KUBEVIRT, kubevirt("v1.7.0"))
    return site


def codes(east: Site, west: Site, after: Object | None = None) -> list[str]:
    plan = plan_of()
    found = list_protected(plan, east)  # type: ignore[arg-type]
    volumes = VolumeView(pairs=[("payroll/db-0", pv(), after or pv())])
    seen = TargetCheck(plan, east, west, found, volumes).findings()  # type: ignore[arg-type]
    assert all(finding.message and finding.remedy for finding in seen)
    return [f"{finding.code} {finding.on} {finding.site}" for finding in seen]


def test_a_target_at_which_everything_is_in_order_has_no_finding(east: Site, west: Site) -> None:
    assert codes(east, west) == []


def test_p1_a_vm_that_runs_at_both_sites_is_found(east: Site, west: Site) -> None:
    machine = vm()
    machine["metadata"]["labels"] |= PLAN_LABEL
    west.add(VM, machine)
    for site in (east, west):
        site.add(VMI, {"metadata": machine["metadata"]})
    assert codes(east, west) == ["RunningAtBoth VirtualMachineInstance/payroll/db-0 west"]


def test_a_key_service_is_looked_for_where_the_target_has_its_secrets(east: Site, west: Site) -> None:
    assert codes(east, west, pv(**KMS)) == ["KeyServiceAbsent ConfigMap/ceph/csi-kms-connection-details west"]
    west.add(
        CONFIG_MAP, {"metadata": {"name": "csi-kms-connection-details", "namespace": "ceph"}, "data": {"vault": ""}}
    )
    assert codes(east, west, pv(**KMS)) == []


def test_a_kind_that_the_target_does_not_serve_is_found(east: Site, west: Site) -> None:
    east.add(
        ROUTE, {"metadata": {"name": "web", "namespace": "payroll"}, "spec": {"to": {"kind": "Service", "name": "web"}}}
    )
    service = {"metadata": {"name": "web", "namespace": "payroll"}, "spec": {"selector": {"tier": "db"}}}
    east.create(Kind("", "v1", "services", "Service"), service)
    assert codes(east, west) == ["KindAbsent CustomResourceDefinition/routes.route.openshift.io west"]
    west.served = {"/apis/route.openshift.io/v1": ["routes", "routes/status"]}
    assert codes(east, west) == []


def test_another_application_in_the_namespace_is_found_and_what_both_sites_have_is_not(east: Site, west: Site) -> None:
    west.add(NAMESPACE, {"metadata": {"name": "payroll", "ownerReferences": [{"kind": "Tenant", "name": "hr"}]}})
    jump_host = vm("jump-host")
    del jump_host["metadata"]["labels"][LABEL]
    for site in (east, west):
        site.add(VM, jump_host)
    assert codes(east, west) == ["NamespaceOwned Namespace/payroll west"]
    west.add(PVC, claim("ledger"))
    assert codes(east, west) == ["NamespaceOwned Namespace/payroll west", "NamespaceShared Namespace/payroll west"]


def test_p10_one_look_that_is_not_allowed_hides_nothing_of_the_others(east: Site, west: Site) -> None:
    west.forbidden = True
    west.objects["KubeVirt", "kubevirt", "kv"]["status"]["observedKubeVirtVersion"] = "v1.6.0"
    assert codes(east, west) == ["NotChecked Secret/ceph/rbd-node west", "KubeVirtOlder KubeVirt/kubevirt/kv west"]
