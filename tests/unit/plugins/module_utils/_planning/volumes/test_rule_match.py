# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.volumes.rule_match import RuleMatcher

NFS = {"storageClassName": "fast", "nfs": {"server": "192.0.2.10", "path": "/exports/payroll/pv-1"}}
CSI = {
    "storageClassName": "ceph",
    "csi": {
        "driver": "rbd.csi.ceph.com",
        "volumeHandle": "0001-0009-rook-ceph-0000000000000002-7b3e",
        "volumeAttributes": {"pool": "replicated", "clusterID": "east"},
    },
}


def matched(match: dict[str, Any], spec: dict[str, Any]) -> dict[str, str] | None:
    metadata = {"name": "pv-1", "labels": {"tier": "db"}, "annotations": {"example.org/array": "vsp-1"}}
    pv = {"metadata": metadata, "spec": spec}
    return RuleMatcher(match).captures(pv, {"metadata": {"namespace": "payroll"}})


ISCSI = {"iscsi": {"targetPortal": "a:3260", "portals": ["b:3260", "c:3260"], "lun": 3, "secretRef": {"name": "chap"}}}
CEPH = {"csi": {**CSI["csi"], "nodeStageSecretRef": {"name": "node", "namespace": "storage"}, "readOnly": True}}


@pytest.mark.parametrize(
    ("match", "spec"),
    [
        ({}, NFS),
        ({"name": "pv-[0-9]+"}, NFS),
        ({"namespace": ["payroll", "web"]}, NFS),
        ({"storage_class": ["fast"]}, NFS),
        ({"storage_class": [""]}, {"nfs": {}}),
        ({"nfs": {}}, NFS),
        ({"nfs": {"server": ["192.0.2.10", "198.51.100.10"]}}, NFS),
        ({"nfs": {"path": "/exports/.*"}}, NFS),
        ({"csi": {"driver": ["rbd.csi.ceph.com"]}}, CSI),
        ({"csi": {"volumeHandle": "0001-.*-7b3e"}}, CSI),
        ({"csi": {"volumeAttributes": {"clusterID": ["east", "west"]}}}, CSI),
        ({"csi": {"driver": ["rbd.csi.ceph.com"]}, "storage_class": ["ceph"]}, CSI),
        ({"csi": {"nodeStageSecretRef": {"name": ["node"], "namespace": ["storage", "x"]}}}, CEPH),
        ({"csi": {"readOnly": True}}, CEPH),
        ({"csi": {"readOnly": False}}, CSI),
        ({"iscsi": {"lun": [3, 4], "portals": ["c:3260", "x"]}}, ISCSI),
        ({"iscsi": {"secretRef": {"name": ["chap"]}}}, ISCSI),
        ({"iscsi": {"chapAuthSession": False}}, ISCSI),
        ({"fc": {"wwids": ["1", "2"]}}, {"fc": {"wwids": ["2"]}}),
        ({"local": {"path": "/mnt/.+"}}, {"local": {"path": "/mnt/a"}}),
        ({"vsphereVolume": {"volumePath": r"\[a\] .+"}}, {"vsphereVolume": {"volumePath": "[a] b.vmdk"}}),
        ({"rbd": {"image": "db-.*", "pool": ["vms"]}}, {"rbd": {"image": "db-0", "pool": "vms"}}),
        ({"labels": {"tier": ["db", "app"]}, "annotations": {"example.org/array": "vsp-.*"}}, NFS),
    ],
)
def test_a_rule_matches(match, spec) -> None:
    assert matched(match, spec) == {}


@pytest.mark.parametrize(
    ("match", "spec"),
    [
        ({"name": "pv"}, NFS),
        ({"namespace": ["web"]}, NFS),
        ({"storage_class": ["slow"]}, NFS),
        ({"nfs": {}}, CSI),
        ({"csi": {}}, NFS),
        ({"nfs": {"server": ["198.51.100.10"]}}, NFS),
        ({"nfs": {"path": "/exports"}}, NFS),
        ({"csi": {"driver": ["nfs.csi.k8s.io"]}}, CSI),
        ({"csi": {"volumeHandle": "0001"}}, CSI),
        ({"csi": {"volumeAttributes": {"clusterID": ["west"]}}}, CSI),
        ({"csi": {"volumeAttributes": {"journalPool": ["any"]}}}, CSI),
        ({"csi": {"volumeAttributes": {"pool": ["any"]}}}, {"csi": {"driver": "a", "volumeHandle": "b"}}),
        ({"csi": {"fsType": ["ext4"]}}, CSI),
        ({"name": "pv-1", "namespace": ["web"]}, NFS),
        ({"csi": {"nodeStageSecretRef": {"name": ["other"]}}}, CEPH),
        ({"csi": {"nodeStageSecretRef": {"name": ["node"]}}}, CSI),
        ({"csi": {"readOnly": True}}, CSI),
        ({"iscsi": {"lun": [4]}}, ISCSI),
        ({"iscsi": {"portals": ["a:3260"]}}, ISCSI),
        ({"fc": {"wwids": ["1"]}}, {"fc": {"lun": 1}}),
        ({"labels": {"tier": ["app"]}}, NFS),
        ({"labels": {"absent": ["db"]}}, NFS),
        ({"annotations": {"example.org/array": "vsp"}}, NFS),
        ({"annotations": {"absent": ".*"}}, NFS),
    ],
)
def test_a_rule_does_not_match(match, spec) -> None:
    assert matched(match, spec) is None


def test_named_captures_of_all_expressions_are_given_back() -> None:
    match = {"name": "pv-(?P<number>[0-9]+)", "nfs": {"path": "/exports/(?P<tenant>[^/]+)/.*"}}
    assert matched(match, NFS) == {"number": "1", "tenant": "payroll"}


def test_an_annotation_is_captured_from() -> None:
    assert matched({"annotations": {"example.org/array": "vsp-(?P<number>.+)"}}, NFS) == {"number": "1"}


def test_metadata_may_have_no_labels_or_annotations() -> None:
    matcher = RuleMatcher({"labels": {"tier": ["db"]}})
    assert matcher.captures({"metadata": {"name": "a", "labels": None}, "spec": {}}, {}) is None
    assert matcher.captures({"metadata": {"name": "a"}, "spec": {}}, {}) is None


def test_a_capture_that_took_no_part_is_empty() -> None:
    assert matched({"name": "pv-1(?P<suffix>-.*)?"}, NFS) == {"suffix": ""}
