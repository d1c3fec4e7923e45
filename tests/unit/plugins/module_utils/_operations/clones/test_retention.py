# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The newest sets are kept; of older ones goes what was made here, and that nobody uses."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import POD, PV, PVC
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.clones.recovery_point_world import (
    LABEL,
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
