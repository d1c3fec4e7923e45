# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an export keeps of a claim is enough to make it at another site."""

from __future__ import annotations

import copy

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._metadata.export_form import cleaned
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.volumes.clean import clean_pvc

POPULATED_FOR = "cdi.kubevirt.io/storage.populatedFor"
CLAIM = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {
        "name": "web-root",
        "namespace": "payroll",
        "uid": "1d0a",
        "ownerReferences": [{"kind": "DataVolume", "name": "web-dv", "uid": "77aa", "controller": True}],
    },
    "spec": {"volumeName": "pv-web"},
}


def claim(**meta):
    changed = copy.deepcopy(CLAIM)
    changed["metadata"].update(meta)
    return changed


@pytest.mark.parametrize("annotations", [None, {}, {"note": "of its owner"}])
def test_p2_a_claim_that_a_data_volume_filled_says_so_after_an_export(annotations):
    captured = claim(**({} if annotations is None else {"annotations": annotations}))
    made = clean_pvc(cleaned(captured))
    assert made["metadata"]["annotations"] == {**(annotations or {}), POPULATED_FOR: "web-dv"}
    assert made == clean_pvc(captured)


def test_a_claim_of_another_owner_is_not_said_to_be_filled():
    owner = {"kind": "StatefulSet", "name": "web", "uid": "77aa", "controller": True}
    made = clean_pvc(cleaned(claim(ownerReferences=[owner])))
    assert "annotations" not in made["metadata"]


def test_an_export_leaves_the_object_that_it_reads_as_it_is():
    captured = claim(annotations={"note": "of its owner"})
    before = copy.deepcopy(captured)
    cleaned(captured)
    assert captured == before
