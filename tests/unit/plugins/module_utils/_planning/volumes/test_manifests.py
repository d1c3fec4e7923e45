# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes as files: one for each claim, equal for equal decisions, and never in the place of somebody else's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.names import COMMITTED, CREATED_BY
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.volumes.manifests import (
    file_changes,
    file_name,
    file_text,
    is_ours,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.volumes.patch import VolumeDecision


def decision(name: str, **of_ref: str) -> VolumeDecision:
    ref = {"namespace": "payroll", "name": name, **of_ref}
    pv = {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": f"pv-{name}", "annotations": {CREATED_BY: "an-earlier-run", "note": "kept"}},
        "spec": {"nfs": {"server": "198.51.100.10", "path": f"/dr/{name}"}, "claimRef": ref},
    }
    pvc = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": "payroll", "labels": {"tier": "db"}},
        "spec": {"volumeName": f"pv-{name}"},
    }
    return VolumeDecision(pv, pvc, 0, ())


def documents(item: VolumeDecision) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(file_text(item, "payroll")))


def test_the_volume_comes_before_its_claim_and_both_say_whose_they_are() -> None:
    pv, pvc = documents(decision("db-0"))
    assert (pv["kind"], pvc["kind"]) == ("PersistentVolume", "PersistentVolumeClaim")
    assert pv["metadata"]["labels"] == {COMMITTED: "payroll"}
    assert pvc["metadata"]["labels"] == {"tier": "db", COMMITTED: "payroll"}


def test_what_one_cluster_or_one_run_knows_is_not_in_it() -> None:
    pv, _pvc = documents(decision("db-0", uid="of-west", resourceVersion="7"))
    assert pv["spec"]["claimRef"] == {"namespace": "payroll", "name": "db-0"}
    assert CREATED_BY not in pv["metadata"]["annotations"]
    assert pv["metadata"]["annotations"]["note"] == "kept"


def test_a_file_that_goes_takes_no_volume_with_it_under_flux() -> None:
    for item in documents(decision("db-0")):
        assert item["metadata"]["annotations"]["kustomize.toolkit.fluxcd.io/prune"] == "disabled"


def test_names_tell_claims_apart_and_fit_a_file_system() -> None:
    long = ["payroll/" + "a" * 250 + end for end in ("bcd", "bce")]
    names = [file_name(claim) for claim in ("a/b.c", "a/b", *long)]
    assert names[:2] == ["a.b.c.yaml", "a.b.yaml"]
    assert len(set(names)) == 4
    assert max(map(len, names)) <= 255


@pytest.mark.parametrize(
    ("plan", "ours"), [("payroll", True), ("payroll-2", False), ("pay", False), ("payroll.", False)]
)
def test_a_file_is_of_the_plan_that_its_label_names(plan: str, ours: bool) -> None:
    assert is_ours(file_text(decision("db-0"), "payroll"), plan) is ours


def test_a_plan_whose_name_is_a_number_knows_its_files() -> None:
    assert is_ours(file_text(decision("db-0"), "2026"), "2026")


def test_p5_equal_volumes_change_nothing() -> None:
    there = {file_name("payroll/db-0"): file_text(decision("db-0"), "payroll")}
    assert file_changes([decision("db-0")], there, "payroll").names == []


def test_p8_only_files_of_the_plan_are_removed() -> None:
    there = {
        "payroll.old.yaml": file_text(decision("old"), "payroll"),
        "payroll.theirs.yaml": file_text(decision("theirs"), "other"),
        "kustomization.yaml": "resources: []\n",
    }
    changes = file_changes([decision("db-0")], there, "payroll")
    assert (list(changes.write), changes.remove) == (["payroll.db-0.yaml"], ("payroll.old.yaml",))
    assert changes.before["payroll.old.yaml"] == there["payroll.old.yaml"]
    assert changes.before["payroll.db-0.yaml"] == ""


@pytest.mark.parametrize("theirs", ["kind: ConfigMap\n", file_text(decision("db-0"), "other")])
def test_p8_somebody_elses_file_of_our_name_is_not_overwritten(theirs: str) -> None:
    with pytest.raises(Conflict, match=r"payroll\.db-0\.yaml.*it was not touched"):
        file_changes([decision("db-0")], {"payroll.db-0.yaml": theirs}, "payroll")


def test_a_change_of_a_file_of_ours_is_overwritten() -> None:
    text = file_text(decision("db-0"), "payroll")
    moved = replace(decision("db-0"), pv={**decision("db-0").pv, "spec": {"claimRef": {}, "nfs": {"server": "a"}}})
    changes = file_changes([moved], {"payroll.db-0.yaml": text}, "payroll")
    assert changes.write["payroll.db-0.yaml"] != text == changes.before["payroll.db-0.yaml"]
