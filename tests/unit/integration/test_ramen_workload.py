# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's Ramen restores a workload again and again until all of it is bound, and unbinds nothing by that."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.ocpvirt.dr.tests.integration.products import ramen_workload
from ansible_collections.ocpvirt.dr.tests.integration.products.ramen_workload import Workload
from demo.storages import STORAGES

SITES = {
    name: {"storage_class": f"{name}-nfs", "nfs_server": f"192.0.2.{octet}", "export_prefix": f"/{name}"}
    for octet, name in enumerate(("east", "west"))
}


class Cluster:
    """Binds nothing by itself."""

    def __init__(self, *items):
        self.items = {(item["kind"], item["metadata"]["name"]): item for item in items}
        self.patched = []

    def list(self, kind, _namespace=None):
        return [{**item} for (of, _name), item in self.items.items() if of == kind]

    def create(self, item):
        self.items[item["kind"], item["metadata"]["name"]] = item

    def patch(self, kind, name, _namespace, body):
        self.patched.append((kind, name, body))


def volume(phase):
    claim = {"kind": "PersistentVolumeClaim", "namespace": "payroll", "name": "db-0", "uid": "1"}
    spec = {"claimRef": claim, "storageClassName": "east-nfs", "capacity": {"storage": "1Gi"}}
    return {"kind": "PersistentVolume", "metadata": {"name": "pv-db-0"}, "spec": spec, "status": {"phase": phase}}


def claim():
    meta = {"name": "db-0", "namespace": "payroll", "annotations": {"pv.kubernetes.io/bind-completed": "yes"}}
    spec = {"volumeName": "pv-db-0", "storageClassName": "east-nfs"}
    return {"kind": "PersistentVolumeClaim", "metadata": meta, "spec": spec, "status": {"phase": "Bound"}}


@pytest.fixture
def clusters():
    vm = {"kind": "VirtualMachine", "metadata": {"name": "db-0", "namespace": "payroll"}, "spec": {}}
    return {"east": Cluster(volume("Bound"), claim(), vm), "west": Cluster()}


@pytest.fixture
def workload(clusters, monkeypatch):
    monkeypatch.setattr(ramen_workload, "Cluster", lambda kubeconfig: clusters[kubeconfig])
    world = SimpleNamespace(
        sites=SITES,
        vms=[SimpleNamespace(name="db-0")],
        storage=STORAGES["ramen"],
        cluster=lambda site: SimpleNamespace(kubeconfig=site),
    )
    made = Workload(world)
    made.capture("east")
    return made


def test_a_volume_that_was_restored_a_moment_ago_stays_bound(workload, clusters):
    """A claim whose volume forgets its uid is Lost."""
    workload.restore("west")
    clusters["west"].items["PersistentVolume", "pv-db-0"]["status"] = {"phase": "Bound"}
    workload.restore("west")
    assert clusters["west"].patched == []


def test_a_volume_of_a_claim_that_was_deleted_takes_the_next_one(workload, clusters):
    clusters["west"].create(volume("Released"))
    workload.restore("west")
    ((kind, name, body),) = clusters["west"].patched
    assert (kind, name) == ("PersistentVolume", "pv-db-0")
    assert body == {"spec": {"claimRef": {"uid": None, "resourceVersion": None}}}


def test_claims_and_volumes_are_restored_unbound_with_the_class_of_the_site(workload, clusters):
    workload.restore("west")
    pv = clusters["west"].items["PersistentVolume", "pv-db-0"]["spec"]
    pvc = clusters["west"].items["PersistentVolumeClaim", "db-0"]
    assert (pv["storageClassName"], pvc["spec"]["storageClassName"]) == ("west-nfs", "west-nfs")
    assert "uid" not in pv["claimRef"]
    assert pvc["metadata"]["annotations"] == {}
