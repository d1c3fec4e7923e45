# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a patched volume has beside its rule: one source, one class with its claim, nothing of its old cluster."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import VolumeRule
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.volumes.clean import clean_pv, clean_pvc
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.volumes.patch import VolumeDecision, patch_volume


def pv(**metadata: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "pv-1", "uid": "pv-uid", **metadata},
        "spec": {
            "claimRef": {"namespace": "payroll", "name": "db-0", "uid": "pvc-uid"},
            "nfs": {"server": "srv-a", "path": "/data"},
        },
    }


def pvc(**metadata: Any) -> dict[str, Any]:
    owner = {"kind": "VirtualMachine", "name": "db", "uid": "vm-uid"}
    return {
        "metadata": {"name": "db-0", "namespace": "payroll", "uid": "pvc-uid", "ownerReferences": [owner], **metadata},
        "spec": {"volumeName": "pv-1", "storageClassName": "old", "volumeAttributesClassName": "old"},
    }


def decide(west: dict[str, Any]) -> VolumeDecision:
    rule = VolumeRule(0, {}, {"east": dict.fromkeys(west, "/of-the-east"), "west": west})
    return patch_volume(pv(), pvc(), [rule], "west")


@pytest.mark.parametrize("uid", ["pv-uid", "pvc-uid"])
def test_a_note_of_the_volumes_own_uid_is_dropped(uid: str) -> None:
    noted = {"example.org/uid": uid, "example.org/kept": f"about {uid}"}
    assert clean_pv(pv(annotations=noted))["metadata"]["annotations"] == {"example.org/kept": f"about {uid}"}


@pytest.mark.parametrize("uid", ["pvc-uid", "vm-uid"])
def test_a_label_with_a_uid_of_the_claim_or_of_its_owner_is_dropped(uid: str) -> None:
    labels = {"kubevirt.io/created-by": uid, "tier": "db"}
    assert clean_pvc(pvc(labels=labels))["metadata"]["labels"] == {"tier": "db"}


def test_what_dells_controllers_noted_is_dropped_from_both() -> None:
    noted = {"replication.storage.dell.com/remoteClusterID": "west"}
    for clean in (clean_pv(pv(labels=noted, annotations=noted)), clean_pvc(pvc(labels=noted, annotations=noted))):
        assert not {"labels", "annotations"} & set(clean["metadata"])


@pytest.mark.parametrize("field", ["storageClassName", "volumeAttributesClassName"])
def test_the_claim_gets_the_class_of_its_volume(field: str) -> None:
    decision = decide({field: "new", "nfs.server": "b"})
    assert (decision.pv["spec"][field], decision.pvc["spec"][field]) == ("new", "new")


def test_a_rule_that_gives_a_volume_a_second_source_is_refused() -> None:
    with pytest.raises(Refused) as refusal:
        decide({"iscsi.iqn": "iqn.b"})
    assert refusal.value.seen == "after rule 0 it has 2 sources: nfs, iscsi"
    assert "volumes.rules[0].match" in str(refusal.value.next_step)


def test_the_field_that_still_points_home_is_named_as_the_rule_has_to_set_it() -> None:
    volume = pv()
    volume["spec"]["mountOptions"] = ["addr=srv-a"]
    rule = VolumeRule(0, {}, {"east": {"nfs.server": "srv-a"}, "west": {"nfs.server": "b"}})
    with pytest.raises(Refused) as refusal:
        patch_volume(volume, pvc(), [rule], "west")
    assert refusal.value.next_step == "set mountOptions under volumes.rules[0].set.west"
