# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each driver's check refuses or remarks, judged on the PV after its rule."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import VolumeRule
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.volumes.driver_dell import (
    REMOTE_CLASS,
    REMOTE_PV,
    REMOTE_VOLUME,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.volumes.patch import VolumeDecision, patch_volume

Object = dict[str, Any]


def volume(source: Object, annotations: Object | None = None) -> Object:
    return {
        "metadata": {"name": "pv-1", "annotations": annotations or {}},
        "spec": {
            "capacity": {"storage": "1Gi"},
            "claimRef": {"namespace": "payroll", "name": "db-0"},
            "storageClassName": "gold",
            **source,
        },
    }


def decide(pv: Object, sets: Object) -> VolumeDecision:
    """sets: what the rule sets at the target; at the other site it is called something else."""
    pvc = {"metadata": {"namespace": "payroll", "name": "db-0"}, "spec": {"volumeName": "pv-1"}}
    rule = VolumeRule(0, {}, {"east": dict.fromkeys(sets, "of-east"), "west": sets})
    return patch_volume(pv, pvc, [rule], "west")


def refused(pv: Object, sets: Object) -> Refused:
    with pytest.raises(Refused) as refusal:
        decide(pv, sets)
    assert refusal.value.on == "PersistentVolume/pv-1"
    assert refusal.value.next_step
    return refusal.value


def csi(driver: str, handle: str, /, **attributes: str) -> Object:
    return {"csi": {"driver": driver, "volumeHandle": handle, "volumeAttributes": attributes}}


# NFS


def test_an_nfs_path_is_absolute() -> None:
    error = refused(volume({"nfs": {"server": "a", "path": "/x"}}), {"nfs.path": "dr/x"})
    assert error.seen == "nfs.path is 'dr/x'"
    assert error.next_step == "correct volumes.rules[0].set.west (nfs.path)"


def test_an_nfs_volume_that_both_sites_share_is_remarked() -> None:
    decision = decide(volume({"nfs": {"server": "a", "path": "/x"}}), {})
    assert decision.reasons[-1] == "nfs.server and nfs.path are the same at both sites"


@pytest.mark.parametrize(
    ("handle", "attributes"),
    [
        ("a#srv/vms#dir##", {"server": "a", "share": "/srv/vms", "subdir": "dir"}),
        ("a#srv/vms#dir#uuid#retain", {"server": "a", "share": "/srv/vms", "subDir": "dir"}),
        ("a/srv/vms/dir", {"server": "a", "share": "srv/vms", "subdir": "dir"}),
        ("a/share##", {"server": "a", "share": "/share"}),
        ("any-name", {"server": "a", "share": "/share"}),
    ],
)
def test_handle_and_attributes_of_one_nfs_directory_are_allowed(handle: str, attributes: dict[str, str]) -> None:
    pv = volume(csi("nfs.csi.k8s.io", "old#old#old##", **attributes))
    assert decide(pv, {"csi.volumeHandle": handle}).pv["spec"]["csi"]["volumeHandle"] == handle


@pytest.mark.parametrize(
    ("handle", "told"),
    [
        ("b#srv/vms#dir##", "says server 'b', csi.volumeAttributes.server says 'a'"),
        ("a#srv/dr#dir##", "says share 'srv/dr', csi.volumeAttributes.share says '/srv/vms'"),
        ("a#srv/vms#other##", "says subdir 'other', csi.volumeAttributes.subdir says 'dir'"),
        ("b/srv/vms/dir", "says server 'b'"),
        ("b/srv/vms##", "says server 'b'"),
    ],
)
def test_p2_an_nfs_handle_that_says_otherwise_than_the_attributes_is_refused(handle: str, told: str) -> None:
    pv = volume(csi("nfs.csi.k8s.io", "old#old#old##", server="a", share="/srv/vms", subdir="dir"))
    error = refused(pv, {"csi.volumeHandle": handle})
    assert told in str(error.seen)
    assert "server#share#subdir#uuid#onDelete" in str(error.next_step)


def test_an_nfs_volume_without_a_share_is_refused() -> None:
    error = refused(volume(csi("nfs.csi.k8s.io", "any", server="a")), {"csi.volumeHandle": "other"})
    assert "csi.volumeAttributes.share is absent" in str(error.seen)


# Ceph

UUID = "65fa5cb4-1f88-4c4a-9b33-f2ab83b87e29"


def handle(cluster: str, pool: int = 2, uuid: str = UUID) -> str:
    return f"0001-{len(cluster):04x}-{cluster}-{pool:016x}-{uuid}"


def rbd(cluster: str = "east", **attributes: str) -> Object:
    return volume(
        csi(
            "rbd.csi.ceph.com", handle("east"), clusterID=cluster, imageName=f"csi-vol-{UUID}", pool="vms", **attributes
        )
    )


@pytest.mark.parametrize(
    ("sets", "reason"),
    [
        (
            {"csi.volumeHandle": handle("west", 7), "csi.volumeAttributes.clusterID": "west"},
            "handle and clusterID name the cluster 'west', and pool 7",
        ),
        (
            {"csi.volumeAttributes.clusterID": "west"},
            "the handle keeps cluster 'east' and pool 2: cluster-mapping.json of ceph-csi at west must map them to"
            " 'west' (clusterIDMapping, RBDPoolIDMapping)",
        ),
        (
            {},
            "handle and clusterID 'east' are the same at both sites: pool id 2 must be the same as well, or mapped by"
            " RBDPoolIDMapping in ceph-csi's cluster-mapping.json",
        ),
    ],
)
def test_an_rbd_volume_is_found_by_its_handle_or_by_the_cluster_mapping(sets: Object, reason: str) -> None:
    assert decide(rbd(), sets).reasons[-1] == reason


@pytest.mark.parametrize(
    ("sets", "told"),
    [
        ({"csi.volumeHandle": handle("west", 7)}, "names the cluster 'west', csi.volumeAttributes.clusterID 'east'"),
        ({"csi.volumeHandle": f"0001-0009-west-{7:016x}-{UUID}"}, "its cluster id has 9 characters, 'west' has 4"),
        ({"csi.volumeHandle": "west-7"}, "no handle of a volume that ceph-csi provisioned"),
        ({"csi.volumeHandle": handle("east", 7, UUID.replace("6", "7"))}, f"imageName says 'csi-vol-{UUID}'"),
    ],
)
def test_p2_an_rbd_handle_that_does_not_fit_is_refused(sets: Object, told: str) -> None:
    assert told in str(refused(rbd(), sets).seen)


def test_an_rbd_volume_without_a_cluster_is_refused() -> None:
    pv = volume(csi("rbd.csi.ceph.com", handle("east"), pool="vms"))
    assert "csi.volumeAttributes.clusterID is absent" in str(refused(pv, {}).seen)


def test_a_static_rbd_volume_wants_its_cluster_set() -> None:
    pv = volume(csi("rbd.csi.ceph.com", "image-1", clusterID="east", pool="vms", staticVolume="true"))
    assert "csi.volumeAttributes.clusterID" in str(refused(pv, {}).seen)
    reasons = decide(pv, {"csi.volumeAttributes.clusterID": "west"}).reasons
    assert reasons[-1] == "a static volume: the handle 'image-1' is the name of its image"


def cephfs() -> Object:
    name = f"csi-vol-{UUID}"
    return volume(csi("cephfs.csi.ceph.com", handle("east", 1), clusterID="east", fsName="fs", subvolumeName=name))


@pytest.mark.parametrize(
    "sets",
    [
        {"csi.volumeAttributes.clusterID": "west"},
        {"csi.volumeAttributes.clusterID": "west", "csi.volumeHandle": handle("west", 1)},
    ],
)
def test_p2_a_provisioned_cephfs_volume_is_not_led_to_another_cluster(sets: Object) -> None:
    error = refused(cephfs(), sets)
    assert "whose journal does not know it" in str(error.seen)
    assert 'csi.volumeAttributes.staticVolume) "true"' in str(error.next_step)


def test_a_cephfs_volume_of_one_stretched_cluster_is_allowed() -> None:
    assert decide(cephfs(), {}).reasons[-1].endswith("are the same at both sites: both reach one Ceph cluster")


def test_a_static_cephfs_volume_wants_its_directory_and_cluster_set() -> None:
    pv = volume(csi("cephfs.csi.ceph.com", "files", clusterID="east", staticVolume="true", rootPath="/v"))
    assert "rootPath" in str(refused(pv, {"csi.volumeAttributes.clusterID": "west"}).seen)
    assert "clusterID" in str(refused(pv, {"csi.volumeAttributes.rootPath": "/w"}).seen)


# Dell

NOTE = {"volume_id": "w/PSwest/scsi", "volume_context": {"arrayID": "PSwest"}, "capacity_bytes": 1}
POWERSTORE = csi("csi-powerstore.dellemc.com", "e/PSeast/scsi", arrayID="PSeast", size="1")


def test_dells_note_gives_the_remote_volume_and_is_turned_round() -> None:
    notes = {REMOTE_VOLUME: json.dumps(NOTE), REMOTE_PV: "pv-1", REMOTE_CLASS: "gold-west"}
    there = decide(volume(POWERSTORE, notes), {}).pv
    assert there["spec"]["csi"] == csi("csi-powerstore.dellemc.com", "w/PSwest/scsi", arrayID="PSwest")["csi"]
    assert there["spec"]["storageClassName"] == "gold-west"
    turned = there["metadata"]["annotations"]
    assert json.loads(turned[REMOTE_VOLUME]) == {
        "volume_id": "e/PSeast/scsi",
        "volume_context": {"arrayID": "PSeast", "size": "1"},
        "capacity_bytes": 1,
    }
    assert (turned[REMOTE_PV], turned[REMOTE_CLASS]) == ("pv-1", "gold")


@pytest.mark.parametrize(
    "note",
    [
        "",
        "{",
        "[]",
        '"x"',
        "{}",
        '{"volume_id": ""}',
        '{"volume_id": 1}',
        '{"volume_id": "a", "volume_context": []}',
        '{"volume_id": "a", "volume_context": {"b": 1}}',
    ],
)
def test_a_note_of_dell_that_says_nothing_is_refused(note: str) -> None:
    assert f"its annotation {REMOTE_VOLUME} is" in str(refused(volume(POWERSTORE, {REMOTE_VOLUME: note}), {}).seen)


@pytest.mark.parametrize(
    ("sets", "field"),
    [
        ({"csi.volumeHandle": "x/PSwest/scsi"}, "csi.volumeHandle"),
        ({"csi.volumeAttributes.arrayID": "PSother"}, "csi.volumeAttributes"),
        ({"storageClassName": "silver"}, "storageClassName"),
    ],
)
def test_p2_a_rule_that_contradicts_dells_note_is_refused(sets: Object, field: str) -> None:
    error = refused(volume(POWERSTORE, {REMOTE_VOLUME: json.dumps(NOTE), REMOTE_CLASS: "gold-west"}), sets)
    assert str(error.seen).startswith(f"rule 0 makes {field} ")
    assert error.next_step == f"leave {field} out of volumes.rules[0].set, at both sites"


def test_a_replica_of_another_name_is_refused() -> None:
    notes = {REMOTE_VOLUME: json.dumps(NOTE), REMOTE_PV: "replicated-pv-1"}
    assert "'replicated-pv-1'" in str(refused(volume(POWERSTORE, notes), {}).seen)


def test_p2_a_dell_volume_without_a_note_wants_its_handle_set() -> None:
    error = refused(volume(POWERSTORE), {})
    assert f"the PV has no annotation {REMOTE_VOLUME}" in str(error.seen)
    assert "volume_context" in str(error.next_step)


def test_p2_a_handle_of_another_array_with_the_old_arrays_attribute_is_refused() -> None:
    error = refused(volume(POWERSTORE), {"csi.volumeHandle": "w/PSwest/scsi"})
    assert "leaves csi.volumeAttributes.arrayID as it is" in str(error.seen)


def test_a_metro_volume_is_the_same_at_both_sites_when_the_rule_says_so() -> None:
    metro = csi("csi-powerstore.dellemc.com", "e/PSeast/scsi:w/PSwest", arrayID="PSeast")
    reasons = decide(volume(metro), {"csi.volumeHandle": "{pv.csi.volumeHandle}"}).reasons
    assert reasons[-1].startswith("csi.volumeHandle is the same at both sites, as the rule says")


# other arrays


@pytest.mark.parametrize(
    ("driver", "wrong", "shape"),
    [
        ("hspc.csi.hitachi.com", "886000098765--1042", "01--<protocol>--"),
        ("hspc.csi.hitachi.com", "02--fc--886000098765--1042--a", "01--<protocol>--"),
        ("block.csi.ibm.com", "6005076810810123B8", "SVC:12;"),
        ("block.csi.ibm.com", "SVC:7;volume", "SVC:12;"),
    ],
)
def test_a_handle_of_another_shape_is_refused(driver: str, wrong: str, shape: str) -> None:
    error = refused(volume(csi(driver, "old")), {"csi.volumeHandle": wrong})
    assert f"{wrong!r} is no handle of {driver}" in str(error.seen)
    assert shape in str(error.wanted)


def test_p2_an_ibm_volume_does_not_keep_the_other_systems_address() -> None:
    pv = volume(csi("block.csi.ibm.com", "SVC:1;6005", array_address="flash-east"))
    assert "array_address" in str(refused(pv, {"csi.volumeHandle": "SVC:2;6006"}).seen)


def test_an_ibm_volume_without_a_secret_is_refused() -> None:
    error = refused(volume(csi("block.csi.ibm.com", "SVC:1;6005")), {"csi.volumeHandle": "SVC:2;6006"})
    assert "csi.controllerPublishSecretRef is absent" in str(error.seen)


def test_a_vsphere_volume_is_static_at_the_target() -> None:
    identity = "storage.kubernetes.io/csiProvisionerIdentity"
    pv = volume(csi("csi.vsphere.vmware.com", "old", **{identity: "1-csi", "type": "block"}))
    decision = decide(pv, {"csi.volumeHandle": "new"})
    assert decision.pv["spec"]["csi"]["volumeAttributes"] == {"type": "block"}
    error = refused(pv, {"csi.volumeHandle": "new", f"csi.volumeAttributes[{identity}]": "1-csi"})
    assert identity in str(error.seen)


# in-tree


def test_p2_further_portals_of_an_iscsi_target_are_set_too() -> None:
    pv = volume({"iscsi": {"targetPortal": "a:3260", "iqn": "iqn.a", "lun": 0, "portals": ["b:3260"]}})
    error = refused(pv, {"iscsi.targetPortal": "c:3260", "iscsi.iqn": "iqn.c"})
    assert "leaves iscsi.portals as it is at the other site: ['b:3260']" in str(error.seen)


@pytest.mark.parametrize("source", [{"lun": 1}, {"targetWWNs": ["a"], "wwids": ["b"], "lun": 1}])
def test_a_fibre_channel_volume_has_wwns_or_wwids(source: Object) -> None:
    assert "fc has" in str(refused(volume({"fc": source}), {}).seen)


def test_p2_the_wwns_of_a_fibre_channel_volume_are_set() -> None:
    assert "fc.targetWWNs" in str(refused(volume({"fc": {"targetWWNs": ["a"], "lun": 1}}), {"fc.lun": 2}).seen)


def test_an_in_tree_vsphere_path_names_a_datastore() -> None:
    pv = volume({"vsphereVolume": {"volumePath": "[a] b.vmdk"}})
    assert "'b.vmdk'" in str(refused(pv, {"vsphereVolume.volumePath": "b.vmdk"}).seen)


def test_in_tree_cephfs_wants_monitors() -> None:
    assert "cephfs.monitors" in str(refused(volume({"cephfs": {"monitors": ["a"], "path": "/"}}), {}).seen)


def test_of_another_in_tree_source_nothing_is_known() -> None:
    reasons = decide(volume({"azureFile": {"shareName": "east"}}), {"azureFile.shareName": "west"}).reasons
    assert reasons[-1].startswith("nothing is known of azureFile: only the plan's rule was applied")


# Portworx


def test_a_portworx_volume_is_known_at_the_target_by_the_name_of_its_pv() -> None:
    pv = volume(csi("pxd.portworx.com", "768395218340913873"))
    assert "knows 'pv-1' once it has arrived" in decide(pv, {"csi.volumeHandle": "pv-1"}).reasons[-1]
    assert "'4711' is taken for the id" in decide(pv, {"csi.volumeHandle": "4711"}).reasons[-1]


def test_p2_the_id_of_a_portworx_volume_is_of_one_cluster() -> None:
    error = refused(volume(csi("pxd.portworx.com", "4711")), {"csi.volumeHandle": "4711"})
    assert "{pv.name}" in (error.wanted or "")


def test_a_portworx_volume_on_a_flasharray_is_none_of_storks() -> None:
    pv = volume(csi("pxd.portworx.com", "4711", backend="pure_block"))
    assert "portworx.io/pure-volume-name" in (refused(pv, {"csi.volumeHandle": "pv-1"}).next_step or "")
