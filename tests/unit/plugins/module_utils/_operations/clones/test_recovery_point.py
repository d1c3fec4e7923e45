# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A recovery point: clones of one moment per VM, of what is the plan's, as the plan wants them."""

from __future__ import annotations

import pytest
import yaml
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import (
    LEASE,
    PV,
    PVC,
    STATEFUL_SET,
    STORAGE_CLASS,
    VM_SNAPSHOT,
    VOLUME_SNAPSHOT,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.clones import recovery_point
from ansible_collections.ocpvirt.dr.plugins.modules import snapshot_clone
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.clones.recovery_point_world import (
    GROUPS,
    LABEL,
    clones,
    codes,
    east_with_a_vm,
    take,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.clones.snapshot_double import (
    DRIVER,
    NAMESPACE,
    SnapshotApi,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.workload_manifests import stateful_set


@pytest.fixture
def east(monkeypatch: pytest.MonkeyPatch) -> SnapshotApi:
    return east_with_a_vm(monkeypatch)


def test_both_disks_of_a_vm_are_cloned_from_one_snapshot(east: SnapshotApi) -> None:
    result = take("20260301a")
    made = clones(east)
    assert (result["complete"], result["sets"], result["clones"]) == (True, 1, 2)
    assert sorted(made) == ["db-0-data-20260301a", "db-0-root-20260301a"]
    assert {clone.facts.taken for clone in made.values()} == {"2026-03-01T12:00:00Z"}
    assert {clone.facts.owner for clone in made.values()} == {"VirtualMachine/payroll/db-0"}


def test_a_clone_is_as_its_volume_and_at_least_as_large_as_the_snapshot(east: SnapshotApi) -> None:
    take("20260301a")
    pvc = east.get(PVC, "db-0-root-20260301a", NAMESPACE)
    spec = pvc["spec"]
    assert (spec["accessModes"], spec["volumeMode"], spec["storageClassName"]) == (["ReadWriteMany"], "Block", "fast")
    assert spec["resources"] == {"requests": {"storage": "11Gi"}}


def test_a_clone_is_selected_by_the_group_and_has_no_other_label_of_its_source(east: SnapshotApi) -> None:
    take("20260301a")
    labels = east.get(PVC, "db-0-root-20260301a", NAMESPACE)["metadata"]["labels"]
    assert labels == {
        "tier": "db",
        LABEL: "true",
        "dr.ocpvirt.io/recovery-point": "20260301a",
        "dr.ocpvirt.io/recovery-point-of-plan": "payroll",
        "dr.ocpvirt.io/clone-of": "db-0-root",
    }


def test_the_volume_of_a_clone_is_kept_like_the_rest(east: SnapshotApi) -> None:
    take("20260301a")
    pv = east.get(PV, "pv-db-0-root-20260301a")
    assert pv["spec"]["persistentVolumeReclaimPolicy"] == "Retain"
    assert pv["metadata"]["labels"] == {LABEL: "true"}
    assert pv["metadata"]["annotations"] == {"dr.ocpvirt.io/reclaim-policy": "Delete"}


def test_snapshots_do_not_stay(east: SnapshotApi) -> None:
    take("20260301a")
    assert (east.names(VM_SNAPSHOT), east.names(VOLUME_SNAPSHOT)) == ([], [])


def test_p9_check_mode_writes_nothing_and_decides_the_same(east: SnapshotApi) -> None:
    for point in ("20260301a", "20260301b"):
        take(point)
        east.time.sleep(60)
    before = list(east.writes)
    foreseen = take("20260301c", check_mode=True)
    assert east.writes == before
    real = take("20260301c")
    keys = ("changed", "complete", "recovery_point", "decisions", "sets", "clones", "findings")
    assert {key: foreseen[key] for key in keys} == {key: real[key] for key in keys}


def test_nothing_is_done_where_the_plan_does_not_ask_for_it(east: SnapshotApi) -> None:
    result = recovery_point.take_recovery_point(plan_of(replication=GROUPS), "east", "", 60.0, False)
    assert (result["changed"], result["complete"], east.writes) == (False, True, [])


def test_a_claim_that_only_pods_use_is_snapshotted_by_itself(east: SnapshotApi) -> None:
    east.add(STATEFUL_SET, stateful_set(replicas=1))
    east.add_claim("data-store-0")
    assert take("20260301a")["sets"] == 2
    made = clones(east)["data-store-0-20260301a"]
    assert made.pvc["spec"]["dataSource"]["name"] == "data-store-0-20260301a"
    assert (made.facts.owner, made.facts.consistency) == ("PersistentVolumeClaim/payroll/data-store-0", "crash")


@pytest.mark.parametrize(
    ("indications", "consistency", "found"),
    [
        ([], "off", []),
        (["Online", "GuestAgent"], "frozen", []),
        (["Online", "NoGuestAgent"], "crash", ["NotFrozen"]),
        (["Online", "GuestAgent", "QuiesceFailed"], "crash", ["NotFrozen"]),
        (["Online", "Paused"], "crash", ["NotFrozen"]),
    ],
)
def test_how_the_guest_was_held_still_stands_on_the_clone(
    east: SnapshotApi, indications: list[str], consistency: str, found: list[str]
) -> None:
    east.indications["db-0"] = indications
    result = take("20260301a")
    assert {clone.facts.consistency for clone in clones(east).values()} == {consistency}
    assert (codes(result), result["complete"]) == (found, True)


def test_a_clone_may_have_another_class_of_the_same_driver(east: SnapshotApi) -> None:
    east.add(STORAGE_CLASS, {"metadata": {"name": "at-once"}, "provisioner": DRIVER})
    east.objects[STORAGE_CLASS.kind, None, "fast"]["volumeBindingMode"] = "WaitForFirstConsumer"
    assert codes(take("20260301a")) == ["CloneClass", "CloneClass"]
    assert take("20260301a", storage_classes={"fast": "at-once"})["complete"]
    assert {clone.pvc["spec"]["storageClassName"] for clone in clones(east).values()} == {"at-once"}


def test_p6_nothing_is_cloned_while_a_run_moves_the_plan(east: SnapshotApi) -> None:
    meta = {"name": "plan-payroll", "namespace": "ocpvirt-dr"}
    east.add(LEASE, {"metadata": meta, "spec": {"holderIdentity": "r-1#1"}})
    with pytest.raises(Refused, match="run r-1 holds the plan's lock"):
        take()
    assert east.writes == []


def test_the_result_is_as_the_module_documents_it(east: SnapshotApi) -> None:
    for key in list(east.objects):
        if key[2] in ("db-0", "db-0-root", "db-0-data"):
            del east.objects[key]
    east.add_vm("db-0", "db-0")
    result = take()
    documented = yaml.safe_load(snapshot_clone.RETURN)
    assert {"changed": True, **{name: item["sample"] for name, item in documented.items()}} == result


def test_p10_a_bad_name_says_what_is_allowed(east: SnapshotApi) -> None:
    with pytest.raises(Refused, match="lower-case letters"):
        take("Monday!")
