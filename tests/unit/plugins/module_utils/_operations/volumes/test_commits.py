# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes by a commit to a real repository: somebody else brings them to the target, and we wait and verify (P2)."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import NAMESPACE, PV, PVC, Kind
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict, NotFound, Refused, Timeout
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.capture import Capture
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.volumes import volumes
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.volumes.commits import (
    check_commit_place,
    checkout_findings,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.volumes.volumes import (
    recorded_decisions,
    restore_volumes,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._metadata.git_world import PATHS, GitWorld, git
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.volumes.test_volumes import (
    CAPTURE,
    RULE,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import (
    MemoryApi,
    MemorySession,
    SimulatedTime,
    plan_of,
)

KINDS: dict[str, Kind] = {"PersistentVolume": PV, "PersistentVolumeClaim": PVC}


class World:
    """West, a plan whose volumes go there by commits, and a controller that applies what the branch holds."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.git = GitWorld(folder)
        self.time = SimulatedTime()
        self.west = MemoryApi("west", self.time.clock())
        self.capture = CAPTURE
        self.plan = self.plan_with()
        self.session = MemorySession(self.west, self.plan)
        self.session.put("capture", {"name": CAPTURE.name})
        self.session.groups = SimpleNamespace(check_covered=lambda _site, _pvc, _pv: None)  # type: ignore[attr-defined]
        source = SimpleNamespace(manifests=lambda _api, _name: self.capture)
        monkeypatch.setattr(volumes, "Session", self.session)
        self.latched_at: list[int] = []
        monkeypatch.setattr(
            volumes, "close_latch_at_target", lambda _session: self.latched_at.append(len(self.git.subjects()))
        )
        monkeypatch.setattr(volumes, "source_of", lambda _plan: source)

    def plan_with(self, **changes: Any) -> Plan:
        commit = {"checkout": str(self.git.checkout), "path": PATHS, "author": "Recovery <dr@example.org>", **changes}
        return plan_of(
            metadata={"source": "gitops", "gitops": {"volumes": {"commit": commit}}}, volumes={"rules": [RULE]}
        )

    def run(self, check_mode: bool = False) -> dict[str, Any]:
        return restore_volumes(self.plan, "r-1", 60, check_mode)

    def applying(self, change: Callable[[dict[str, Any]], object] = lambda _item: None, after: float = 7) -> None:
        """Once, so many seconds from now. change: what is done to an object on the way."""
        self.time.at(self.time.seconds + after, lambda: self.apply(change))

    def apply(self, change: Callable[[dict[str, Any]], object] = lambda _item: None) -> None:
        for text in self.git.pushed().values():
            for item in yaml.safe_load_all(text):
                change(item)
                if self.west.find(KINDS[item["kind"]], item["metadata"]["name"], item["metadata"].get("namespace")):
                    continue
                phase = {"status": {"phase": "Bound"}} if item["kind"] == "PersistentVolumeClaim" else {}
                item["metadata"]["uid"] = f"uid-of-{item['metadata']['name']}"
                self.west.create(KINDS[item["kind"]], {**item, **phase})

    @property
    def body(self) -> list[str]:
        return git(self.git.remote, "log", "-1", "--format=%b", "main").splitlines()


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> World:
    return World(monkeypatch, tmp_path)


def test_p2_volumes_that_a_commit_brought_are_verified_and_recorded(world: World) -> None:
    world.applying()
    result = world.run()
    assert {"changed": True, "volumes": 2, "created": 2, "rebound": 0}.items() <= result.items()
    commit = git(world.git.remote, "rev-parse", "main")
    assert result["commit"] == {"id": commit, "written": 2, "removed": 0, "pushed": True}
    assert world.west.get(PV, "pv-db-0")["spec"]["nfs"]["server"] == "198.51.100.10"
    assert [item.claim for item in recorded_decisions(world.session)] == ["payroll/db-0", "payroll/db-1"]  # type: ignore[arg-type]


def test_nothing_but_the_namespace_is_written_by_us(world: World) -> None:
    world.applying()
    world.run()
    assert world.west.writes[0] == "create Namespace/payroll"
    assert world.west.writes[1:] == [
        f"create {kind}"
        for kind in [
            "PersistentVolume/pv-db-0",
            "PersistentVolumeClaim/payroll/db-0",
            "PersistentVolume/pv-db-1",
            "PersistentVolumeClaim/payroll/db-1",
        ]
    ]
    assert world.west.get(NAMESPACE, "payroll")["metadata"]["labels"]


def test_p1_the_latch_is_closed_before_anything_is_committed(world: World) -> None:
    world.applying()
    world.run()
    assert world.latched_at[0] == 1


def test_there_is_one_file_for_each_claim_and_the_message_says_whose_they_are(world: World) -> None:
    world.applying()
    world.run()
    assert sorted(world.git.pushed()) == ["payroll.db-0.yaml", "payroll.db-1.yaml"]
    assert world.git.subjects()[0] == "Volumes of plan payroll at west"
    assert world.body == [
        "Plan: payroll",
        "Run: r-1",
        "Target: west",
        "Files: 2 volumes, 2 written, 0 removed",
    ]


def test_p5_a_rerun_makes_no_second_commit_and_writes_nothing(world: World) -> None:
    world.applying()
    world.run()
    world.west.writes.clear()
    result = world.run()
    assert (result["changed"], result["created"]) == (False, 0)
    assert (result["commit"]["written"], result["commit"]["pushed"], result["diff"]) == (0, False, [])
    assert len(world.git.subjects()) == 2
    assert world.west.writes == []


def test_p10_what_nobody_brings_is_named_with_what_to_do(world: World) -> None:
    with pytest.raises(Timeout) as caught:
        world.run()
    told = str(caught.value)
    assert "wait for what the commit of volumes brings on PersistentVolumeClaim/payroll/db-0 at site west" in told
    assert f"have {PATHS['west']} of the branch main applied at west" in told
    assert world.time.seconds >= 60


def test_p5_after_that_the_same_command_goes_on_without_a_second_commit(world: World) -> None:
    with pytest.raises(Timeout):
        world.run()
    world.apply()
    assert world.run()["created"] == 0
    assert len(world.git.subjects()) == 2


def test_p2_what_was_brought_otherwise_than_committed_is_refused_at_once(world: World) -> None:
    def astray(item: dict[str, Any]) -> None:
        if "nfs" in item["spec"]:
            item["spec"]["nfs"]["server"] = "192.0.2.10"

    world.applying(astray)
    with pytest.raises(Conflict, match=r"nfs\.server: wanted '198\.51\.100\.10', is '192\.0\.2\.10'"):
        world.run()
    assert world.time.seconds < 60
    assert world.session.load("volumes") is None


def test_p8_an_object_that_no_commit_brought_is_in_the_way_before_anything_is_committed(world: World) -> None:
    foreign = {"metadata": {"name": "db-0", "namespace": "payroll"}, "spec": {"volumeName": "of-somebody"}}
    world.west.create(PVC, foreign)
    world.west.writes.clear()
    with pytest.raises(Conflict, match="volumeName"):
        world.run()
    assert (len(world.git.subjects()), world.west.writes) == (1, [])


def test_what_an_earlier_commit_brought_does_not_keep_the_next_one_back(world: World) -> None:
    """Else a controller would bring the old file again as often as a person removes what it made."""
    world.applying()
    world.run()
    pv = world.west.get(PV, "pv-db-0")
    pv["spec"]["nfs"]["path"] = "/dr/of-an-earlier-rule"
    world.west.replace(PV, pv)
    old = world.git.checkout / PATHS["west"] / "payroll.db-0.yaml"
    old.write_text(old.read_text().replace("/dr/db-0", "/dr/of-an-earlier-rule"))
    git(world.git.checkout, "commit", "--quiet", "--all", "-m", "An earlier rule")
    git(world.git.checkout, "push", "--quiet")
    with pytest.raises(Conflict, match="of-an-earlier-rule"):
        world.run()
    assert "/dr/db-0" in world.git.pushed()["payroll.db-0.yaml"]


def test_a_released_volume_is_bound_anew_by_us_as_no_manifest_can(world: World) -> None:
    world.applying()
    world.run()
    world.west.delete(PVC, "db-1", "payroll")
    pv = world.west.get(PV, "pv-db-1")
    pv["spec"]["claimRef"]["uid"] = "of-an-earlier-stay"
    pv["status"] = {"phase": "Released"}
    world.west.replace(PV, pv)
    world.applying()
    assert world.run()["rebound"] == 1
    assert "uid" not in world.west.get(PV, "pv-db-1")["spec"]["claimRef"]


def test_a_volume_that_the_plan_has_no_more_goes_from_git_and_from_nowhere_else(world: World) -> None:
    world.applying()
    world.run()
    world.git.push_theirs(f"{PATHS['west']}/kustomization.yaml", "resources: []\n")
    fewer = copy.deepcopy(dict(world.capture.objects))
    del fewer["persistentvolumeclaims"][1]
    world.capture = Capture(CAPTURE.name, fewer)
    result = world.run()
    assert (result["commit"]["written"], result["commit"]["removed"]) == (0, 1)
    assert sorted(world.git.pushed()) == ["kustomization.yaml", "payroll.db-0.yaml"]
    assert world.west.find(PV, "pv-db-1")


def test_p9_check_mode_shows_the_files_and_writes_nothing_anywhere(world: World) -> None:
    inside = world.git.checkout / ".git"
    before = sorted(path.name for path in inside.iterdir())
    result = world.run(check_mode=True)
    assert result["changed"] is True
    assert [part["after_header"] for part in result["diff"]] == [
        f"{PATHS['west']}/payroll.db-0.yaml",
        f"{PATHS['west']}/payroll.db-1.yaml",
    ]
    assert 'server: "198.51.100.10"' in result["diff"][0]["after"]
    assert result["commit"] == {"id": "", "written": 2, "removed": 0, "pushed": False}
    assert (world.west.writes, git(world.git.checkout, "status", "--porcelain")) == ([], "")
    assert sorted(path.name for path in inside.iterdir()) == before


def test_p6_without_the_lock_nothing_is_committed(world: World) -> None:
    world.session.lock_holds = 0
    with pytest.raises(Refused, match="another attempt holds the lock"):
        world.run()
    assert len(world.git.subjects(world.git.checkout)) == 1


def test_p6_a_lock_that_is_lost_before_the_push_stops_it(world: World) -> None:
    world.session.lock_holds = 1
    with pytest.raises(Refused, match="another attempt holds the lock"):
        world.run()
    assert (len(world.git.subjects(world.git.checkout)), len(world.git.subjects())) == (2, 1)


def test_without_push_somebody_else_takes_it_from_the_checkout(world: World) -> None:
    world.plan = world.plan_with(push=False)
    world.time.at(7, lambda: [git(world.git.checkout, "push", "--quiet"), world.apply()])
    assert world.run()["commit"]["pushed"] is False


def test_the_checkout_is_looked_at_before_anything_is_stopped(world: World) -> None:
    check_commit_place(world.plan, "west", world.west.clock)
    check_commit_place(plan_of(metadata={"source": "gitops"}), "west", world.west.clock)
    with pytest.raises(NotFound, match="it is not there"):
        check_commit_place(world.plan_with(checkout="/nonexistent"), "west", world.west.clock)


def test_check_says_why_nothing_could_be_committed(world: World) -> None:
    assert list(checkout_findings(world.plan, world.west.clock)) == []
    (world.git.checkout / "notes.txt").write_text("mine\n")
    (finding,) = checkout_findings(world.plan, world.west.clock)
    assert (finding.severity, finding.code, finding.on) == ("blocker", "CheckoutUnusable", str(world.git.checkout))
    assert "notes.txt" in finding.message


def test_another_plan_in_the_same_folder_keeps_its_files(world: World) -> None:
    world.applying()
    world.run()
    theirs = replace(world.plan, name="billing")
    text = world.git.pushed()["payroll.db-0.yaml"].replace("by-plan: payroll", f"by-plan: {theirs.name}")
    world.git.push_theirs(f"{PATHS['west']}/billing.db.yaml", text)
    world.run()
    assert "billing.db.yaml" in world.git.pushed()
