# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person sees of a decision before it is carried out."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import VolumeRule
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.volumes.patch import patch_volume
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.volumes.preview import (
    Change,
    Preview,
    changes_of,
    summarise,
)

RULE = VolumeRule(
    3,
    {},
    {
        "east": {"nfs.server": "192.0.2.10", "nfs.path": "/exports/{pv.name}", "storageClassName": "gold"},
        "west": {"nfs.server": "198.51.100.10", "nfs.path": "/dr/{pv.name}", "storageClassName": "silver"},
    },
)
POWERSTORE = yaml.safe_load((Path(__file__).parent / "manifests" / "dell-powerstore.yaml").read_text(encoding="utf-8"))


def pv(name: str = "pv-1", **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "uid": "of-east", "annotations": {"pv.kubernetes.io/bound-by-controller": "yes"}},
        "spec": {
            "claimRef": {"namespace": "payroll", "name": "db-0", "uid": "of-east"},
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": "gold",
            "nfs": {"server": "192.0.2.10", "path": f"/exports/{name}"},
            **spec,
        },
    }


def pvc(**spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"namespace": "payroll", "name": "db-0"},
        "spec": {"volumeName": "pv-1", "storageClassName": "gold", **spec},
    }


def lines(volume: dict[str, Any], claim: dict[str, Any], rule: VolumeRule = RULE) -> list[str]:
    return [str(change) for change in changes_of(volume, claim, patch_volume(volume, claim, [rule], "west"))]


def test_each_field_is_shown_as_now_and_then_with_the_rule_that_sets_it() -> None:
    assert lines(pv(), pvc()) == [
        "storageClassName: gold -> silver (rule 3)",
        "nfs.server: 192.0.2.10 -> 198.51.100.10 (rule 3)",
        "nfs.path: /exports/pv-1 -> /dr/pv-1 (rule 3)",
        "claim: storageClassName: gold -> silver (as its volume)",
    ]


def test_what_no_rule_sets_is_shown_with_its_reason() -> None:
    affinity = {"required": {"nodeSelectorTerms": []}}
    shown = lines(
        pv(nodeAffinity=affinity, persistentVolumeReclaimPolicy="Delete"),
        pvc(dataSource={"kind": "VolumeSnapshot", "name": "golden"}),
    )
    assert f"nodeAffinity: {affinity!r} -> (none) (it names nodes or zones of the other site)" in shown
    assert "persistentVolumeReclaimPolicy: Delete -> Retain (the data stays when the claim goes)" in shown
    assert shown[-1].endswith("-> (none) (nothing populates a replica)")


def test_what_the_product_notes_of_the_replica_is_shown_as_its_own() -> None:
    captured = copy.deepcopy(POWERSTORE["captured"])
    claim = pvc(storageClassName="powerstore-replicated-east")
    shown = lines(captured, claim, VolumeRule(0, {}, {"east": {}, "west": {}}))
    handle = POWERSTORE["there"]["csi"]["volumeHandle"]
    before = captured["spec"]["csi"]["volumeHandle"]
    assert f"csi.volumeHandle: {before} -> {handle} (as its driver notes it)" in shown
    assert "csi.volumeAttributes.arrayID: PSeast4567def -> PSwest0123abc (as its driver notes it)" in shown
    assert any(line.startswith("annotations[replication.storage.dell.com/remoteVolume]: ") for line in shown)


def test_a_long_value_is_cut() -> None:
    long = {"required": {"nodeSelectorTerms": [{"matchExpressions": ["x" * 1000]}]}}
    [line] = [line for line in lines(pv(nodeAffinity=long), pvc()) if line.startswith("nodeAffinity")]
    assert len(line) < 250
    assert "… -> (none)" in line


def test_what_only_ties_the_volume_to_its_cluster_is_not_shown() -> None:
    assert [line for line in lines(pv(), pvc()) if "uid" in line or "bound-by-controller" in line] == []


def preview(name: str, *changes: Change, rule: int = 0) -> Preview:
    return Preview(f"payroll/{name}", f"pv-{name}", rule, changes, "created")


def change(field: str, now: str, then: str) -> Change:
    return Change("PersistentVolume", field, now, then, "rule 0")


def test_the_summary_says_per_rule_what_is_the_same_and_what_each_volume_has_for_itself() -> None:
    found = [
        preview("a", change("nfs.server", "x", "y"), change("nfs.path", "/a", "/dr/a")),
        preview(
            "b", change("nfs.server", "x", "y"), change("nfs.path", "/b", "/dr/b"), change("mountOptions", "n", "")
        ),
        preview("c", rule=1),
    ]
    assert summarise(found) == [
        {
            "rule": 0,
            "volumes": 2,
            "changes": [
                "nfs.server: x -> y (rule 0)",
                "nfs.path: /a -> /dr/a (rule 0); each its own",
                "mountOptions: n ->  (rule 0); 1 volumes",
            ],
        },
        {"rule": 1, "volumes": 1, "changes": []},
    ]
