"""The rules that the demo's storages put into a plan turn a PV of one site into the other site's."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan_parser import parse_plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.volumes.patch import patch_volume
from demo.storages import STORAGES, storage_of
from demo.workload import Vm, manifests, plan_document
from ocpvirt_lab import ssh
from ocpvirt_lab.csi_addons_objects import NFS, RBD, environment
from ocpvirt_lab.layout import SITES as LAB_SITES
from ocpvirt_lab.state import LabFolder

PATCHED = ("nfs", "nfs_csi", "nfs_ssh", "ceph_rbd", "ceph_rbd_journal", "csi_addons_ceph", "custom", "ibm")
TIERS = ("db", "app", "web")
ON_EACH = [*((name, "db") for name in PATCHED), *(("three_products", tier) for tier in TIERS)]


def _site(name: str, octet: int) -> dict[str, object]:
    return {
        "kubeconfig": f"/nowhere/{name}",
        "storage_url": f"http://192.0.2.{octet}:8049",
        "replication_peer": f"http://192.0.2.{octet}:8050",
        "export_prefix": f"/{name}",
        "nfs_server": f"192.0.2.{octet}",
        "storage_class": f"{name}-nfs",
        "ceph": {
            "command": [f"/nowhere/{name}.enter"],
            "pool": "rbd",
            "pool_id": octet,
            "fsid": f"0e9b7cce-b0fc-4539-bc15-c41aae18fa{octet:02x}",
            "storage_class": f"{name}-rbd",
            "driver": "rbd.csi.ceph.com",
        },
        "ssh": ssh.environment(LabFolder("one", Path("/nowhere")), name, 4022) if name in LAB_SITES else {},
        "csi_addons": environment(NFS, "east"),
        "csi_addons_ceph": environment(RBD, "east"),
    }


SITES = {"east": _site("east", 10), "west": _site("west", 20)}


@pytest.mark.parametrize(("name", "tier"), ON_EACH)
@pytest.mark.parametrize(("source", "target"), list(itertools.permutations(SITES)))
def test_rules_make_the_other_sites_volume(name, tier, source, target):
    storage = STORAGES[name]
    plan = parse_plan(plan_document({"sites": SITES}, storage=storage))
    vms = [Vm(f"{tier}-0", tier, "Always", True, 1)]
    made = {
        site: {item["kind"]: item for item in manifests(vms, SITES[site], storage=storage)} for site in (source, target)
    }
    claims = [made[site]["PersistentVolumeClaim"] for site in (source, target)]
    volumes = [made[site]["PersistentVolume"] for site in (source, target)]
    decided = patch_volume(volumes[0], claims[0], plan.rules, target)
    differing = [key for key in volumes[1]["spec"] if decided.pv["spec"][key] != volumes[1]["spec"][key]]
    # patching adds the API version, which is no difference
    assert differing == ["claimRef"]
    assert decided.pvc["spec"] == claims[1]["spec"]
    part = storage_of(storage, f"{tier}-0")
    assert part.address(SITES[target]) in str(decided.pv)
    assert part.address(SITES[source]) not in str(decided.pv)


def test_each_tier_of_three_products_is_a_group_on_a_product_of_its_own():
    plan = parse_plan(plan_document({"sites": SITES}, storage=STORAGES["three_products"]))
    found = {tier: [group.provider for group in plan.group_for({"tier": tier})] for tier in (*TIERS, "batch")}
    assert found == {"db": ["nfs"], "app": ["csi_addons"], "web": ["ceph_rbd"], "batch": ["nfs"]}


@pytest.mark.parametrize("name", PATCHED)
def test_a_volume_of_a_third_cluster_is_refused(name):
    storage = STORAGES[name]
    plan = parse_plan(plan_document({"sites": SITES}, storage=storage))
    strange = manifests([Vm("db-0", "db", "Always", True, 1)], _site("north", 30), storage=storage)
    volume, claim = (
        next(item for item in strange if item["kind"] == kind) for kind in ("PersistentVolume", "PersistentVolumeClaim")
    )
    with pytest.raises(Refused, match="no rule of 1 matches"):
        patch_volume(volume, claim, plan.rules, "west")


def test_a_volumes_handle_is_ceph_csis():
    handle = STORAGES["ceph_rbd"].source(SITES["east"], "db-0")["csi"]["volumeHandle"]
    assert handle.startswith("0001-0024-0e9b7cce-b0fc-4539-bc15-c41aae18fa0a-000000000000000a-")
    assert len(handle.removeprefix("0001-0024-0e9b7cce-b0fc-4539-bc15-c41aae18fa0a-000000000000000a-")) == 36
