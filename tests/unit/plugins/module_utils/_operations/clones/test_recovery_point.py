# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A recovery point: clones of one moment per VM, whatever fails, whoever is killed, and no object of anybody else."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
import yaml
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import (
    LEASE,
    POD,
    PV,
    PVC,
    STATEFUL_SET,
    STORAGE_CLASS,
    VM_SNAPSHOT,
    VOLUME_SNAPSHOT,
    VOLUME_SNAPSHOT_CLASS,
    Kind,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Failed, NotFound, Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.clone import Clone, read_clone
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.clones import recovery_point
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.clones import replication as clone_replication
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.clones.snapshot_storage import snapshot_findings
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.inventory.protected import list_protected
from ansible_collections.ocpvirt.dr.plugins.modules import snapshot_clone
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.clones.snapshot_double import (
    DRIVER,
    NAMESPACE,
    KilledError,
    SnapshotApi,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.workload_manifests import stateful_set

GROUPS = {"provider": "nfs", "groups": [{"name": "all", "selector": {"matchLabels": {"tier": "db"}}}]}
LABEL = "protected.dr.ocpvirt.io/payroll"


class Replicated:
    """Replication is another test's. released: claims that were let go."""

    released: list[str]
    errors: ClassVar[list[Exception]] = []

    def __init__(self, _plan: object) -> None:
        return

    def provider(self, _group: object) -> Replicated:
        return self

    def enable(self, *_given: object) -> bool:
        for error in Replicated.errors:
            raise error
        return False

    def release(self, _group: object, _site: str, claims: list[str]) -> None:
        for error in Replicated.errors:
            raise error
        Replicated.released += claims


@pytest.fixture
def east(monkeypatch: pytest.MonkeyPatch) -> SnapshotApi:
    api = SnapshotApi()
    api.add_vm("db-0", "db-0-root", "db-0-data")
    Replicated.released, Replicated.errors = [], []
    monkeypatch.setattr(recovery_point, "open_site", lambda _plan, _site: api)
    monkeypatch.setattr(clone_replication, "Groups", Replicated)
    return api


def take(point: str = "", check_mode: bool = False, keep: int = 2, **snapshots: Any) -> dict[str, Any]:
    plan = plan_of(replication=GROUPS, snapshots={"keep": keep, **snapshots})
    return recovery_point.take_recovery_point(plan, "east", point, 60.0, check_mode)


def clones(api: SnapshotApi) -> dict[str, Clone]:
    found = [read_clone(item) for item in api.list(PVC)]
    return {clone.name: clone for clone in found if clone}


def codes(result: dict[str, Any]) -> list[str]:
    return [finding["code"] for finding in result["findings"]]


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


def test_p5_the_same_recovery_point_twice_is_one(east: SnapshotApi) -> None:
    take("20260301a")
    before = list(east.writes)
    again = take("20260301a")
    assert (again["changed"], again["complete"], again["clones"], east.writes) == (False, True, 2, before)


def test_p5_killed_at_any_write_it_ends_in_the_state_of_an_undisturbed_run(east: SnapshotApi) -> None:
    for writes in range(40):
        killed = killed_then_again(writes)
        if killed is None:
            break
        made = clones(killed)
        # deterministic but for uids: the same claims, all finished, from one snapshot
        assert [name.rpartition("-")[0] for name in sorted(made)] == ["db-0-data", "db-0-root"], writes
        assert all(clone.finished and clone.bound for clone in made.values()), writes
        assert len({clone.pvc["spec"]["dataSource"]["name"].rpartition("-volume")[0] for clone in made.values()}) == 1
        assert killed.names(VM_SNAPSHOT) == [], writes
        assert len([name for name in killed.names(PV) if "-0-" in name]) == 4, writes
    assert writes > 12


def killed_then_again(writes: int) -> SnapshotApi | None:
    """After an older recovery point that the new one pushes out. None where the run ended before so many writes."""
    api = SnapshotApi()
    api.add_vm("db-0", "db-0-root", "db-0-data")
    patch = pytest.MonkeyPatch()
    patch.setattr(recovery_point, "open_site", lambda _plan, _site: api)
    try:
        take("old", keep=1)
        api.time.sleep(7200)
        api.killed_after = writes
        try:
            take(keep=1)
        except KilledError:
            api.killed_after = -1
            api.time.sleep(90)
            assert take(keep=1)["complete"]
            return api
        return None
    finally:
        patch.undo()


def test_p5_a_run_that_was_killed_yesterday_is_removed_and_not_gone_on_with(east: SnapshotApi) -> None:
    east.killed_after = 2
    with pytest.raises(KilledError):
        take()
    east.killed_after = -1
    old = set(clones(east))
    assert old
    east.time.sleep(86_400)
    result = take()
    assert result["recovery_point"] == "20260302t120000z"
    assert not old & set(clones(east))
    assert all(clone.finished for clone in clones(east).values())


def test_a_clone_of_a_failed_attempt_is_made_anew_with_the_rest_of_its_set(east: SnapshotApi) -> None:
    east.killed_after = 2
    with pytest.raises(KilledError):
        take("20260301a")
    east.killed_after = -1
    assert len(clones(east)) == 1
    east.set_status(VM_SNAPSHOT, "db-0-20260301a", NAMESPACE, {"phase": "Failed"})
    assert take("20260301a")["complete"]
    sources = {clone.pvc["spec"]["dataSource"]["name"].rpartition("-volume")[0] for clone in clones(east).values()}
    assert (len(clones(east)), len(sources)) == (2, 1)


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


def test_the_newest_sets_are_kept_and_the_data_of_older_ones_goes(east: SnapshotApi) -> None:
    for point in ("20260301a", "20260301b", "20260301c"):
        result = take(point)
        east.time.sleep(60)
    assert sorted({clone.recovery_point for clone in clones(east).values()}) == ["20260301b", "20260301c"]
    assert "pv-db-0-root-20260301a" not in east.names(PV)
    assert Replicated.released == ["payroll/db-0-data-20260301a", "payroll/db-0-root-20260301a"]
    on = "PersistentVolumeClaim/payroll/db-0-root-20260301a"
    assert result["decisions"][-1] == f"{on}: removed, 2 newer sets of VirtualMachine/payroll/db-0 are kept"


def test_p8_retention_removes_only_what_it_made(east: SnapshotApi) -> None:
    take("20260301a")
    annotations = {"dr.ocpvirt.io/clone": clones(east)["db-0-root-20260301a"].facts.as_annotation()}
    labels = {"dr.ocpvirt.io/recovery-point-of-plan": "payroll", "dr.ocpvirt.io/recovery-point": "20260301a"}
    spec = {"volumeName": "x"}
    east.add(PVC, {"metadata": {"name": "bare", "namespace": NAMESPACE, "labels": labels}, "spec": spec})
    meta = {"name": "copied", "namespace": NAMESPACE, "labels": {**labels, LABEL: "true"}, "annotations": annotations}
    east.add(PVC, {"metadata": meta, "spec": spec, "status": {"phase": "Bound"}})
    east.objects[PVC.kind, NAMESPACE, "db-0-data-20260301a"]["metadata"]["ownerReferences"] = [
        {"kind": "DataVolume", "name": "mine"}
    ]
    east.time.sleep(60)
    result = take("20260301b", keep=1)
    names = east.names(PVC)
    assert {"bare", "copied", "db-0-data-20260301a"} <= set(names)
    assert "db-0-root-20260301a" not in names
    kept = {finding["on"]: finding["message"] for finding in result["findings"] if finding["code"] == "CloneKept"}
    assert list(kept) == ["PersistentVolumeClaim/payroll/db-0-data-20260301a"]


@pytest.mark.parametrize("user", ["vm", "pod"])
def test_p8_a_clone_that_somebody_uses_is_kept(east: SnapshotApi, user: str) -> None:
    take("20260301a")
    if user == "vm":
        east.add_vm("restored", "db-0-root-20260301a")
        east.objects["VirtualMachine", NAMESPACE, "restored"]["metadata"]["labels"] = {}
    else:
        volumes = [{"name": "x", "persistentVolumeClaim": {"claimName": "db-0-root-20260301a"}}]
        east.add(POD, {"metadata": {"name": "p", "namespace": NAMESPACE}, "spec": {"volumes": volumes}})
    east.time.sleep(60)
    assert "CloneKept" in codes(take("20260301b", keep=1))
    assert "db-0-root-20260301a" in east.names(PVC)


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


def failing(api: SnapshotApi, fault: str) -> None:
    if fault == "stuck":
        api.stuck["db-0"] = "VolumeSnapshot x error: no space left in the pool"
    elif fault == "failed":
        api.failed["db-0"] = "snapshot deadline exceeded"
    elif fault == "freeze":
        api.stuck["db-0"] = "Failed freezing vm db-0: command Freeze failed"
    elif fault == "left out":
        api.left_out.add("db-0-data")
    elif fault == "pending":
        api.unbound.add("db-0-data")
    elif fault == "quota":
        api.refused.add("db-0-data")


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        ("stuck", "CloneFailed", "no space left in the pool; waited 60 s"),
        ("failed", "CloneFailed", "phase Failed; snapshot deadline exceeded"),
        ("freeze", "FreezeFailed", "Failed freezing vm db-0: command Freeze failed"),
        ("left out", "CloneFailed", "KubeVirt left out db-0-data; wanted: all of db-0-data, db-0-root"),
        ("pending", "CloneFailed", "Pending, of StorageClass/fast; waited 60 s"),
        ("quota", "CloneFailed", "exceeded quota; HTTP status 403"),
    ],
)
def test_a_set_that_fails_leaves_nothing_behind_and_stops_no_other(
    east: SnapshotApi, fault: str, code: str, words: str
) -> None:
    east.add_vm("app-0", "app-0-root")
    failing(east, fault)
    result = take("20260301a")
    assert (result["complete"], result["sets"]) == (False, 1)
    found = [item for item in result["findings"] if item["code"] == code]
    assert [item["on"] for item in found] == ["VirtualMachine/payroll/db-0"]
    assert words in found[0]["message"]
    assert list(clones(east)) == ["app-0-root-20260301a"]
    assert east.names(VM_SNAPSHOT) == []


def test_p8_a_foreign_claim_of_that_name_is_refused_with_the_difference(east: SnapshotApi) -> None:
    meta = {"name": "db-0-root-20260301a", "namespace": NAMESPACE}
    east.add(PVC, {"metadata": meta, "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "slow"}})
    result = take("20260301a")
    assert codes(result) == ["CloneFailed"]
    message = result["findings"][0]["message"]
    assert "label dr.ocpvirt.io/recovery-point-of-plan is (none), wanted payroll" in message
    assert "spec.storageClassName is slow, wanted fast" in message
    assert "it was not touched" in message
    assert east.get(PVC, meta["name"], NAMESPACE)["spec"]["storageClassName"] == "slow"


def test_a_disk_without_a_snapshot_class_stops_its_vm_and_no_other(east: SnapshotApi) -> None:
    east.add_vm("app-0", "app-0-root")
    east.objects[PVC.kind, NAMESPACE, "db-0-data"]["spec"]["storageClassName"] = "plain"
    east.add(STORAGE_CLASS, {"metadata": {"name": "plain"}, "provisioner": "plain.example.org"})
    result = take("20260301a")
    assert (codes(result), result["complete"]) == (["NoSnapshotClass"], False)
    assert list(clones(east)) == ["app-0-root-20260301a"]


def test_a_clone_may_have_another_class_of_the_same_driver(east: SnapshotApi) -> None:
    east.add(STORAGE_CLASS, {"metadata": {"name": "at-once"}, "provisioner": DRIVER})
    east.objects[STORAGE_CLASS.kind, None, "fast"]["volumeBindingMode"] = "WaitForFirstConsumer"
    assert codes(take("20260301a")) == ["CloneClass", "CloneClass"]
    assert take("20260301a", storage_classes={"fast": "at-once"})["complete"]
    assert {clone.pvc["spec"]["storageClassName"] for clone in clones(east).values()} == {"at-once"}


def test_p1_a_clone_that_its_group_does_not_replicate_is_taken_back(
    east: SnapshotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_given: object) -> bool:
        raise Refused("enable replication", seen="the image has a parent")

    monkeypatch.setattr(Replicated, "enable", fail)
    result = take("20260301a")
    assert (codes(result), result["complete"], result["sets"]) == (["CloneNotReplicated"], False, 0)
    assert clones(east) == {}
    assert Replicated.released == ["payroll/db-0-data-20260301a", "payroll/db-0-root-20260301a"]
    assert not [name for name in east.names(PV) if "20260301a" in name]


def test_a_clone_whose_replication_does_not_end_is_kept_and_told(east: SnapshotApi) -> None:
    take("20260301a", keep=1)
    east.time.sleep(60)
    Replicated.errors = [Refused("end the replication", seen="the class is absent")]
    failing(east, "pending")
    assert "CloneNotRemoved" not in codes(take("20260301b", keep=1))
    east.unbound.clear()
    assert "CloneNotRemoved" in codes(take("20260301c", keep=1))
    assert sorted({clone.recovery_point for clone in clones(east).values()}) == ["20260301a", "20260301c"]


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


def test_check_tells_beforehand_what_a_recovery_point_would_lack(east: SnapshotApi) -> None:
    plan = plan_of(replication=GROUPS, snapshots={})
    found = list_protected(plan, east)
    assert snapshot_findings(plan, east, found) == []
    del east.objects[VOLUME_SNAPSHOT_CLASS.kind, None, "snap"]
    seen = snapshot_findings(plan, east, found)
    assert {(item.code, item.site) for item in seen} == {("NoSnapshotClass", "east")}
    assert len(seen) == 2
    assert snapshot_findings(plan_of(replication=GROUPS), east, found) == []


def test_a_site_that_does_not_show_its_classes_is_a_finding_of_check(
    east: SnapshotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_of(replication=GROUPS, snapshots={})
    found = list_protected(plan, east)

    def fail(*_given: object) -> None:
        raise Failed("GET", seen="forbidden", status=403)

    monkeypatch.setattr(east, "list", fail)
    assert [item.code for item in snapshot_findings(plan, east, found)] == ["NotChecked"]


def test_a_site_that_serves_no_snapshots_stops_no_protect(east: SnapshotApi, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = east.list

    def absent(kind: Kind, *given: Any, **named: Any) -> list[dict[str, Any]]:
        if kind.group.startswith("snapshot."):
            raise NotFound("GET", seen="the server could not find the requested resource", status=404)
        return listed(kind, *given, **named)

    monkeypatch.setattr(east, "list", absent)
    result = take("20260301a")
    assert (codes(result), result["complete"]) == (["NoSnapshotClass", "NoSnapshotClass"], False)
    assert result["findings"][0]["message"] == "the site does not serve VolumeSnapshots"
    assert east.writes == []


def test_p10_a_bad_name_says_what_is_allowed(east: SnapshotApi) -> None:
    with pytest.raises(Refused, match="lower-case letters"):
        take("Monday!")
