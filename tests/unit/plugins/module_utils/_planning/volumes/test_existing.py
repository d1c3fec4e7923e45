# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of a PV or a claim that is at the target before us."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict, TerminalState
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.names import RECLAIM_POLICY
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import VolumeRule
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.volumes.compare import differences
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.volumes.driver_dell import REMOTE_VOLUME
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.volumes.existing import (
    BIND_COMPLETED,
    BOUND_BY_CONTROLLER,
    Adoption,
    adopt_volume,
    check_claim,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.volumes.patch import VolumeDecision, patch_volume
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import merged

Object = dict[str, Any]

POWERSTORE = yaml.safe_load((Path(__file__).parent / "manifests" / "dell-powerstore.yaml").read_text(encoding="utf-8"))
NFS_RULE = VolumeRule(0, {}, {"east": {"nfs.server": "192.0.2.10"}, "west": {"nfs.server": "198.51.100.10"}})


def claim_manifest(name: str, namespace: str, **spec: Any) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": namespace, "uid": "of-east"},
        "spec": {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "10Gi"}}, **spec},
    }


def nfs_decision() -> VolumeDecision:
    pv = {
        "metadata": {"name": "pv-1"},
        "spec": {
            "capacity": {"storage": "10Gi"},
            "accessModes": ["ReadWriteMany", "ReadWriteOnce"],
            "claimRef": {"namespace": "payroll", "name": "db-0", "uid": "of-east"},
            "nfs": {"server": "192.0.2.10", "path": "/exports/db-0"},
        },
    }
    return patch_volume(pv, claim_manifest("db-0", "payroll", volumeName="pv-1"), [NFS_RULE], "west")


def dell_decision(sets: Object | None = None, **spec: Any) -> VolumeDecision:
    pv = copy.deepcopy(POWERSTORE["captured"])
    csi = {**pv["spec"]["csi"], **spec.pop("csi", {})}
    pv["spec"] = {**pv["spec"], **spec, "csi": csi}
    pvc = claim_manifest("rhel9-root", "payroll", volumeName=pv["metadata"]["name"])
    rule = VolumeRule(0, {}, {"east": dict.fromkeys(sets or {}, "of-east"), "west": sets or {}})
    return patch_volume(pv, pvc, [rule], "west")


def at_target(decision: VolumeDecision, ref: Object | None = None, /, **spec: Any) -> Object:
    """The decided PV as the API server has it. ref: changes of its claimRef."""
    seen = copy.deepcopy(decision.pv)
    seen["metadata"].update({"uid": "pv-uid", "resourceVersion": "77", "finalizers": ["kubernetes.io/pv-protection"]})
    seen["spec"]["claimRef"].update(ref or {})
    seen["spec"].update(spec)
    seen["status"] = {"phase": "Released" if ref else "Available"}
    return seen


def claim_at_target(decision: VolumeDecision, uid: str, bound: bool) -> Object:
    seen = copy.deepcopy(decision.pvc)
    seen["metadata"]["uid"] = uid
    if bound:
        seen["metadata"]["annotations"] = {BIND_COMPLETED: "yes"}
    return seen


def refusal(decision: VolumeDecision, seen: Object, claim: Object | None = None) -> Conflict:
    with pytest.raises(Conflict) as error:
        adopt_volume(decision, seen, claim, "west")
    assert (error.value.site, error.value.next_step is not None) == ("west", True)
    return error.value


# what nobody has to touch


@pytest.mark.parametrize("claim_uid", [None, "new"])
def test_an_equal_volume_that_waits_for_its_claim_is_used_as_it_is(claim_uid: str | None) -> None:
    decision = nfs_decision()
    claim = claim_at_target(decision, claim_uid, bound=False) if claim_uid else None
    assert adopt_volume(decision, at_target(decision), claim, "west").patch is None


def test_a_volume_that_is_bound_to_our_claim_is_used_as_it_is() -> None:
    decision = nfs_decision()
    claim = claim_at_target(decision, "new", bound=True)
    adoption = adopt_volume(decision, at_target(decision, {"uid": "new"}), claim, "west")
    assert adoption.patch is None
    assert adoption.decision.reasons[-1] == "the PersistentVolume is there already, with the same data: it is used"


@pytest.mark.parametrize(
    "spec",
    [
        {"capacity": {"storage": "10240Mi"}},
        {"accessModes": ["ReadWriteOnce", "ReadWriteMany"]},
        {"nodeAffinity": {"required": {"nodeSelectorTerms": []}}},
        {"volumeMode": "Filesystem"},
    ],
)
def test_what_the_api_server_or_a_controller_spells_otherwise_is_no_difference(spec: Object) -> None:
    decision = nfs_decision()
    assert adopt_volume(decision, at_target(decision, **spec), None, "west").patch is None


# bound anew


def test_a_released_volume_of_our_claim_is_bound_anew() -> None:
    decision = nfs_decision()
    seen = at_target(decision, {"uid": "gone", "resourceVersion": "12"})
    seen["metadata"]["annotations"] = {BOUND_BY_CONTROLLER: "yes", "example.org/kept": "yes"}
    adoption = adopt_volume(decision, seen, None, "west")
    after = merged(seen, adoption.patch or {})
    assert after["spec"]["claimRef"] == decision.pv["spec"]["claimRef"]
    assert after["metadata"]["annotations"] == {"example.org/kept": "yes"}
    assert "its claim with uid gone is gone (phase Released): bound to the new one" in adoption.decision.reasons


def test_the_patch_holds_only_for_the_volume_as_it_was_seen() -> None:
    decision = nfs_decision()
    patch = adopt_volume(decision, at_target(decision, {"uid": "gone"}), None, "west").patch
    assert patch is not None
    assert patch["metadata"]["resourceVersion"] == "77"


def test_the_patch_of_a_released_volume_changes_nothing_but_its_claim() -> None:
    decision = nfs_decision()
    patch = adopt_volume(decision, at_target(decision, {"uid": "gone"}), None, "west").patch
    assert patch is not None
    assert list(patch["spec"]) == ["claimRef"]


def test_a_claim_that_was_made_anew_and_waits_gets_its_released_volume() -> None:
    decision = nfs_decision()
    claim = claim_at_target(decision, "new", bound=False)
    patch = adopt_volume(decision, at_target(decision, {"uid": "gone"}), claim, "west").patch
    assert patch is not None
    assert patch["spec"]["claimRef"]["uid"] is None


@pytest.mark.parametrize("ref", [{"uid": "gone"}, None])
def test_a_claim_that_lost_its_volume_gets_it_back_by_its_uid(ref: Object | None) -> None:
    decision = nfs_decision()
    patch = adopt_volume(decision, at_target(decision, ref), claim_at_target(decision, "kept", True), "west").patch
    assert patch is not None
    assert patch["spec"]["claimRef"]["uid"] == "kept"


def test_a_volume_without_a_claim_is_reserved_for_ours() -> None:
    decision = nfs_decision()
    seen = at_target(decision)
    del seen["spec"]["claimRef"]
    assert merged(seen, adopt_volume(decision, seen, None, "west").patch or {})["spec"] == decision.pv["spec"]


# refused


@pytest.mark.parametrize("ref", [None, {"uid": "gone"}])
@pytest.mark.parametrize(
    ("spec", "told"),
    [
        (
            {"nfs": {"server": "192.0.2.10", "path": "/exports/db-0"}},
            "nfs.server: wanted '198.51.100.10', is '192.0.2.10'",
        ),
        (
            {"persistentVolumeReclaimPolicy": "Delete"},
            "persistentVolumeReclaimPolicy: wanted 'Retain', is 'Delete'",
        ),
        ({"capacity": {"storage": "9Gi"}}, "capacity.storage: wanted '10Gi', is '9Gi'"),
    ],
)
def test_p2_a_volume_that_differs_is_refused_with_the_difference(ref: Object | None, spec: Object, told: str) -> None:
    decision = nfs_decision()
    assert refusal(decision, at_target(decision, ref, **spec)).seen == told


@pytest.mark.parametrize(
    ("policy", "remedy"),
    [
        ("Retain", "remove it (its data stays)"),
        ("Delete", "set its reclaim policy to Retain before you remove it: with Delete its data would go as well"),
    ],
)
def test_the_remedy_never_costs_the_data(policy: str, remedy: str) -> None:
    seen = at_target(nfs_decision(), nfs={"server": "other"}, persistentVolumeReclaimPolicy=policy)
    assert remedy in str(refusal(nfs_decision(), seen).next_step)


def test_a_released_volume_of_another_claim_is_refused() -> None:
    decision = nfs_decision()
    error = refusal(decision, at_target(decision, {"name": "other", "uid": "gone"}))
    assert error.seen == "claimRef: wanted 'payroll/db-0', is 'payroll/other'"


def test_a_volume_whose_storage_was_asked_to_delete_it_is_refused() -> None:
    decision = nfs_decision()
    seen = at_target(decision, {"uid": "gone"})
    seen["status"] = {"phase": "Failed", "message": "error deleting volume: permission denied"}
    assert "Failed: error deleting volume: permission denied" in str(refusal(decision, seen).seen)


HELD = {"deletionTimestamp": "2026-03-01T12:00:00Z", "finalizers": ["external-attacher/csi-gone"]}


def check_held(error: TerminalState, on: str) -> None:
    assert (error.on, error.site) == (on, "west")
    assert "2026-03-01T12:00:00Z, held by the finalizers: external-attacher/csi-gone" in str(error.seen)
    assert "never goes" in str(error.next_step)


def test_a_volume_that_a_finalizer_of_an_absent_provisioner_holds_is_refused_by_that_name() -> None:
    decision = nfs_decision()
    seen = at_target(decision)
    seen["metadata"].update(HELD)
    with pytest.raises(TerminalState) as error:
        adopt_volume(decision, seen, None, "west")
    check_held(error.value, "PersistentVolume/pv-1")


def test_a_claim_that_a_finalizer_holds_is_refused_by_that_name() -> None:
    decision = nfs_decision()
    seen = claim_at_target(decision, "new", bound=True)
    seen["metadata"].update(HELD)
    with pytest.raises(TerminalState) as error:
        check_claim(decision, seen, "west")
    check_held(error.value, "PersistentVolumeClaim/payroll/db-0")


def test_a_claim_that_differs_is_refused_with_the_difference() -> None:
    decision = nfs_decision()
    seen = claim_at_target(decision, "new", bound=True)
    seen["spec"]["volumeName"] = "pv-2"
    with pytest.raises(Conflict) as error:
        check_claim(decision, seen, "west")
    assert (error.value.on, error.value.seen) == (
        "PersistentVolumeClaim/payroll/db-0",
        "volumeName: wanted 'pv-1', is 'pv-2'",
    )


def test_an_equal_claim_is_used() -> None:
    decision = nfs_decision()
    check_claim(decision, claim_at_target(decision, "new", bound=True), "west")


# made by a replication product


def made(decision: VolumeDecision, **changes: Any) -> Adoption:
    seen = {**copy.deepcopy(POWERSTORE["made"])}
    seen["spec"].update(changes)
    return adopt_volume(decision, seen, None, "west")


def test_the_volume_that_csm_replication_made_is_reserved_for_our_claim_and_kept() -> None:
    decision = dell_decision()
    adoption = made(decision)
    after = merged(POWERSTORE["made"], adoption.patch or {})
    assert after["spec"]["claimRef"] == decision.pv["spec"]["claimRef"]
    assert after["spec"]["persistentVolumeReclaimPolicy"] == "Retain"
    assert after["metadata"]["annotations"][RECLAIM_POLICY] == "Delete"
    assert after["spec"]["csi"] == POWERSTORE["made"]["spec"]["csi"]


def test_the_volume_that_csm_replication_made_gets_the_notes_that_the_way_back_needs() -> None:
    decision = dell_decision()
    adoption = made(decision)
    there = merged(POWERSTORE["made"], adoption.patch or {})
    assert there["metadata"]["annotations"][REMOTE_VOLUME] == decision.pv["metadata"]["annotations"][REMOTE_VOLUME]
    claim = claim_manifest("rhel9-root", "payroll", volumeName=there["metadata"]["name"])
    back = patch_volume(there, claim, [VolumeRule(0, {}, {"east": {}, "west": {}})], "east")
    assert back.pv["spec"]["csi"]["volumeHandle"] == POWERSTORE["captured"]["spec"]["csi"]["volumeHandle"]
    assert back.pv["spec"]["storageClassName"] == POWERSTORE["captured"]["spec"]["storageClassName"]


def test_p5_a_volume_of_csm_replication_that_was_adopted_before_is_not_written_again() -> None:
    decision = dell_decision()
    there = merged(POWERSTORE["made"], made(decision).patch or {})
    assert adopt_volume(decision, there, None, "west").patch is None


def test_p2_what_was_adopted_is_what_the_verification_wants() -> None:
    secret = {"name": "array-east", "namespace": "powerstore"}
    decision = dell_decision(csi={"fsType": "ext4", "controllerExpandSecretRef": secret})
    adoption = made(decision)
    assert differences(adoption.decision.pv, merged(POWERSTORE["made"], adoption.patch or {})) == []
    reasons = adoption.decision.reasons
    assert "CSM Replication made it" in reasons
    assert "csi.fsType: 'ext4' at the other site, None as CSM Replication made it" in reasons


def test_the_claim_that_csm_replication_reserves_a_volume_with_is_replaced() -> None:
    decision = dell_decision()
    patch = made(decision, claimRef={"name": "reserved", "namespace": "reserved"}).patch
    assert patch is not None
    assert (patch["spec"]["claimRef"]["namespace"], patch["spec"]["claimRef"]["name"]) == ("payroll", "rhel9-root")


def dell_refusal(decision: VolumeDecision, **changes: Any) -> str:
    with pytest.raises(Conflict) as error:
        made(decision, **changes)
    return str(error.value.seen)


def test_a_file_system_that_csm_replication_does_not_name_is_refused() -> None:
    decision = dell_decision(csi={"fsType": "xfs"}, volumeMode="Filesystem")
    assert dell_refusal(decision, volumeMode="Filesystem") == "csi.fsType: wanted 'xfs', is None"


def test_a_volume_of_csm_replication_that_names_another_remote_volume_is_refused() -> None:
    other = {**POWERSTORE["made"]["spec"]["csi"], "volumeHandle": "other/PSwest0123abc/scsi"}
    assert "csi.volumeHandle: wanted '7b1d2c3e" in dell_refusal(dell_decision(), csi=other)


def test_a_secret_that_the_rule_names_is_not_left_to_the_product() -> None:
    decision = dell_decision({"csi.nodeStageSecretRef.name": "array-west"})
    assert dell_refusal(decision) == "csi.nodeStageSecretRef: wanted {'name': 'array-west'}, is None"


def test_a_volume_that_no_product_marked_gets_no_such_allowance() -> None:
    decision = dell_decision()
    seen = copy.deepcopy(POWERSTORE["made"])
    del seen["metadata"]["annotations"]["replication.storage.dell.com/createdBy"]
    assert "persistentVolumeReclaimPolicy" in str(refusal(decision, seen).seen)
