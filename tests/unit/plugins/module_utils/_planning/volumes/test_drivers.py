# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of docs/volumes.md against PVs as the drivers write them, there and back."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import VolumeRule
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan_parser import parse_plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.volumes.compare import points_home
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.volumes.drivers import (
    CSI,
    IN_TREE,
    UNKNOWN,
    driver_of,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.volumes.patch import VolumeDecision, patch_volume

HERE = Path(__file__).parent
PAGE = (HERE.parents[5] / "docs" / "volumes.md").read_text(encoding="utf-8")
MANIFESTS = {
    path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted((HERE / "manifests").glob("*.yaml"))
}
RULES = dict(re.findall(r"<!-- manifest: (\S+) -->\n```yaml\n(.*?)```", PAGE, flags=re.DOTALL))
REFUSED = re.findall(r"<!-- refused: (\S+) -->", PAGE)
PLAN: dict[str, Any] = {
    "name": "payroll",
    "home": "east",
    "sites": {"east": {"kubeconfig": "east.yml"}, "west": {"kubeconfig": "west.yml"}},
    "protect": {"namespaces": ["payroll"], "selector": {}},
}
ANY_RULE = "[{match: {}, set: {east: {storageClassName: gold}, west: {storageClassName: gold}}}]"
# never from the other site, whatever the driver
TIES = ("uid", "resourceVersion", "creationTimestamp", "finalizers", "status", "pv.kubernetes.io/provisioned-by")


def rules(text: str) -> tuple[VolumeRule, ...]:
    return parse_plan({**PLAN, "volumes": {"rules": yaml.safe_load(text)}}).rules


def claim_of(pv: dict[str, Any]) -> dict[str, Any]:
    claim, spec = pv["spec"]["claimRef"], pv["spec"]
    return {
        "metadata": {"name": claim["name"], "namespace": claim["namespace"], "uid": claim.get("uid", "1")},
        "spec": {
            "accessModes": spec["accessModes"],
            "resources": {"requests": spec["capacity"]},
            "storageClassName": spec["storageClassName"],
            "volumeMode": spec["volumeMode"],
            "volumeName": pv["metadata"]["name"],
        },
    }


def patched(name: str, text: str | None = None, target: str = "west") -> VolumeDecision:
    pv = MANIFESTS[name]["captured"]
    return patch_volume(pv, claim_of(pv), rules(text or RULES[name]), target)


def chosen(spec: dict[str, Any], like: dict[str, Any]) -> dict[str, Any]:
    return {key: spec.get(key) for key in like}


def test_every_manifest_has_its_place_on_the_page() -> None:
    assert sorted([*RULES, *REFUSED]) == sorted(MANIFESTS)


def test_the_page_names_every_driver() -> None:
    families = {name: name.replace("csi-", "").replace(".dellemc.com", "") for name in CSI}
    assert [name for name in (*families, *IN_TREE) if name not in PAGE and families.get(name, name) not in PAGE] == []


@pytest.mark.parametrize("name", RULES)
def test_p2_the_rule_of_the_page_makes_the_targets_volume(name: str) -> None:
    wanted = MANIFESTS[name]["there"]
    decision = patched(name)
    assert chosen(decision.pv["spec"], wanted) == wanted
    assert decision.pvc["spec"]["storageClassName"] == decision.pv["spec"]["storageClassName"]
    assert points_home([decision.pv["spec"]], rules(RULES[name])[0], "west") == []
    assert [tie for tie in TIES if tie in {**decision.pv, **decision.pv["metadata"]}] == []


@pytest.mark.parametrize("name", RULES)
def test_the_rule_of_the_page_leads_back(name: str) -> None:
    there = patched(name)
    captured = MANIFESTS[name]["captured"]["spec"]
    wanted = MANIFESTS[name].get("back") or chosen(captured, {**MANIFESTS[name]["there"], "storageClassName": ""})
    back = patch_volume(there.pv, there.pvc, rules(RULES[name]), "east")
    assert chosen(back.pv["spec"], wanted) == wanted


@pytest.mark.parametrize("name", RULES)
def test_a_driver_of_the_page_is_known(name: str) -> None:
    decision = patched(name)
    assert driver_of(decision.pv["spec"]) is not UNKNOWN
    assert [reason for reason in decision.reasons if "nothing is known" in reason] == []


@pytest.mark.parametrize("name", REFUSED)
def test_what_patching_cannot_do_is_refused_with_reason_and_remedy(name: str) -> None:
    with pytest.raises(Refused) as refusal:
        patched(name, ANY_RULE)
    assert MANIFESTS[name]["refused"] in (refusal.value.seen or "")
    assert MANIFESTS[name]["remedy"] in (refusal.value.next_step or "")


@pytest.mark.parametrize(
    "name",
    [
        "dell-unity",
        "fc",
        "hitachi",
        "hpe",
        "ibm-block",
        "iscsi",
        "local",
        "portworx",
        "pure",
        "rbd-in-tree",
        "vsphere-csi",
        "vsphere-in-tree",
    ],
)
def test_p2_a_rule_that_forgets_the_address_is_refused_with_the_field(name: str) -> None:
    with pytest.raises(Refused) as refusal:
        patched(name, ANY_RULE)
    assert "volumes.rules[0].set.west (" in (refusal.value.next_step or "")


@pytest.mark.parametrize("driver", ["hostpath.csi.k8s.io", "topolvm.io", "xrbd.csi.ceph.com"])
def test_of_an_unknown_driver_the_rule_is_applied_and_the_reasons_say_so(driver: str) -> None:
    pv = {**MANIFESTS["pure"]["captured"]}
    pv["spec"] = {**pv["spec"], "csi": {"driver": driver, "volumeHandle": "east-1"}}
    text = "[{match: {}, set: {east: {csi.volumeHandle: east-1}, west: {csi.volumeHandle: west-1}}}]"
    decision = patch_volume(pv, claim_of(pv), rules(text), "west")
    assert decision.pv["spec"]["csi"]["volumeHandle"] == "west-1"
    assert decision.reasons[-1] == (
        f"nothing is known of the CSI driver {driver}: only the plan's rule was applied, and nothing but it was checked"
    )


@pytest.mark.parametrize(
    "driver", ["rbd.csi.ceph.com", "openshift-storage.rbd.csi.ceph.com", "rook-ceph.rbd.csi.ceph.com"]
)
def test_ceph_csi_is_known_under_any_prefix(driver: str) -> None:
    assert driver_of({"csi": {"driver": driver}}) is driver_of({"csi": {"driver": "rbd.csi.ceph.com"}})
    assert driver_of({"csi": {"driver": driver}}) is not UNKNOWN
