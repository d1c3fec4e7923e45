# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volume patching as any playbook can use it."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import DrError, Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.volumes.plugins import (
    patched_volume,
    points_home,
    volume_differences,
)

RULES: list[dict[str, Any]] = [
    {
        "match": {"nfs": {"server": ["192.0.2.10", "198.51.100.10"], "path": "/(exports|dr)/(?P<volume>.+)"}},
        "set": {
            "east": {"nfs.server": "192.0.2.10", "nfs.path": "/exports/{match.volume}"},
            "west": {"nfs.server": "198.51.100.10", "nfs.path": "/dr/{match.volume}"},
        },
    }
]
ANNOTATED: list[dict[str, Any]] = [
    {
        "match": {"csi": {"driver": "csi-unity.dellemc.com"}},
        "set": {
            site: {"csi.volumeHandle": f"{{pv.annotations[dr.example.org/handle-{site}]}}"} for site in ("east", "west")
        },
    }
]
PLAN = {
    "name": "payroll",
    "home": "east",
    "sites": {"east": {"kubeconfig": "east.yml"}, "west": {"kubeconfig": "west.yml"}},
    "protect": {"namespaces": ["payroll"], "selector": {}},
    "volumes": {"rules": RULES},
}
PV: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "PersistentVolume",
    "metadata": {"name": "pv-1", "uid": "of-east"},
    "spec": {
        "claimRef": {"namespace": "payroll", "name": "db-0", "uid": "of-east"},
        "nfs": {"server": "192.0.2.10", "path": "/exports/db-0"},
        "persistentVolumeReclaimPolicy": "Retain",
    },
}
PVC: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "db-0", "namespace": "payroll", "labels": {"tier": "db"}},
    "spec": {"volumeName": "pv-1"},
}


def patched(**given: Any) -> Any:
    named = {"pv": PV, "site": "west", "plan": None, "rules": None, "pvc": None, "vm": None, **given}
    if named["plan"] is None and named["rules"] is None:
        named["rules"] = RULES
    return patched_volume(**named)


def handle(value: str) -> dict[str, Any]:
    """A PV that notes what it is at each site."""
    pv = copy.deepcopy(PV)
    pv["metadata"]["annotations"] = {f"dr.example.org/handle-{site}": f"of-{site}" for site in ("east", "west")}
    pv["spec"]["csi"] = {"driver": "csi-unity.dellemc.com", "volumeHandle": value}
    del pv["spec"]["nfs"]
    return pv


def test_the_decision_is_plain_data_with_rule_reasons_and_changes() -> None:
    decision = patched()
    assert decision["pv"]["spec"]["nfs"] == {"server": "198.51.100.10", "path": "/dr/db-0"}
    assert (decision["rule"], decision["pvc"]) == (0, None)
    assert decision["reasons"][0] == "rule 0 matches nfs 192.0.2.10:/exports/db-0"
    assert decision["changes"][0] == {
        "kind": "PersistentVolume",
        "field": "nfs.server",
        "now": "192.0.2.10",
        "then": "198.51.100.10",
        "why": "rule 0",
    }
    assert yaml.safe_load(yaml.safe_dump(decision)) == decision


def test_the_plan_and_its_rules_alone_decide_the_same(tmp_path: Path) -> None:
    file = tmp_path / "payroll.yml"
    file.write_text(yaml.safe_dump(PLAN), encoding="utf-8")
    assert patched() == patched(plan=PLAN) == patched(plan=str(file))


def test_with_its_claim_the_decision_has_the_claim_and_rules_know_its_fields() -> None:
    by_tier = copy.deepcopy(RULES)
    by_tier[0]["set"]["west"]["nfs.path"] = "/dr/{pvc.labels[tier]}/{match.volume}"
    decision = patched(rules=by_tier, pvc=PVC)
    assert decision["pv"]["spec"]["nfs"]["path"] == "/dr/db/db-0"
    assert decision["pvc"]["metadata"] == {"name": "db-0", "namespace": "payroll", "labels": {"tier": "db"}}


def test_without_its_claim_a_rule_that_needs_a_field_of_it_is_refused() -> None:
    by_tier = copy.deepcopy(RULES)
    by_tier[0]["set"]["west"]["nfs.path"] = "/dr/{pvc.labels[tier]}"
    with pytest.raises(Refused, match="has no value here"):
        patched(rules=by_tier)


def test_the_name_of_the_vm_is_what_was_given() -> None:
    by_vm = copy.deepcopy(RULES)
    by_vm[0]["set"]["west"]["nfs.path"] = "/dr/{vm.name}"
    assert patched(rules=by_vm, vm="postgres")["pv"]["spec"]["nfs"]["path"] == "/dr/postgres"


def test_what_was_given_is_not_changed() -> None:
    pv, pvc, rules = copy.deepcopy(PV), copy.deepcopy(PVC), copy.deepcopy(RULES)
    patched_volume(pv, "west", None, rules, pvc, None)
    assert (pv, pvc, rules) == (PV, PVC, RULES)


@pytest.mark.parametrize(
    ("given", "seen"),
    [
        ({"site": "nort"}, "the site 'nort', which is not one of its sites"),
        ({"plan": PLAN, "rules": RULES}, "both plan and rules"),
        ({"pv": [PV]}, "no object: list"),
        ({"pv": {"resources": [PV]}}, "no object: resources"),
        ({"pv": PVC}, "PersistentVolumeClaim/payroll/db-0, with apiVersion, kind, metadata, spec"),
        ({"pvc": PV}, "PersistentVolume/pv-1, with apiVersion, kind, metadata, spec"),
        (
            {"pvc": {**PVC, "metadata": {"name": "db-1", "namespace": "payroll"}}},
            "the claim payroll/db-1, while its claimRef is payroll/db-0",
        ),
        ({"pv": {**PV, "spec": {"nfs": PV["spec"]["nfs"]}}}, "no claimRef, and no claim was given"),
    ],
)
def test_p10_what_cannot_be_decided_says_what_was_seen_and_what_to_do(given: dict[str, Any], seen: str) -> None:
    with pytest.raises(Refused) as error:
        patched(**given)
    assert error.value.seen == seen
    assert error.value.wanted
    assert error.value.next_step


def test_p10_neither_plan_nor_rules_is_refused() -> None:
    with pytest.raises(Refused, match="neither plan nor rules"):
        patched_volume(PV, "west", None, None, None, None)


@pytest.mark.parametrize(
    ("rules", "problem"),
    [
        ([], "volumes.rules: sets 0 sites: none; wanted the same two in every rule"),
        ([{**RULES[0], "set": {"west": {"nfs.server": "a"}}}], "sets 1 sites: west"),
        ([*RULES, {**RULES[0], "set": {"east": {}, "north": {}}}], "volumes.rules[1].set.west: is required"),
        ("rules", "volumes.rules: got"),
        ([{"match": {"nfs": {"server": 5}}, "set": RULES[0]["set"]}], "volumes.rules[0].match.nfs.server"),
    ],
)
def test_rules_that_are_none_are_refused_with_their_place(rules: Any, problem: str) -> None:
    with pytest.raises(DrError) as error:
        patched(rules=rules)
    assert problem in str(error.value)


# pointing home


@pytest.mark.parametrize(("site", "home"), [("west", True), ("east", False)])
def test_p2_a_volume_points_home_where_it_has_the_other_sites_address(site: str, home: bool) -> None:
    assert points_home(PV, site, PLAN, None, None, None) is home


def test_p2_a_patched_volume_does_not_point_home() -> None:
    assert points_home(patched()["pv"], "west", PLAN, None, None, None) is False


@pytest.mark.parametrize(("value", "home"), [("of-east", True), ("of-west", False), ("of-nobody", False)])
def test_p2_a_handle_that_a_template_gives_at_the_other_site_points_home(value: str, home: bool) -> None:
    assert points_home(handle(value), "west", None, ANNOTATED, None, None) is home


def test_p2_a_handle_that_both_sites_share_does_not_point_home() -> None:
    pv = handle("shared")
    pv["metadata"]["annotations"] = dict.fromkeys(pv["metadata"]["annotations"], "shared")
    assert points_home(pv, "west", None, ANNOTATED, None, None) is False


def test_p2_of_a_volume_that_no_rule_matches_nobody_knows_where_it_points() -> None:
    with pytest.raises(Refused, match="no rule of 1 matches"):
        points_home(handle("of-east"), "west", PLAN, None, None, None)


# as planned


def test_what_the_api_server_adds_is_no_difference() -> None:
    seen = copy.deepcopy(patched()["pv"])
    seen["metadata"]["uid"] = seen["spec"]["claimRef"]["uid"] = "of-west"
    seen["spec"]["volumeMode"] = "Filesystem"
    assert volume_differences(seen, patched()) == []


@pytest.mark.parametrize("whole", [True, False])
def test_p2_a_volume_that_is_not_as_decided_is_told_field_by_field(whole: bool) -> None:
    wanted = patched()
    assert "nfs.server: wanted '198.51.100.10', is '192.0.2.10'" in volume_differences(
        PV, wanted if whole else wanted["pv"]
    )


def test_a_claim_is_compared_with_the_claim_of_the_decision() -> None:
    seen = copy.deepcopy(PVC)
    seen["spec"]["volumeName"] = "pv-2"
    assert volume_differences(seen, patched(pvc=PVC)) == ["volumeName: wanted 'pv-1', is 'pv-2'"]


@pytest.mark.parametrize(
    ("seen", "wanted"),
    [
        (PVC, {"pv": PV, "pvc": None}),
        (PV, PVC),
        (PV, {**PV, "metadata": {"name": "pv-2"}}),
        (PV, {}),
        (None, PV),
    ],
)
def test_p10_two_things_that_cannot_be_compared_are_refused(seen: Any, wanted: Any) -> None:
    with pytest.raises(Refused) as error:
        volume_differences(seen, wanted)
    assert error.value.next_step
