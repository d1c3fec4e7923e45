# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What syncs a plan from Git is paused while the plan moves, and given back where it runs then."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import APPLICATION, VM, Kind
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict, Refused, Timeout, Unreachable
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.capture import Capture
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.inventory.protected import Protected
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.stop import gitops
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.stop.gitops import (
    paused_findings,
    set_sync,
    sync_findings,
    target_findings,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.volumes.volumes import decide
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._metadata.export_world import Site
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import (
    MemorySession,
    SimulatedTime,
    plan_of,
)

PAUSED = "dr.ocpvirt.io/paused-sync"
AUTOMATED = {"prune": True, "selfHeal": True}
APPLICATIONS = {"east": ["argocd/payroll"], "west": ["argocd/payroll"]}


class Argo(Site):
    """A site with one Application. reverts: what an ApplicationSet does two seconds after each change."""

    def __init__(self, name: str, time: SimulatedTime, ignoring: bool = True) -> None:
        super().__init__(name)
        self.clock = time.clock()
        self.time = time
        self.reverts = False
        self.conflicts = 0
        entry = {"group": "kubevirt.io", "kind": "VirtualMachine", "jsonPointers": ["/spec/runStrategy"]}
        spec: dict[str, Any] = {"syncPolicy": {"automated": AUTOMATED, "syncOptions": ["CreateNamespace=true"]}}
        if ignoring:
            spec["ignoreDifferences"] = [entry]
            spec["syncPolicy"]["syncOptions"].append("RespectIgnoreDifferences=true")
        self.create(APPLICATION, {"metadata": {"name": "payroll", "namespace": "argocd"}, "spec": spec})
        self.before = self.application()
        self.writes.clear()

    def application(self) -> dict[str, Any]:
        found = self.get(APPLICATION, "payroll", "argocd")
        del found["metadata"]["resourceVersion"]
        return found

    @property
    def automated(self) -> Any:
        return self.application()["spec"]["syncPolicy"].get("automated")

    def patch(self, kind: Kind, name: str, namespace: str | None, body: dict[str, Any]) -> dict[str, Any]:
        if self.conflicts:
            self.conflicts -= 1
            raise Conflict("PATCH", site=self.site, status=409)
        body = copy.deepcopy(body)
        stored = self.get(kind, name, namespace)["metadata"]["resourceVersion"]
        assert body["metadata"].pop("resourceVersion", stored) == stored
        if self.reverts:
            self.time.at(self.time.seconds + 2, self.revert)
        return super().patch(kind, name, namespace, body)

    def revert(self) -> None:
        owner = [{"kind": "ApplicationSet", "name": "all-plans"}]
        body = {"metadata": {"ownerReferences": owner}, "spec": {"syncPolicy": {"automated": AUTOMATED}}}
        super().patch(APPLICATION, "payroll", "argocd", body)

    def syncing(self, phase: str) -> None:
        super().patch(APPLICATION, "payroll", "argocd", {"status": {"operationState": {"phase": phase}}})


class World:
    def __init__(self, monkeypatch: pytest.MonkeyPatch, ignoring: bool = True) -> None:
        self.time = SimulatedTime()
        self.east, self.west = (Argo(name, self.time, ignoring) for name in ("east", "west"))
        self.plan = plan_with()
        self.session = MemorySession(self.west, self.plan)
        self.session.source_api = self.east
        self.operation("relocate")
        monkeypatch.setattr(gitops, "Session", self.session)

    def operation(self, name: str) -> None:
        self.session.run = replace(self.session.run, operation=name)

    def lose_east(self) -> None:
        def site_api(site: str) -> Argo:
            if site == "east":
                raise Unreachable("go on with the run", site="east", seen="timed out")
            return self.west

        self.session.site_api = site_api  # type: ignore[method-assign,assignment]

    def sync(self, state: str, *sites: str, check_mode: bool = False) -> dict[str, Any]:
        return set_sync(self.plan, "r-1", state, list(sites), check_mode)

    @property
    def writes(self) -> list[str]:
        return [*self.east.writes, *self.west.writes]


def plan_with(**more: Any) -> Plan:
    return plan_of(metadata={"source": "gitops", "gitops": {"applications": APPLICATIONS, **more}})


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def test_both_sites_are_paused_and_stay_so_for_a_while(world: World) -> None:
    result = world.sync("paused")
    assert result["changed"] is True
    assert (world.east.automated, world.west.automated) == (None, None)
    assert result["decisions"] == [
        "east: Application/argocd/payroll is paused",
        "west: Application/argocd/payroll is paused",
    ]
    assert world.time.seconds >= 10


def test_resuming_leaves_the_application_as_it_was_and_the_other_site_paused(world: World) -> None:
    world.sync("paused")
    assert world.sync("resumed", "west")["decisions"] == ["west: Application/argocd/payroll is given back as it was"]
    after = world.west.application()
    assert after["metadata"].pop("annotations") == {}
    assert after == world.west.before
    assert world.east.automated is None


def test_p5_a_second_time_nothing_is_written_and_nothing_is_forgotten(world: World) -> None:
    world.sync("paused")
    world.east.writes.clear()
    world.west.writes.clear()
    assert world.sync("paused")["changed"] is False
    assert world.writes == []
    annotations = world.west.application()["metadata"]["annotations"]
    assert json.loads(annotations[PAUSED]) == AUTOMATED


def test_p9_check_mode_writes_nothing_and_waits_for_nothing(world: World) -> None:
    assert world.sync("paused", check_mode=True)["changed"] is True
    assert (world.writes, world.time.seconds) == ([], 0)


def test_p6_without_the_lock_nothing_is_written(world: World) -> None:
    world.session.lock_holds = 0
    with pytest.raises(Refused, match="another attempt holds the lock"):
        world.sync("paused")
    assert world.writes == []


def test_a_change_of_somebody_else_meanwhile_is_looked_at_again(world: World) -> None:
    world.east.conflicts = 3
    world.sync("paused")
    assert world.east.automated is None


def test_an_operation_under_way_is_waited_for(world: World) -> None:
    world.east.syncing("Running")
    world.time.at(40, lambda: world.east.syncing("Succeeded"))
    world.sync("paused")
    assert world.time.seconds >= 40


def test_one_that_does_not_end_stops_a_planned_move_only(world: World) -> None:
    world.west.syncing("Running")
    with pytest.raises(Timeout, match="an operation of it is still Running"):
        world.sync("paused")
    world.operation("failover")
    assert "still Running" in world.sync("paused")["decisions"][-1]


def test_p10_who_gives_it_back_is_named(world: World) -> None:
    world.east.reverts = True
    with pytest.raises(Conflict, match=r"gave its automated sync back: ApplicationSet all-plans.*ignoreApplication"):
        world.sync("paused")


def test_p4_a_dead_source_stops_no_failover(world: World) -> None:
    world.lose_east()
    with pytest.raises(Unreachable):
        world.sync("paused")
    world.operation("failover")
    result = world.sync("paused")
    assert result["decisions"][0] == "east: its sync from Git is as it was, as the site does not answer: timed out"
    assert world.west.automated is None


def test_cleaning_the_old_source_leaves_the_site_alone_where_the_plan_runs(world: World) -> None:
    world.operation("reprotect")
    world.sync("paused")
    assert world.west.writes == []
    assert world.east.automated is None


@pytest.mark.parametrize("operation", ["start", "stop"])
def test_a_start_or_stop_at_one_site_leaves_the_other_alone(world: World, operation: str) -> None:
    world.operation(operation)
    world.sync("paused")
    assert world.east.writes == []
    assert world.west.automated is None


def test_p7_what_would_set_the_power_of_vms_stays_paused(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, ignoring=False)
    world.sync("paused")
    (decision,) = world.sync("resumed", "west")["decisions"]
    assert "STAYS PAUSED: it would set the runStrategy" in decision
    assert world.west.automated is None
    world.plan = plan_with(run_strategy_ignored=True)
    world.sync("resumed", "west")
    assert world.west.automated == AUTOMATED


def test_an_application_that_is_not_there_is_said(world: World) -> None:
    world.west.delete(APPLICATION, "payroll", "argocd")
    assert "west: Application/argocd/payroll is not there" in world.sync("paused")["decisions"]


def test_plain_git_has_nothing_to_pause(world: World) -> None:
    world.plan = plan_of(metadata={"source": "gitops"})
    assert world.sync("paused") == {"changed": False, "decisions": []}


def test_check_names_what_would_stop_vms(monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    assert list(sync_findings(world.plan, world.west)) == []  # type: ignore[arg-type]
    bad = World(monkeypatch, ignoring=False)
    (finding,) = sync_findings(bad.plan, bad.west)  # type: ignore[arg-type]
    assert (finding.severity, finding.code, finding.site) == ("blocker", "GitSetsPower", "west")
    bad.west.delete(APPLICATION, "payroll", "argocd")
    assert [item.code for item in sync_findings(bad.plan, bad.west)] == ["ApplicationAbsent"]  # type: ignore[arg-type]


SWITCHED_OFF = {"metadata": {}, "spec": {"syncPolicy": {"automated": {"enabled": False}}}}


def test_check_takes_an_automated_sync_that_is_switched_off_for_none(monkeypatch: pytest.MonkeyPatch) -> None:
    off = World(monkeypatch, ignoring=False)
    off.west.patch(APPLICATION, "payroll", "argocd", SWITCHED_OFF)
    assert list(sync_findings(off.plan, off.west)) == []  # type: ignore[arg-type]


def test_check_names_an_application_that_is_paused_when_it_has_to_bring_volumes(world: World) -> None:
    paths = {"east": "east/volumes", "west": "west/volumes"}
    plan = plan_with(volumes={"commit": {"checkout": "/srv/payroll", "path": paths}})
    assert list(sync_findings(plan, world.west)) == []  # type: ignore[arg-type]
    body = {"metadata": {}, "spec": {"source": {"path": "west/volumes"}}}
    world.west.patch(APPLICATION, "payroll", "argocd", body)
    (finding,) = sync_findings(plan, world.west)  # type: ignore[arg-type]
    assert (finding.severity, finding.code, finding.on) == ("blocker", "VolumesPaused", "Application/argocd/payroll")


def test_check_looks_at_what_git_brought_to_the_other_site(world: World) -> None:
    labels = {"dr.ocpvirt.io/plan": "payroll"}
    world.west.add(VM, "db", metadata={"labels": labels}, spec={"runStrategy": "Always"})
    vms = {"payroll/db": {}, "payroll/app": {}}
    found = list(target_findings(world.plan, Protected(vms), world.west))  # type: ignore[arg-type]
    assert [(item.severity, item.code, item.on) for item in found] == [
        ("warning", "NotFromGit", "VirtualMachine/payroll/app"),
        ("blocker", "GitStartsVm", "VirtualMachine/payroll/db"),
    ]


def test_check_says_what_is_still_paused_where_the_plan_lives(world: World) -> None:
    assert list(paused_findings(world.plan, world.west)) == []  # type: ignore[arg-type]
    world.sync("paused")
    (finding,) = paused_findings(world.plan, world.west)  # type: ignore[arg-type]
    assert (finding.severity, finding.code, finding.on) == ("warning", "SyncPaused", "Application/argocd/payroll")


@pytest.mark.parametrize(("source", "kept"), [("gitops", "Prune=false,Delete=false"), ("vendor", None)])
def test_volumes_that_we_make_beside_git_are_kept_from_pruning(source: str, kept: str | None) -> None:
    plan = plan_of(metadata={"source": source}, volumes={"rules": [{"match": {}, "set": {"east": {}, "west": {}}}]})
    claim = {"metadata": {"name": "db", "namespace": "payroll"}, "spec": {"volumeName": "pv"}}
    spec = {"nfs": {"server": "a", "path": "/b"}, "claimRef": {"namespace": "payroll", "name": "db"}}
    volume = {"metadata": {"name": "pv"}, "spec": spec}
    (decision,) = decide(plan, Capture("x", {"persistentvolumeclaims": [claim], "persistentvolumes": [volume]}), "west")
    for item in (decision.pv, decision.pvc):
        assert (item["metadata"].get("annotations") or {}).get("argocd.argoproj.io/sync-options") == kept
