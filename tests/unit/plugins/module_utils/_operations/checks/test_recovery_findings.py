# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import PV, PVC, VM
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.finding import Finding
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.checks.recovery_findings import recovery_findings
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.inventory.protected import list_protected
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.cloned_capture import (
    PROTECTED,
    RULE,
    captured,
    claim,
    volume,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, plan_of

BY_NAME = {**RULE, "set": {**RULE["set"], "west": {"nfs.server": "198.51.100.10", "nfs.path": "/dr/{pvc.name}"}}}  # type: ignore[dict-item]
EARLIER = "payroll-failover-west-20260101120000-ab12"


@pytest.fixture
def east() -> MemoryApi:
    """With clones of both disks."""
    api = MemoryApi("east")
    live = captured("live", "old")
    for kind in (VM, PVC, PV):
        for item in live.objects[kind.resource]:
            api.create(kind, dict(item))
    return api


def look(east: MemoryApi, west: MemoryApi | None, needed_by: str = "", **plan: Any) -> list[Finding]:
    wanted = plan_of(**{"volumes": {"rules": [RULE]}, "snapshots": {"keep": 2}, **plan})
    provider = SimpleNamespace(needed_by=lambda _group, _site, _claim: needed_by)
    groups = SimpleNamespace(of_claim=lambda _pvc: None, provider=lambda _group: provider)
    return list(recovery_findings(wanted, groups, east, list_protected(wanted, east), west))  # type: ignore[arg-type]


def stays_at_west(run_id: str) -> MemoryApi:
    west = MemoryApi()
    for kind, item in ((PVC, claim("db-0")), (PV, volume("db-0"))):
        item["metadata"] |= {"labels": {PROTECTED: "true"}, "annotations": {"dr.ocpvirt.io/created-by-run": run_id}}
        item["spec"]["persistentVolumeReclaimPolicy"] = "Retain"
        west.create(kind, item)
    return west


@pytest.mark.parametrize("west", [None, MemoryApi()])
def test_clones_that_a_failover_can_start_from_are_no_finding(east: MemoryApi, west: MemoryApi | None) -> None:
    assert look(east, west) == []


def test_a_rule_by_the_name_of_the_claim_is_a_warning(east: MemoryApi) -> None:
    (found,) = look(east, None, volumes={"rules": [BY_NAME]})
    assert (found.severity, found.code) == ("warning", "RecoveryPointBlocked")
    assert "{pv.name}" in found.remedy


def test_a_claim_of_an_earlier_stay_is_none_as_the_run_makes_it_anew(east: MemoryApi) -> None:
    assert look(east, stays_at_west(EARLIER)) == []


@pytest.mark.parametrize(
    ("run_id", "needed_by", "why"),
    [
        (EARLIER, "VolumeReplication/payroll/db-0", "VolumeReplication/payroll/db-0 needs it"),
        ("", "", "no run of the plan made it there"),
    ],
)
def test_a_claim_that_stays_is_a_warning(east: MemoryApi, run_id: str, needed_by: str, why: str) -> None:
    (found,) = look(east, stays_at_west(run_id), needed_by)
    assert found.message.startswith("PersistentVolumeClaim/payroll/db-0 stands there with another volume: ")
    assert why in found.message


def test_p9_nothing_is_written(east: MemoryApi) -> None:
    west = stays_at_west(EARLIER)
    for api in (east, west):
        api.writes.clear()
    look(east, west)
    assert [*east.writes, *west.writes] == []


def test_a_plan_that_starts_from_no_recovery_point_is_not_looked_at(east: MemoryApi) -> None:
    assert look(east, None, volumes={"rules": [BY_NAME]}, metadata={"source": "vendor"}) == []
