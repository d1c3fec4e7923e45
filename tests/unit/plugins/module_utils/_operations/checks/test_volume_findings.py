# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `check` says of volumes: everything that a move would stumble over, and what it would patch."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import NAMESPACE, PV, PVC, RESOURCE_QUOTA, VM
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Failed
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.checks.volume_findings import (
    VolumeCheck,
    VolumeView,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.inventory.protected import list_protected
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, plan_of

PLAN_LABEL = {"dr.ocpvirt.io/plan": "payroll"}
PROTECTED = {"protected.dr.ocpvirt.io/payroll": "true"}


def rule(match: dict[str, Any], path: str) -> dict[str, Any]:
    return {
        "match": match,
        "set": {
            "east": {"nfs.server": "192.0.2.10", "nfs.path": path},
            "west": {"nfs.server": "198.51.100.10", "nfs.path": path},
        },
    }


PLAN = plan_of(volumes={"rules": [rule({}, "/{pv.name}")]})
GROUPS: Any = SimpleNamespace(check_covered=lambda _site, _pvc, _pv: None)


@pytest.fixture
def east() -> MemoryApi:
    """A VM of the plan with its disk."""
    api = MemoryApi("east")
    add_vm(api, "db-0", "db-0")
    add_disk(api, "db-0")
    return api


@pytest.fixture
def west() -> MemoryApi:
    return MemoryApi("west")


def add_vm(api: MemoryApi, name: str, *disks: str, labels: dict[str, str] | None = None) -> None:
    volumes = [{"persistentVolumeClaim": {"claimName": disk}} for disk in disks]
    meta = {"namespace": "payroll", "name": name, "labels": PLAN_LABEL if labels is None else labels}
    api.create(VM, {"metadata": meta, "spec": {"template": {"spec": {"volumes": volumes}}}})


def add_disk(api: MemoryApi, name: str, **spec: Any) -> None:
    api.create(
        PV,
        {
            "metadata": {"name": f"pv-{name}"},
            "spec": {
                "claimRef": {"namespace": "payroll", "name": name},
                "persistentVolumeReclaimPolicy": "Retain",
                "nfs": {"server": "192.0.2.10", "path": f"/pv-{name}"},
                **spec,
            },
        },
    )
    api.create(
        PVC,
        {
            "metadata": {"namespace": "payroll", "name": name, "labels": PROTECTED, "uid": f"uid-{name}"},
            "spec": {"volumeName": f"pv-{name}", "resources": {"requests": {"storage": "10Gi"}}},
            "status": {"phase": "Bound"},
        },
    )


def look(east: MemoryApi, west: MemoryApi | None, plan: Plan = PLAN) -> VolumeView:
    check = VolumeCheck(plan, GROUPS, east, west)  # type: ignore[arg-type]
    return check.look(list_protected(plan, east))  # type: ignore[arg-type]


def codes(view: VolumeView) -> list[str]:
    return [finding.code for finding in view.findings]


def test_volumes_that_a_move_can_take_are_no_finding(east: MemoryApi, west: MemoryApi) -> None:
    assert codes(look(east, west)) == []


@pytest.mark.parametrize("api", ["east", "west"])
def test_p9_nothing_is_written(east: MemoryApi, west: MemoryApi, api: str) -> None:
    east.writes.clear()
    look(east, west)
    assert {"east": east, "west": west}[api].writes == []


def test_a_rule_whose_template_names_a_missing_field_is_a_blocker(east: MemoryApi, west: MemoryApi) -> None:
    [finding] = look(east, west, plan_of(volumes={"rules": [rule({}, "/{pv.labels[tier]}")]})).findings
    assert (finding.severity, finding.code, finding.on) == ("blocker", "VolumeRule", "PersistentVolume/pv-db-0")
    assert "{pv.labels[tier]} has no value here" in finding.message
    assert "a rule of its own" in finding.remedy


def test_two_rules_in_conflict_are_a_warning(east: MemoryApi, west: MemoryApi) -> None:
    plan = plan_of(volumes={"rules": [rule({"name": "pv-.*"}, "/{pv.name}"), rule({"name": ".*-0"}, "/x/{pv.name}")]})
    findings = look(east, west, plan).findings
    assert [(finding.severity, finding.code) for finding in findings] == [
        ("warning", "RuleConflict"),
        ("warning", "RuleShadowed"),
    ]


def test_a_rule_that_names_the_vm_is_a_blocker_for_a_volume_that_two_vms_share(
    east: MemoryApi, west: MemoryApi
) -> None:
    add_vm(east, "db-1", "db-0")
    assert codes(look(east, west)) == []
    [finding] = look(east, west, plan_of(volumes={"rules": [rule({}, "/{vm.name}")]})).findings
    assert (finding.severity, finding.code, finding.on) == ("blocker", "VolumeRule", "PersistentVolume/pv-db-0")
    assert "{vm.name} could be any of the VMs that share it: db-0, db-1" in finding.message


def test_a_claim_with_the_plans_label_that_no_vm_uses_is_a_warning(east: MemoryApi, west: MemoryApi) -> None:
    add_disk(east, "old")
    [finding] = look(east, west).findings
    assert (finding.severity, finding.code, finding.on) == (
        "warning",
        "ClaimUnused",
        "PersistentVolumeClaim/payroll/old",
    )
    assert "protected.dr.ocpvirt.io/payroll" in finding.remedy


def test_a_claim_that_no_vm_uses_stops_a_failover_like_any_other_and_is_checked_likewise(
    east: MemoryApi, west: MemoryApi
) -> None:
    add_disk(east, "old")
    plan = plan_of(volumes={"rules": [rule({"name": "pv-db-.*"}, "/{pv.name}")]})
    assert sorted(codes(look(east, west, plan))) == ["ClaimUnused", "VolumeRule"]


def test_a_claim_that_keeps_the_tpm_of_a_vm_is_not_unused(east: MemoryApi, west: MemoryApi) -> None:
    add_disk(east, "persistent-state-for-db-0-x7k2p")
    east.patch(
        PVC, "persistent-state-for-db-0-x7k2p", "payroll", {"metadata": {"labels": {"persistent-state-for": "db-0"}}}
    )
    assert codes(look(east, west)) == []


def test_a_claim_without_the_plans_label_that_no_vm_uses_is_nobodys_business(east: MemoryApi, west: MemoryApi) -> None:
    add_disk(east, "old")
    east.patch(PVC, "old", "payroll", {"metadata": {"labels": None}})
    assert codes(look(east, west)) == []


def test_a_namespace_that_is_terminating_at_the_target_is_a_blocker(east: MemoryApi, west: MemoryApi) -> None:
    west.create(NAMESPACE, {"metadata": {"name": "payroll"}, "status": {"phase": "Terminating"}})
    [finding] = look(east, west).findings
    assert (finding.code, finding.on, finding.site) == ("NamespaceTerminating", "Namespace/payroll", "west")


def test_a_quota_that_would_be_exceeded_at_the_target_is_a_blocker(east: MemoryApi, west: MemoryApi) -> None:
    west.create(
        RESOURCE_QUOTA,
        {"metadata": {"namespace": "payroll", "name": "limits"}, "spec": {"hard": {"requests.storage": "9Gi"}}},
    )
    [finding] = look(east, west).findings
    assert (finding.code, finding.message) == ("QuotaTooSmall", "requests.storage: 10Gi to create, 9Gi of 9Gi left")


def test_a_quota_has_to_hold_only_what_is_not_there_yet(east: MemoryApi, west: MemoryApi) -> None:
    add_disk(west, "db-0", nfs={"server": "198.51.100.10", "path": "/pv-db-0"})
    west.create(
        RESOURCE_QUOTA,
        {"metadata": {"namespace": "payroll", "name": "limits"}, "spec": {"hard": {"requests.storage": "0"}}},
    )
    assert codes(look(east, west)) == []


def test_quotas_that_cannot_be_read_are_a_warning(
    east: MemoryApi, west: MemoryApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = west.list

    def refuse(kind: Any, *args: Any, **named: Any) -> list[dict[str, Any]]:
        if kind is RESOURCE_QUOTA:
            raise Failed("GET", site="west", on="ResourceQuota/payroll", status=403, next_step="grant the right")
        return listed(kind, *args, **named)

    monkeypatch.setattr(west, "list", refuse)
    [finding] = look(east, west).findings
    assert (finding.severity, finding.code, finding.remedy) == ("warning", "QuotaUnknown", "grant the right")


def test_p2_an_object_at_the_target_that_differs_is_a_blocker_with_the_difference(
    east: MemoryApi, west: MemoryApi
) -> None:
    add_disk(west, "db-0")
    [finding] = look(east, west).findings
    assert (finding.code, finding.on, finding.site) == ("ObjectExists", "PersistentVolume/pv-db-0", "west")
    assert finding.message == "nfs.server: wanted '198.51.100.10', is '192.0.2.10'"


@pytest.mark.parametrize(
    ("at_west", "there"),
    [
        (None, "created"),
        ({}, "used as it is"),
        ({"claimRef": {"namespace": "payroll", "name": "db-0", "uid": "gone"}}, "bound anew"),
        ({"nfs": {"server": "other", "path": "/x"}}, "refused"),
    ],
)
def test_the_preview_says_what_becomes_of_the_volume_beside_what_is_there(
    east: MemoryApi, west: MemoryApi, at_west: dict[str, Any] | None, there: str
) -> None:
    if at_west is not None:
        add_disk(west, "db-0", **{"nfs": {"server": "198.51.100.10", "path": "/pv-db-0"}, **at_west})
    [preview] = look(east, west).result("*")["pv_patch_preview"]
    assert preview == {
        "claim": "payroll/db-0",
        "pv": "pv-db-0",
        "rule": 0,
        "there": there,
        "changes": ["nfs.server: 192.0.2.10 -> 198.51.100.10 (rule 0)"],
    }


def test_without_a_target_to_ask_the_preview_says_that_it_does_not_know(east: MemoryApi) -> None:
    assert look(east, None).result("*")["pv_patch_preview"][0]["there"] == "unknown"


def test_the_summary_is_there_without_being_asked_for(east: MemoryApi, west: MemoryApi) -> None:
    result = look(east, west).result("")
    assert result["pv_patch_preview"] == []
    assert result["pv_patches"] == [
        {"rule": 0, "volumes": 1, "changes": ["nfs.server: 192.0.2.10 -> 198.51.100.10 (rule 0)"]}
    ]


def test_a_pattern_chooses_the_claims_of_the_preview(east: MemoryApi, west: MemoryApi) -> None:
    add_vm(east, "web-0", "web-0")
    add_disk(east, "web-0")
    shown = look(east, west).result("payroll/web-*")["pv_patch_preview"]
    assert [preview["claim"] for preview in shown] == ["payroll/web-0"]


def test_the_preview_of_many_volumes_is_bounded_and_says_how_many_it_leaves_out(
    east: MemoryApi, west: MemoryApi
) -> None:
    for number in range(300):
        add_vm(east, f"vm-{number}", f"disk-{number}")
        add_disk(east, f"disk-{number}")
    result = look(east, west).result("*")
    assert len(json.dumps(result)) < 24_000
    assert len(result["pv_patch_preview"]) + result["pv_patches_left_out"] == 301
