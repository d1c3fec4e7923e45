# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes from a stage, and what stays although its source is gone."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import (
    CONFIG_MAP,
    POD,
    PV,
    PVC,
    VM,
    VMI,
    VOLUME_ATTACHMENT,
    Kind,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.run_store import RunStore
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.capture import Capture
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.restore import prune
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.restore.prune import prune_stage
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, MemorySession, plan_of

PLAN = plan_of(metadata={"source": "oadp", "prestage": True})
PROTECTED = "protected.dr.ocpvirt.io/payroll"
CREATED = "dr.ocpvirt.io/created-by-run"
RUN = "payroll-prestage-west-20260301120000-ab12"


class World:
    """West holds db and web, both made by refreshes; the capture, and east, have db only."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.west = MemoryApi()
        self.session = MemorySession(self.west, PLAN)
        self.session.run = replace(self.session.run, id=RUN, operation="prestage")
        self.needed_by = ""
        provider = SimpleNamespace(needed_by=lambda _group, _site, _claim: self.needed_by)
        self.session.groups = SimpleNamespace(  # type: ignore[attr-defined]
            of_claim=lambda _claim: None, provider=lambda _group: provider
        )
        self.session.put("capture", {"name": "c-1"})
        for name in ("db", "web"):
            self.stage(name)
        content = {
            VM.resource: [self.west.get(VM, "db", "payroll")],
            PVC.resource: [self.west.get(PVC, "db", "payroll")],
            PV.resource: [self.west.get(PV, "pv-db")],
        }
        source = SimpleNamespace(manifests=lambda _api, _name: Capture("c-1", content))
        monkeypatch.setattr(prune, "source_of", lambda _plan: source)
        monkeypatch.setattr(prune, "Session", self.session)

    def stage(self, name: str) -> None:
        volumes = [{"name": "disk", "persistentVolumeClaim": {"claimName": name}}]
        self.add(VM, name, spec={"runStrategy": "Halted", "template": {"spec": {"volumes": volumes}}})
        self.add(PVC, name, spec={"volumeName": f"pv-{name}"})
        claim = {"namespace": "payroll", "name": name}
        self.add(PV, f"pv-{name}", spec={"claimRef": claim, "persistentVolumeReclaimPolicy": "Retain"})
        self.add(CONFIG_MAP, "settings") if name == "web" else None

    def add(self, kind: Kind, name: str, creator: str = RUN, **parts: Any) -> None:
        space = {"namespace": "payroll"} if kind.namespaced else {}
        meta = {"name": name, **space, "uid": f"{kind.kind}-{name}", "labels": {PROTECTED: "true"}}
        self.west.create(kind, {"metadata": {**meta, "annotations": {CREATED: creator}}, **parts})

    def run(self, check_mode: bool = False) -> dict[str, Any]:
        return prune_stage(PLAN, RUN, 60, check_mode)

    def has(self, kind: Kind, name: str) -> bool:
        return self.west.find(kind, name, "payroll" if kind.namespaced else None) is not None

    @property
    def web(self) -> dict[str, bool]:
        return {"vm": self.has(VM, "web"), "claim": self.has(PVC, "web"), "volume": self.has(PV, "pv-web")}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


ALL, NONE = dict.fromkeys(("vm", "claim", "volume"), True), dict.fromkeys(("vm", "claim", "volume"), False)


def test_what_vanished_goes_with_its_claim_and_volume_and_the_rest_stays(world: World) -> None:
    result = world.run()
    assert (world.web, world.has(CONFIG_MAP, "settings")) == (NONE, False)
    assert (world.has(VM, "db"), world.has(PVC, "db"), world.has(PV, "pv-db")) == (True, True, True)
    assert (result["changed"], result["removed"]) == (True, 3)


def test_p5_a_second_time_there_is_nothing_to_do(world: World) -> None:
    world.run()
    world.west.writes.clear()
    assert (world.run()["changed"], world.west.writes) == (False, [])


def test_p5_a_volume_whose_claim_went_before_the_kill_goes_with_the_next_refresh(world: World) -> None:
    world.west.delete(VM, "web", "payroll")
    world.west.delete(PVC, "web", "payroll")
    assert world.run()["removed"] == 2
    assert world.web == NONE


def test_p9_check_mode_says_the_same_and_removes_nothing(world: World) -> None:
    foretold = world.run(check_mode=True)["decisions"]
    assert world.web == ALL
    assert world.run()["decisions"] == foretold


@pytest.mark.parametrize("creator", ["", "payroll-failover-east-20260301120000-ab12"])
def test_p8_what_no_run_of_the_plan_made_there_stays(world: World, creator: str) -> None:
    for kind, name in ((VM, "web"), (PVC, "web"), (PV, "pv-web"), (CONFIG_MAP, "settings")):
        space = "payroll" if kind.namespaced else None
        world.west.patch(kind, name, space, {"metadata": {"annotations": {CREATED: creator or None}}})
    result = world.run()
    assert (world.web, result["removed"]) == (ALL, 0)
    assert "VirtualMachine/payroll/web stays: no run of the plan made it there" in result["decisions"]


def test_p8_what_is_where_the_plan_lives_stays_although_no_capture_has_it(world: World) -> None:
    world.session.source_api.create(VM, {"metadata": {"name": "web", "namespace": "payroll"}})
    world.session.source_api.create(PVC, {"metadata": {"name": "web", "namespace": "payroll"}})
    world.run()
    assert world.web == ALL


def test_p8_a_claim_that_keeps_a_copy_alive_stays(world: World) -> None:
    world.needed_by = "VolumeReplication/payroll/web"
    result = world.run()
    assert world.web == {"vm": False, "claim": True, "volume": True}
    assert "PersistentVolumeClaim/payroll/web stays: VolumeReplication/payroll/web needs it" in result["decisions"]


def users() -> list[tuple[Kind, dict[str, Any]]]:
    disk = {"persistentVolumeClaim": {"claimName": "web"}}
    meta = {"name": "other", "namespace": "payroll"}
    template = {"spec": {"volumes": [{"name": "disk", **disk}]}}
    return [
        (POD, {"metadata": meta, "spec": {"volumes": [disk]}}),
        (VM, {"metadata": meta, "spec": {"runStrategy": "Halted", "template": template}}),
        (VOLUME_ATTACHMENT, {"metadata": {"name": "a"}, "spec": {"source": {"persistentVolumeName": "pv-web"}}}),
    ]


@pytest.mark.parametrize(("kind", "user"), users(), ids=["pod", "VM", "attachment"])
def test_p8_a_claim_that_somebody_else_uses_stays(world: World, kind: Kind, user: dict[str, Any]) -> None:
    world.west.create(kind, user)
    world.run()
    assert world.web == {"vm": False, "claim": True, "volume": True}


def test_p8_a_volume_that_would_take_its_data_along_stays(world: World) -> None:
    world.west.patch(PV, "pv-web", None, {"spec": {"persistentVolumeReclaimPolicy": "Delete"}})
    world.run()
    assert world.web == {"vm": False, "claim": True, "volume": True}


def test_a_vm_that_runs_stays_and_is_said(world: World) -> None:
    world.west.create(VMI, {"metadata": {"name": "web", "namespace": "payroll"}})
    assert "VirtualMachine/payroll/web stays: it runs" in world.run()["decisions"]
    assert world.web == ALL


def test_p8_a_move_removes_nothing(world: World) -> None:
    world.session.run = replace(world.session.run, operation="failover")
    with pytest.raises(Refused, match="a move removes nothing"):
        world.run()
    assert world.web == ALL


def test_p5_nothing_is_removed_without_the_lock(world: World) -> None:
    world.session.lock_holds = 0
    with pytest.raises(Refused):
        world.run()
    assert world.web == ALL


def test_records_of_old_refreshes_go_and_those_of_moves_stay(world: World) -> None:
    store = RunStore(world.west, PLAN.store_namespace)  # type: ignore[arg-type]
    runs = [("prestage", f"r-{number}") for number in range(5)] + [("failover", "r-5")]
    for operation, run_id in runs:
        store.put_head(run_id, PLAN.name, {"id": run_id, "started": run_id, "operation": operation})
        store.put(run_id, PLAN.name, "capture", {})
    world.run()
    assert [head["id"] for head in store.heads(PLAN.name)] == ["r-2", "r-3", "r-4", "r-5"]
    assert store.load("r-0", "capture") is None
