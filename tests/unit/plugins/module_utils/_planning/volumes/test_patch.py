# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import VolumeRule
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan_parser import parse_plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.volumes.compare import differences, points_home
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.volumes.patch import VolumeDecision, patch_volume

PLAN = """
name: payroll
home: east
sites:
  east: {kubeconfig: east.yml}
  west: {kubeconfig: west.yml}
protect: {namespaces: [payroll], selector: {}}
"""
NFS_RULES = """
- match: {nfs: {server: [192.0.2.10, 198.51.100.10], path: "/(?:exports|dr)/(?P<volume>.+)"}}
  set:
    east: {nfs.server: 192.0.2.10,    nfs.path: "/exports/{match.volume}", storageClassName: east-nfs}
    west: {nfs.server: 198.51.100.10, nfs.path: "/dr/{match.volume}",      storageClassName: west-nfs}
"""
CSI_NFS_RULES = r"""
- match:
    csi: {driver: nfs.csi.k8s.io, volumeHandle: "[^#]+#[^#]+#(?P<volume>[^#]+)##"}
  set:
    east:
      csi.volumeHandle: "192.0.2.10#exports#{match.volume}##"
      csi.volumeAttributes.server: 192.0.2.10
      csi.volumeAttributes.share: /exports
      csi.volumeAttributes[csi.storage.k8s.io/pv/name]: "{pv.name}"
    west:
      csi.volumeHandle: "198.51.100.10#dr#{match.volume}##"
      csi.volumeAttributes.server: 198.51.100.10
      csi.volumeAttributes.share: /dr
      csi.volumeAttributes[csi.storage.k8s.io/pv/name]: "{pv.name}"
"""


def rules(text: str) -> tuple[VolumeRule, ...]:
    return parse_plan({**yaml.safe_load(PLAN), "volumes": {"rules": yaml.safe_load(text)}}).rules


def pv(**source: Any) -> dict[str, Any]:
    """A PV as the old cluster serves it, bound."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {
            "name": "pv-1",
            "uid": "9d1b",
            "resourceVersion": "812",
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "finalizers": ["kubernetes.io/pv-protection"],
            "labels": {"tier": "db"},
            "annotations": {
                "pv.kubernetes.io/bound-by-controller": "yes",
                "pv.kubernetes.io/provisioned-by": "nfs.csi.k8s.io",
                "volume.kubernetes.io/provisioner-deletion-secret-name": "",
                "dr.ocpvirt.io/reclaim-policy": "Delete",
                "example.org/owner": "payroll",
            },
        },
        "spec": {
            "capacity": {"storage": "10Gi"},
            "accessModes": ["ReadWriteMany"],
            "persistentVolumeReclaimPolicy": "Delete",
            "storageClassName": "east-nfs",
            "volumeMode": "Filesystem",
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "namespace": "payroll",
                "name": "db-0",
                "uid": "77aa",
                "resourceVersion": "810",
            },
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": []}]}},
            **source,
        },
        "status": {"phase": "Bound"},
    }


def pvc(**metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {
            "name": "db-0",
            "namespace": "payroll",
            "uid": "77aa",
            "resourceVersion": "811",
            "finalizers": ["kubernetes.io/pvc-protection"],
            "labels": {"tier": "db"},
            "annotations": {
                "pv.kubernetes.io/bind-completed": "yes",
                "volume.kubernetes.io/selected-node": "worker-3",
                "volume.beta.kubernetes.io/storage-provisioner": "nfs.csi.k8s.io",
            },
            **metadata,
        },
        "spec": {
            "accessModes": ["ReadWriteMany"],
            "resources": {"requests": {"storage": "10Gi"}},
            "storageClassName": "east-nfs",
            "volumeMode": "Filesystem",
            "volumeName": "pv-1",
            "dataSource": {"kind": "VolumeSnapshot", "name": "golden", "apiGroup": "snapshot.storage.k8s.io"},
            "dataSourceRef": {"kind": "VolumeSnapshot", "name": "golden", "apiGroup": "snapshot.storage.k8s.io"},
        },
        "status": {"phase": "Bound"},
    }


NFS_PV = pv(nfs={"server": "192.0.2.10", "path": "/exports/payroll/pv-1"})
CSI_NFS_PV = pv(
    csi={
        "driver": "nfs.csi.k8s.io",
        "volumeHandle": "192.0.2.10#exports#pvc-42##",
        "volumeAttributes": {
            "server": "192.0.2.10",
            "share": "/exports",
            "subdir": "pvc-42",
            "csi.storage.k8s.io/pv/name": "pv-1",
        },
    }
)


def decide(
    volume: dict[str, Any], rules_text: str = NFS_RULES, claim: dict[str, Any] | None = None, vm: str = ""
) -> VolumeDecision:
    return patch_volume(volume, claim or pvc(), rules(rules_text), "west", (vm,) if vm else ())


def refusal_of(volume: dict[str, Any], rules_text: str, vm: str = "") -> Refused:
    with pytest.raises(Refused) as refusal:
        decide(volume, rules_text, vm=vm)
    return refusal.value


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
def test_the_way_back_gives_the_source_that_was_at_home(volume, rules_text, source) -> None:
    there = decide(volume, rules_text)
    back = patch_volume(there.pv, there.pvc, rules(rules_text), "east")
    assert back.pv["spec"][source] == volume["spec"][source]


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("/dr/{pv.name}", "/dr/pv-1"),
        ("/dr/{pvc.namespace}/{pvc.name}", "/dr/payroll/db-0"),
        ("/dr/{vm.name}.img", "/dr/postgres.img"),
        ("/mirror{pv.nfs.path}", "/mirror/exports/payroll/pv-1"),
        ("/dr/{match.volume}", "/dr/payroll/pv-1"),
    ],
)
def test_a_template_is_filled(template, value) -> None:
    text = f"""
- match: {{nfs: {{path: "/exports/(?P<volume>.+)"}}}}
  set:
    east: {{nfs.server: 192.0.2.10, nfs.path: "/exports/{{pv.name}}"}}
    west: {{nfs.server: 198.51.100.10, nfs.path: "{template}"}}
"""
    assert decide(NFS_PV, text, vm="postgres").pv["spec"]["nfs"]["path"] == value


def test_a_template_without_a_value_is_refused() -> None:
    text = """
- match: {}
  set:
    east: {nfs.server: 192.0.2.10, nfs.path: "/exports/{pv.name}"}
    west: {nfs.server: 198.51.100.10, nfs.path: "/dr/{vm.name}"}
"""
    error = refusal_of(NFS_PV, text)
    assert (error.on, error.seen) == ("PersistentVolume/pv-1", "{vm.name} has no value here")


def test_a_template_that_names_the_vm_is_refused_for_a_volume_that_two_vms_share() -> None:
    text = """
- match: {}
  set:
    east: {nfs.server: 192.0.2.10, nfs.path: "/exports/{vm.name}"}
    west: {nfs.server: 198.51.100.10, nfs.path: "/dr/{vm.name}"}
"""
    with pytest.raises(Refused) as refusal:
        patch_volume(NFS_PV, pvc(), rules(text), "west", ("db-0", "db-1"))
    assert refusal.value.seen == "{vm.name} could be any of the VMs that share it: db-0, db-1"


def test_a_volume_that_two_vms_share_is_patched_where_its_rule_does_not_name_them() -> None:
    decision = patch_volume(NFS_PV, pvc(), rules(NFS_RULES), "west", ("db-0", "db-1"))
    assert decision.pv == decide(NFS_PV).pv


def test_the_first_rule_that_matches_is_taken() -> None:
    text = """
- match: {nfs: {server: 203.0.113.1}}
  set: {east: {nfs.server: 203.0.113.1}, west: {nfs.server: 203.0.113.2}}
- match: {storage_class: east-nfs}
  set: {east: {nfs.server: 192.0.2.10}, west: {nfs.server: 198.51.100.10}}
- match: {}
  set: {east: {nfs.server: 192.0.2.10}, west: {nfs.server: 203.0.113.9}}
"""
    decision = decide(NFS_PV, text)
    assert (decision.rule, decision.pv["spec"]["nfs"]["server"]) == (1, "198.51.100.10")


def test_p2_refuses_a_volume_that_no_rule_matches() -> None:
    text = "[{match: {csi: {}}, set: {east: {csi.driver: a}, west: {csi.driver: b}}}]"
    error = refusal_of(NFS_PV, text)
    assert str(error) == (
        "patch the volume on PersistentVolume/pv-1;"
        " seen: no rule of 1 matches nfs 192.0.2.10:/exports/payroll/pv-1;"
        " wanted: a rule in volumes.rules that says what this volume is at each site;"
        " next: add a rule for it to the plan; its claim is payroll/db-0"
    )


SERVER_ONLY = """
- match: {}
  set: {east: {csi.volumeAttributes.server: 192.0.2.10}, west: {csi.volumeAttributes.server: 198.51.100.10}}
"""
TEMPLATE_ONLY = """
- match: {csi: {volumeHandle: "[^#]+#[^#]+#(?P<volume>[^#]+)##"}}
  set:
    east: {csi.volumeHandle: "192.0.2.10#exports#{match.volume}##"}
    west: {csi.volumeHandle: "198.51.100.10#dr#{match.volume}##"}
"""


def test_p2_refuses_a_handle_that_still_holds_the_other_sites_address() -> None:
    error = refusal_of(CSI_NFS_PV, SERVER_ONLY)
    assert error.seen == "after rule 0 it still holds '192.0.2.10#exports#pvc-42##', a value of the other site"


def test_p2_refuses_an_address_that_only_a_template_of_the_other_site_names() -> None:
    assert "it still holds '192.0.2.10'" in refusal_of(CSI_NFS_PV, TEMPLATE_ONLY).seen


def test_p2_refuses_mount_options_that_name_the_other_site() -> None:
    volume = pv(nfs={"server": "192.0.2.10", "path": "/exports/payroll/pv-1"}, mountOptions=["addr=192.0.2.10"])
    assert "'addr=192.0.2.10'" in refusal_of(volume, NFS_RULES).seen


def test_p2_an_address_that_begins_like_the_other_sites_is_not_it() -> None:
    volume = pv(nfs={"server": "192.0.2.10", "path": "/exports/payroll/pv-1"}, mountOptions=["addr=192.0.2.101"])
    assert decide(volume).pv["spec"]["mountOptions"] == ["addr=192.0.2.101"]


def test_p2_what_both_sites_share_is_no_value_of_the_other_site() -> None:
    text = NFS_RULES.replace("198.51.100.10, nfs.path", "192.0.2.10, nfs.path").replace("198.51.100.10,", "192.0.2.10,")
    assert decide(NFS_PV, text).pv["spec"]["nfs"]["server"] == "192.0.2.10"


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ({"nfs": {"server": "198.51.100.10"}}, []),
        ({"nfs": {"server": "192.0.2.10"}}, ["192.0.2.10"]),
        ({"csi": {"volumeAttributes": {"monitors": "10.0.0.1,192.0.2.10"}}}, ["10.0.0.1,192.0.2.10"]),
        ({"mountOptions": ["vers=4", "addr=192.0.2.10"]}, ["addr=192.0.2.10"]),
        ({"storageClassName": "east-nfs"}, ["east-nfs"]),
    ],
)
def test_p2_what_points_home_is_found_wherever_it_hides(spec, found) -> None:
    assert points_home([spec], rules(NFS_RULES)[0], "west") == found


def test_p2_a_claim_that_is_called_like_the_other_sites_class_does_not_point_home() -> None:
    spec = {"claimRef": {"namespace": "payroll", "name": "east-nfs"}, "volumeName": "east-nfs"}
    assert points_home([spec], rules(NFS_RULES)[0], "west") == []


@pytest.mark.parametrize(
    "changed",
    [
        {"replication.storage.openshift.io/volume-replication-name": "db"},
        {"kubectl.kubernetes.io/last-applied-configuration": "{}"},
        {"volume.kubernetes.io/storage-provisioner": "nfs.csi.k8s.io"},
    ],
)
def test_annotations_of_the_old_clusters_controllers_are_dropped(changed) -> None:
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
