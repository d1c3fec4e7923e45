# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.restore.take_back import (
    TakenBack,
    labelled_by_us,
    taken_from_vm,
    taken_from_volume,
    taken_from_workload,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import merged
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.workload_manifests import cron_job, deployment

LABEL = "protected.dr.ocpvirt.io/payroll"
POLICY = "dr.ocpvirt.io/reclaim-policy"
RECORDED = "dr.ocpvirt.io/recorded"


def volume(policy: str = "Retain", recorded: str | None = "Delete", phase: str = "Bound", **labels: str) -> Any:
    meta: dict[str, Any] = {"name": "pv", "labels": {LABEL: "true", **labels}}
    if recorded:
        meta["annotations"] = {POLICY: recorded}
    spec = {
        "persistentVolumeReclaimPolicy": policy,
        "claimRef": {"namespace": "payroll", "name": "db", "uid": "u-1"},
    }
    return {"metadata": meta, "spec": spec, "status": {"phase": phase}}


def claim(uid: str = "u-1", **meta: str) -> dict[str, Any]:
    return {"metadata": {"namespace": "payroll", "name": "db", "uid": uid, **meta}}


def taken(pv: Any, held_by: Any, lives_here: bool = True) -> tuple[Any, TakenBack]:
    """The PV afterwards, and what was decided."""
    decided = taken_from_volume(pv, held_by, LABEL, lives_here)
    return merged(pv, decided.patch), decided


def test_the_reclaim_policy_of_before_is_given_back_with_the_label() -> None:
    pv, decided = taken(volume(), claim())
    assert pv["spec"]["persistentVolumeReclaimPolicy"] == "Delete"
    assert (pv["metadata"]["labels"], pv["metadata"]["annotations"]) == ({}, {})
    assert decided.why[0] == "reclaim policy Retain becomes Delete again"


def test_a_volume_that_was_retained_before_only_loses_its_label() -> None:
    pv, decided = taken(volume(recorded=None), claim())
    assert (pv["spec"]["persistentVolumeReclaimPolicy"], pv["metadata"]["labels"], decided.stays) == ("Retain", {}, ())


@pytest.mark.parametrize(
    ("pv", "held_by", "lives_here", "why"),
    [
        (volume(phase="Released"), None, True, "its data would be deleted at once"),
        (volume(phase="Released"), claim(uid="another"), True, "its data would be deleted at once"),
        (volume(), None, True, "its data would be deleted at once"),
        (volume(), claim(deletionTimestamp="2026-03-01T12:00:00Z"), True, "its claim is being deleted"),
        (volume(), claim(), False, "lives at the other site"),
        (volume(**{"protected.dr.ocpvirt.io/audit": "true"}), claim(), True, "plan audit protects it too"),
        (volume(recorded="Destroy"), claim(), True, "Destroy is no reclaim policy"),
    ],
)
def test_p8_a_volume_stays_retained_where_its_data_could_go(pv: Any, held_by: Any, lives_here: bool, why: str) -> None:
    after, decided = taken(pv, held_by, lives_here)
    assert after["spec"]["persistentVolumeReclaimPolicy"] == "Retain"
    assert LABEL not in after["metadata"]["labels"]
    # a later protect and unprotect still know it
    assert POLICY in after["metadata"]["annotations"]
    assert why in decided.stays[0]


def test_a_policy_that_somebody_changed_since_is_his() -> None:
    pv, decided = taken(volume(policy="Delete", recorded="Recycle"), claim())
    assert (pv["spec"]["persistentVolumeReclaimPolicy"], pv["metadata"]["annotations"]) == ("Delete", {})
    assert decided.stays == ()


def vm(strategy: str, recorded: str | None, running: bool = False) -> dict[str, Any]:
    meta: dict[str, Any] = {"name": "db", "namespace": "payroll", "labels": {LABEL: "true", "tier": "db"}}
    if recorded:
        meta["annotations"] = {RECORDED: json.dumps({"run_strategy": recorded, "running": running})}
    return {"metadata": meta, "spec": {"runStrategy": strategy}}


@pytest.mark.parametrize(("strategy", "recorded"), [("Always", "Always"), ("Halted", "Halted"), ("Manual", "Always")])
def test_a_record_that_says_no_more_than_the_vm_goes(strategy: str, recorded: str) -> None:
    decided = taken_from_vm(vm(strategy, recorded), LABEL)
    after = merged(vm(strategy, recorded), decided.patch)
    assert (after["metadata"]["labels"], after["metadata"]["annotations"]) == ({"tier": "db"}, {})
    assert (after["spec"], decided.stays) == ({"runStrategy": strategy}, ())


@pytest.mark.parametrize("recorded", ["RerunOnFailure", "Manual", "Always"])
def test_p7_a_halted_vm_keeps_the_only_word_of_its_strategy(recorded: str) -> None:
    before = vm("Halted", recorded)
    decided = taken_from_vm(before, LABEL)
    after = merged(before, decided.patch)
    assert after["metadata"]["annotations"] == before["metadata"]["annotations"]
    assert after["metadata"]["labels"] == {"tier": "db"}
    assert recorded in decided.stays[0]


def test_p10_a_record_that_nobody_can_read_is_refused_by_name() -> None:
    torn = vm("Halted", None)
    torn["metadata"]["annotations"] = {RECORDED: "{"}
    with pytest.raises(Refused, match=r"VirtualMachine/payroll/db.*correct the annotation"):
        taken_from_vm(torn, LABEL)


def test_a_vm_without_label_and_record_is_not_written() -> None:
    plain = vm("Always", None)
    del plain["metadata"]["labels"][LABEL]
    assert taken_from_vm(plain, LABEL).patch == {}


def labelled(item: dict[str, Any], recorded: dict[str, Any] | None = None) -> dict[str, Any]:
    item["metadata"]["labels"] = {LABEL: "true", "tier": "db"}
    if recorded is not None:
        item["metadata"]["annotations"] = {RECORDED: json.dumps(recorded)}
    return item


@pytest.mark.parametrize(
    "item",
    [
        labelled(deployment(replicas=3)),
        # killed before the start forgot what it gave back
        labelled(deployment(replicas=3), {"replicas": 3, "running": True}),
        labelled(deployment(replicas=0), {"replicas": 0, "running": False}),
        labelled(cron_job(suspend=True), {"running": False}),
    ],
)
def test_a_workload_loses_its_label_and_a_record_that_says_no_more_than_itself(item: dict[str, Any]) -> None:
    decided = taken_from_workload(item, LABEL)
    after = merged(item, decided.patch)
    assert (after["metadata"]["labels"], after["metadata"]["annotations"]) == ({"tier": "db"}, {})
    assert (after["spec"], decided.stays) == (item["spec"], ())


@pytest.mark.parametrize(
    ("item", "shown"),
    [
        (labelled(deployment(replicas=0), {"replicas": 3, "running": True}), "3 replicas"),
        (labelled(cron_job(suspend=True), {"running": True}), "on"),
    ],
)
def test_p7_a_stopped_workload_keeps_the_only_word_of_what_it_was(item: dict[str, Any], shown: str) -> None:
    decided = taken_from_workload(item, LABEL)
    after = merged(item, decided.patch)
    assert after["metadata"]["annotations"] == item["metadata"]["annotations"]
    assert after["metadata"]["labels"] == {"tier": "db"}
    assert decided.stays[0].endswith(f"only it says {shown}")


@pytest.mark.parametrize(
    ("manager", "operation", "ours"),
    [("ocpvirt-dr", "Update", True), ("ocpvirt-dr", "Apply", False), ("kubectl-label", "Update", False)],
)
def test_the_server_tells_who_wrote_a_label(manager: str, operation: str, ours: bool) -> None:
    fields = {"f:metadata": {"f:labels": {f"f:{LABEL}": {}}}}
    entries = [{"manager": manager, "operation": operation, "fieldsV1": fields}, {"manager": "other"}]
    assert labelled_by_us({"metadata": {"managedFields": entries}}, LABEL) is ours
