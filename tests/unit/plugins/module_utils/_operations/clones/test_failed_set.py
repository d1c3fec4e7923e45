# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A set that fails, whatever fails, leaves nothing behind, stops no other, and says why."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import PV, PVC, STORAGE_CLASS, VM_SNAPSHOT, Kind
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import NotFound, Refused
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.clones.recovery_point_world import (
    Replicated,
    clones,
    codes,
    east_with_a_vm,
    take,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.clones.snapshot_double import (
    NAMESPACE,
    SnapshotApi,
)


@pytest.fixture
def east(monkeypatch: pytest.MonkeyPatch) -> SnapshotApi:
    return east_with_a_vm(monkeypatch)


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
