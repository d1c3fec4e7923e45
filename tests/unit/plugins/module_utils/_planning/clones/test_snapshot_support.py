# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which volumes can be snapshotted and cloned, as KubeVirt chooses the class."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.clones.snapshot_support import (
    SnapshotStorage,
    copies,
    obstacles,
    snapshot_class,
)

PVC: dict[str, Any] = {"metadata": {"name": "db-0", "namespace": "payroll"}, "spec": {"storageClassName": "fast"}}
PV: dict[str, Any] = {"metadata": {"name": "pv"}, "spec": {"csi": {"driver": "d"}}}


def named(name: str, default: bool = False, driver: str = "d") -> dict[str, Any]:
    notes = {"snapshot.storage.kubernetes.io/is-default-class": "true"} if default else {}
    return {"metadata": {"name": name, "annotations": notes}, "driver": driver}


def storage(*classes: dict[str, Any], profile: str = "", **more: dict[str, Any]) -> SnapshotStorage:
    found = {"fast": {"provisioner": "d"}, **more}
    profiles = {"fast": {"status": {"snapshotClass": profile}}} if profile else {}
    return SnapshotStorage(found, classes, profiles)


@pytest.mark.parametrize(
    ("given", "chosen", "reason"),
    [
        (storage(named("only")), "only", ""),
        (storage(named("one"), named("two", default=True)), "two", ""),
        (storage(named("one"), named("two"), profile="one"), "one", ""),
        (storage(named("foreign", driver="other")), "", "no VolumeSnapshotClass is of d"),
        (storage(named("one"), named("two")), "", "2 classes are of d, and none is the default: one, two"),
        (storage(profile="gone"), "", "StorageProfile/fast names VolumeSnapshotClass/gone, which is absent"),
    ],
)
def test_the_class_is_the_one_that_kubevirt_takes(given: SnapshotStorage, chosen: str, reason: str) -> None:
    assert snapshot_class(given, "fast") == (chosen, reason)


def test_a_volume_with_a_class_has_no_obstacle() -> None:
    assert obstacles(storage(named("only")), PVC, PV, {}) == []


@pytest.mark.parametrize(
    ("pvc", "pv", "classes", "code", "words"),
    [
        (PVC, None, {}, "NoSnapshotClass", "not Bound"),
        (PVC, {"metadata": {"name": "pv"}, "spec": {"nfs": {}}}, {}, "NoSnapshotClass", "not of a CSI driver"),
        ({**PVC, "spec": {}}, PV, {}, "NoSnapshotClass", "StorageClass (none) is absent"),
        (PVC, PV, {"fast": "gone"}, "CloneClass", "StorageClass/gone of its clone is absent"),
        (PVC, PV, {"fast": "other"}, "CloneClass", "is of e: it cannot read the snapshot"),
        (PVC, PV, {"fast": "waits"}, "CloneClass", "waits for a pod"),
    ],
)
def test_what_stands_in_the_way_is_named(pvc: Any, pv: Any, classes: dict[str, str], code: str, words: str) -> None:
    waits = {"provisioner": "d", "volumeBindingMode": "WaitForFirstConsumer"}
    found = obstacles(storage(named("only"), other={"provisioner": "e"}, waits=waits), pvc, pv, classes)
    assert [item.code for item in found] == [code]
    assert words in found[0].message


@pytest.mark.parametrize(("driver", "found"), [("nfs.csi.k8s.io", ["SnapshotIsCopy"]), ("rbd.csi.ceph.com", [])])
def test_a_driver_that_copies_is_a_finding(driver: str, found: list[str]) -> None:
    pv = {"metadata": {"name": "pv"}, "spec": {"csi": {"driver": driver}}}
    assert [item.code for item in copies(PVC, pv)] == found
