# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a product brought, held against what was recorded and what the plan says."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.capture import Capture
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.restore.arrival import (
    awaited,
    changes,
    expected_volume,
    populated,
    volume_problems,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of

NFS = [
    {
        "match": {"nfs": {"path": "/(exports|dr)/(?P<volume>.+)"}},
        "set": {
            "east": {"nfs.server": "192.0.2.10", "nfs.path": "/exports/{match.volume}"},
            "west": {"nfs.server": "198.51.100.10", "nfs.path": "/dr/{match.volume}"},
        },
    }
]
POOLS = [
    {
        "match": {"csi": {"driver": "csi.example.org"}},
        "set": {
            "east": {"csi.volumeAttributes.array": "array-east"},
            "west": {"csi.volumeAttributes.array": "array-west"},
        },
    }
]
ANYWHERE = [{"match": {}, "set": {"east": {}, "west": {}}}]


def vm(name: str = "db", *claims: str, **spec: Any) -> dict[str, Any]:
    volumes = [{"name": claim, "persistentVolumeClaim": {"claimName": claim}} for claim in claims]
    return {
        "kind": "VirtualMachine",
        "metadata": {"name": name, "namespace": "payroll"},
        "spec": {"runStrategy": "Halted", "template": {"spec": {"volumes": volumes}}, **spec},
    }


def claim(name: str = "db", phase: str = "Bound", volume: str = "pv-db") -> dict[str, Any]:
    return {
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": "payroll"},
        "spec": {"volumeName": volume},
        "status": {"phase": phase},
    }


def volume(name: str = "pv-db", bound: str = "db", **spec: Any) -> dict[str, Any]:
    claim_ref = {"namespace": "payroll", "name": bound}
    return {"metadata": {"name": name}, "spec": {"volumeMode": "Block", "claimRef": claim_ref, **spec}}


def capture(*items: dict[str, Any]) -> Capture:
    resources = {
        "VirtualMachine": "virtualmachines.kubevirt.io",
        "PersistentVolumeClaim": "persistentvolumeclaims",
        "Secret": "secrets",
    }
    objects: dict[str, list[dict[str, Any]]] = {}
    for item in items:
        objects.setdefault(resources[item["kind"]], []).append(item)
    return Capture("record", objects)


def named(kind: str, name: str) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": name, "namespace": "payroll"}}


def problems(rules: Any, captured: dict[str, Any], seen: dict[str, Any] | None) -> list[str]:
    plan = plan_of(volumes={"rules": rules})
    expected = expected_volume(captured, claim(), plan.rules, "west")
    return volume_problems(expected, "west", claim(), seen)


def test_all_that_was_recorded_has_to_be_there() -> None:
    record = capture(vm("db", "db"), claim(), named("Secret", "cloud-init"))
    assert awaited(record, capture()) == [
        "VirtualMachine/payroll/db",
        "PersistentVolumeClaim/payroll/db",
        "Secret/payroll/cloud-init",
    ]
    assert awaited(record, record) == []


def test_a_claim_is_there_when_it_is_bound() -> None:
    record = capture(claim())
    assert awaited(record, capture(claim(phase="Pending"))) == ["PersistentVolumeClaim/payroll/db, which is Pending"]


def test_a_vm_is_there_when_it_has_the_disks_that_it_had() -> None:
    record = capture(vm("db", "db", "db-logs"))
    assert awaited(record, capture(vm("db", "db"))) == [
        "VirtualMachine/payroll/db with the claims db, db-logs: it has db"
    ]
    assert awaited(record, capture(vm("db", "db-logs", "db"))) == []


def test_other_changes_of_a_vm_are_told_and_its_power_is_not() -> None:
    record = capture(vm("db", runStrategy="Always", instancetype={"name": "small"}))
    assert changes(record, capture(vm("db", instancetype={"name": "large"}))) == [
        "VirtualMachine/payroll/db is not as recorded: spec.instancetype"
    ]
    assert changes(record, capture(vm("db", instancetype={"name": "small"}))) == []


@pytest.mark.parametrize(
    ("phase", "found"),
    [
        ("ImportInProgress", ["DataVolume/payroll/db is ImportInProgress"]),
        ("CloneScheduled", ["DataVolume/payroll/db is CloneScheduled"]),
        ("Succeeded", []),
        ("", []),
    ],
)
def test_p2_what_populates_a_claim_is_found(phase: str, found: list[str]) -> None:
    items = [{"metadata": {"namespace": "payroll", "name": name}, "status": {"phase": phase}} for name in ("db", "x")]
    assert populated({"payroll/db"}, items) == found


def test_a_volume_with_the_values_of_the_rule_is_right_whatever_its_name() -> None:
    captured = volume(nfs={"server": "192.0.2.10", "path": "/exports/db"})
    assert problems(NFS, captured, volume("pvc-0815", nfs={"server": "198.51.100.10", "path": "/dr/db"})) == []


@pytest.mark.parametrize(
    ("nfs", "found"),
    [
        (
            {"server": "192.0.2.10", "path": "/exports/db"},
            [
                "nfs.server is '192.0.2.10', wanted '198.51.100.10'",
                "nfs.path is '/exports/db', wanted '/dr/db'",
                "'192.0.2.10' is of the other site",
            ],
        ),
        ({"server": "198.51.100.10", "path": "/dr/db-2"}, ["nfs.path is '/dr/db-2', wanted '/dr/db'"]),
    ],
)
def test_p2_a_volume_that_points_home_or_elsewhere_is_found(nfs: dict[str, str], found: list[str]) -> None:
    captured = volume(nfs={"server": "192.0.2.10", "path": "/exports/db"})
    assert problems(NFS, captured, volume(nfs=nfs)) == found


def csi(handle: str, array: str, driver: str = "csi.example.org") -> dict[str, Any]:
    return {"csi": {"driver": driver, "volumeHandle": handle, "volumeAttributes": {"array": array}}}


def test_a_handle_is_the_product_s_to_choose_where_the_rule_does_not_set_it() -> None:
    captured = volume(**csi("v-1", "array-east"))
    assert problems(POOLS, captured, volume(**csi("v-9", "array-west"))) == []
    assert problems(POOLS, captured, volume(**csi("v-9", "array-north"))) == [
        "csi.volumeAttributes.array is 'array-north', wanted 'array-west'"
    ]


def test_where_the_rule_sets_nothing_the_whole_source_is_as_it_was() -> None:
    captured = volume(**csi("v-1", "array"))
    assert problems(ANYWHERE, captured, volume(**csi("v-1", "array"))) == []
    assert problems(ANYWHERE, captured, volume(**csi("v-9", "array"))) == ["csi.volumeHandle: wanted 'v-1', is 'v-9'"]


def test_another_driver_source_or_mode_is_found() -> None:
    captured = volume(**csi("v-1", "array-east"))
    assert "csi.driver is 'other', wanted 'csi.example.org'" in problems(
        POOLS, captured, volume(**csi("v-1", "array-west", "other"))
    )
    assert problems(POOLS, captured, volume(nfs={"server": "a", "path": "/b"})) == ["its source is nfs, wanted csi"]
    files = copy.deepcopy(volume(**csi("v-1", "array-west")))
    files["spec"]["volumeMode"] = "Filesystem"
    assert problems(POOLS, captured, files) == ["volumeMode is 'Filesystem', wanted 'Block'"]


def test_a_volume_of_another_claim_and_one_that_is_absent_are_found() -> None:
    captured = volume(**csi("v-1", "array-east"))
    assert problems(POOLS, captured, volume(bound="app", **csi("v-1", "array-west"))) == [
        "claimRef is payroll/app, wanted payroll/db"
    ]
    assert problems(POOLS, captured, None) == ["its PersistentVolume pv-db is absent"]


def test_a_volume_that_no_rule_matches_is_refused() -> None:
    with pytest.raises(Refused, match="no rule of 1 matches"):
        problems(POOLS, volume(nfs={"server": "a", "path": "/b"}), volume())
