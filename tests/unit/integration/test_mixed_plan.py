# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan over NFS and Ceph gives every claim one group, and what its rules make of a volume is what is intended."""

from __future__ import annotations

import copy

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan_parser import parse_plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.volumes.patch import patch_volume
from ansible_collections.ocpvirt.dr.tests.integration import mixed_storage
from ansible_collections.ocpvirt.dr.tests.integration.comparison import differences
from ansible_collections.ocpvirt.dr.tests.integration.intended_differences import intended
from demo.workload import Vm, manifests, plan_document


def _site(name, octet):
    ceph = {
        "command": [f"/nowhere/{name}.enter"],
        "pool": "rbd",
        "pool_id": octet,
        "fsid": f"0e9b7cce-b0fc-4539-bc15-c41aae18fa{octet:02x}",
        "storage_class": f"{name}-rbd",
        "driver": "rbd.csi.ceph.com",
    }
    return {
        "kubeconfig": f"/nowhere/{name}",
        "storage_url": f"http://192.0.2.{octet}:8049",
        "replication_peer": f"http://192.0.2.{octet}:8050",
        "export_prefix": f"/{name}",
        "nfs_server": f"192.0.2.{octet}",
        "storage_class": f"{name}-nfs",
        "ceph": ceph,
    }


SITES = {"east": _site("east", 10), "west": _site("west", 20)}
STORAGES = {"nfs": mixed_storage.NFS, "ceph_rbd": mixed_storage.CEPH}
ADDRESSES = {
    "nfs": [("nfs", "server"), ("nfs", "path"), ("storageClassName",)],
    "ceph_rbd": [("csi", "volumeHandle"), ("csi", "volumeAttributes", "clusterID"), ("storageClassName",)],
}


@pytest.fixture
def plan():
    document = plan_document({"sites": SITES})
    document["replication"] = mixed_storage.replication(SITES)
    document["volumes"]["rules"] = mixed_storage.volume_rules(SITES)
    return parse_plan(document)


def volume(storage):
    made = manifests([Vm("db-0", "db", "Always", True, 1)], SITES["east"], storage=STORAGES[storage])
    by_kind = {item["kind"]: item for item in made}
    return by_kind["PersistentVolume"], by_kind["PersistentVolumeClaim"]


def problems(before, after):
    """Of the fields that the storages' rules set."""
    rows = [row for row in intended("export", ("nfs", "ceph_rbd"), SITES) if row.path[:1] == ("spec",)]
    found = differences({"PersistentVolume/pv": before}, {"PersistentVolume/pv": after})
    return [item.path[1:] for item in found if item.path[:1] == ("spec",) and not any(row.covers(item) for row in rows)]


@pytest.mark.parametrize(("labels", "provider"), [({"tier": "db"}, "nfs"), (mixed_storage.LABELS, "ceph_rbd")])
def test_every_claim_has_one_group(plan, labels, provider):
    assert [group.provider for group in plan.group_for(labels)] == [provider]


@pytest.mark.parametrize("storage", list(STORAGES))
def test_what_the_rules_make_is_intended(plan, storage):
    pv, claim = volume(storage)
    made = patch_volume(pv, claim, plan.rules, "west").pv
    made["spec"]["claimRef"] = pv["spec"]["claimRef"]
    assert problems(pv, made) == []


@pytest.mark.parametrize(("storage", "path"), [(name, path) for name, paths in ADDRESSES.items() for path in paths])
def test_p2_any_other_address_is_not_intended(plan, storage, path):
    pv, claim = volume(storage)
    made = copy.deepcopy(patch_volume(pv, claim, plan.rules, "west").pv)
    made["spec"]["claimRef"] = pv["spec"]["claimRef"]
    inner = made["spec"]
    for part in path[:-1]:
        inner = inner[part]
    inner[path[-1]] += "0"
    assert problems(pv, made) == [path]
