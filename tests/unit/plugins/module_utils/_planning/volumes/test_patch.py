# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of a volume and its claim on their way to the other site."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.volumes.compare import differences
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.volumes.patch import patch_volume
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._planning.volumes.nfs_volumes import (
    CSI_NFS_PV,
    CSI_NFS_RULES,
    NFS_PV,
    NFS_RULES,
    decide,
    pvc,
    rules,
)


def test_an_nfs_volume_gets_the_targets_server_path_and_class() -> None:
    assert decide(NFS_PV).pv == {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": "pv-1", "labels": {"tier": "db"}, "annotations": {"example.org/owner": "payroll"}},
        "spec": {
            "capacity": {"storage": "10Gi"},
            "accessModes": ["ReadWriteMany"],
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": "west-nfs",
            "volumeMode": "Filesystem",
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "namespace": "payroll",
                "name": "db-0",
            },
            "nfs": {"server": "198.51.100.10", "path": "/dr/payroll/pv-1"},
        },
    }


def test_the_claim_is_bound_by_name_in_the_targets_class_and_nothing_populates_it() -> None:
    assert decide(NFS_PV).pvc == {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "db-0", "namespace": "payroll", "labels": {"tier": "db"}},
        "spec": {
            "accessModes": ["ReadWriteMany"],
            "resources": {"requests": {"storage": "10Gi"}},
            "storageClassName": "west-nfs",
            "volumeMode": "Filesystem",
            "volumeName": "pv-1",
        },
    }


def test_a_csi_nfs_volume_gets_the_targets_handle_and_attributes() -> None:
    assert decide(CSI_NFS_PV, CSI_NFS_RULES).pv["spec"]["csi"] == {
        "driver": "nfs.csi.k8s.io",
        "volumeHandle": "198.51.100.10#dr#pvc-42##",
        "volumeAttributes": {
            "server": "198.51.100.10",
            "share": "/dr",
            "subdir": "pvc-42",
            "csi.storage.k8s.io/pv/name": "pv-1",
        },
    }


@pytest.mark.parametrize(
    ("volume", "rules_text", "source"), [(NFS_PV, NFS_RULES, "nfs"), (CSI_NFS_PV, CSI_NFS_RULES, "csi")]
)
def test_the_way_back_gives_the_source_that_was_at_home(volume: dict[str, Any], rules_text: str, source: str) -> None:
    there = decide(volume, rules_text)
    back = patch_volume(there.pv, there.pvc, rules(rules_text), "east")
    assert back.pv["spec"][source] == volume["spec"][source]


@pytest.mark.parametrize(
    "changed",
    [
        {"replication.storage.openshift.io/volume-replication-name": "db"},
        {"kubectl.kubernetes.io/last-applied-configuration": "{}"},
        {"volume.kubernetes.io/storage-provisioner": "nfs.csi.k8s.io"},
    ],
)
def test_annotations_of_the_old_clusters_controllers_are_dropped(changed: dict[str, str]) -> None:
    decision = decide(NFS_PV, claim=pvc(annotations={**changed, "example.org/kept": "yes"}))
    assert decision.pvc["metadata"]["annotations"] == {"example.org/kept": "yes"}


def test_p2_a_claim_of_a_datavolume_is_marked_as_populated() -> None:
    owner = {"apiVersion": "cdi.kubevirt.io/v1beta1", "kind": "DataVolume", "name": "db-0-disk", "uid": "1"}
    meta = decide(NFS_PV, claim=pvc(ownerReferences=[owner])).pvc["metadata"]
    assert meta["annotations"] == {"cdi.kubevirt.io/storage.populatedFor": "db-0-disk"}


def test_a_claim_of_another_owner_is_not_marked_as_populated() -> None:
    owner = {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db", "uid": "1"}
    assert "annotations" not in decide(NFS_PV, claim=pvc(ownerReferences=[owner])).pvc["metadata"]


def test_the_reasons_say_what_becomes_of_each_field() -> None:
    assert decide(NFS_PV).reasons == (
        "rule 0 matches nfs 192.0.2.10:/exports/payroll/pv-1",
        "nodeAffinity removed: it names nodes or zones of the other site",
        "nfs.server: '192.0.2.10' becomes '198.51.100.10'",
        "nfs.path: '/exports/payroll/pv-1' becomes '/dr/payroll/pv-1'",
        "storageClassName: 'east-nfs' becomes 'west-nfs'",
    )


def test_nothing_that_was_given_is_changed() -> None:
    volume, claim, given = copy.deepcopy(CSI_NFS_PV), pvc(), rules(CSI_NFS_RULES)
    before = copy.deepcopy((volume, claim, [(rule.match, rule.set) for rule in given]))
    decision = patch_volume(volume, claim, given, "west")
    decision.pv["spec"]["csi"]["volumeAttributes"]["subdir"] = "changed"
    decision.pvc["metadata"]["labels"]["changed"] = "yes"
    assert before == (volume, claim, [(rule.match, rule.set) for rule in given])


def test_p2_defaults_of_the_server_are_no_difference() -> None:
    decided = decide(NFS_PV).pv
    seen = copy.deepcopy(decided)
    seen["spec"]["claimRef"] |= {"uid": "new", "resourceVersion": "3"}
    seen["spec"]["nfs"]["readOnly"] = False
    seen["spec"]["volumeAttributesClassName"] = "gold"
    assert differences(decided, seen) == []


def test_p2_every_changed_or_missing_field_is_a_difference() -> None:
    decided = decide(NFS_PV).pv
    seen = copy.deepcopy(decided)
    seen["spec"]["nfs"]["server"] = "192.0.2.10"
    del seen["spec"]["claimRef"]
    seen["spec"]["accessModes"] = ["ReadWriteOnce"]
    assert differences(decided, seen) == [
        "accessModes: wanted ['ReadWriteMany'], is ['ReadWriteOnce']",
        f"claimRef: wanted {decided['spec']['claimRef']!r}, is None",
        "nfs.server: wanted '198.51.100.10', is '192.0.2.10'",
    ]


def test_the_decision_names_its_claim() -> None:
    assert decide(NFS_PV).claim == "payroll/db-0"
