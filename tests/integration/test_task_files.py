# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan moves, is failed over and comes back by task files of the user, which real ansible-playbooks run on files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import GroupStatus
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan.groups import Groups
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan.sites import Reach
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.replication import fencing, replication
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.tasks.disk import (
    OTHER,
    OTHERS,
    VERBS,
    Disk,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, MemorySession


class DiskSession(MemorySession):
    """A run whose groups are observed at the storage of files."""

    def __init__(self, disk: Disk, source: str, target: str) -> None:
        super().__init__(MemoryApi(target), disk.plan)
        self.source, self.target = source, target
        self.groups = Groups(disk.plan, self.outlasting)
        self.update(source=source, target=target, operation="relocate")

    def observe_groups(self) -> tuple[list[GroupStatus], list[GroupStatus]]:
        found = self.groups.observe((self.target, self.source))
        return found[self.target], found[self.source]

    def reach_source(self) -> Reach:
        return Reach(self.source, "unreachable", "the files have no API server")


class Mover:
    def __init__(self, disk: Disk, patch: pytest.MonkeyPatch) -> None:
        self.disk = disk
        self._patch = patch

    def begin(self, source: str, target: str, lost: bool = False) -> DiskSession:
        self.session = DiskSession(self.disk, source, target)
        self.session.put("quiesce", {"proven_off": not lost, "site": source, "left": None if lost else []})
        if lost:
            self.session.update(declared_lost=source, operation="failover")
        for module in (fencing, replication):
            self._patch.setattr(module, "Session", self.session)
        return self.session

    def switch(self, site: str, state: str, forced: bool = False) -> dict[str, Any]:
        return replication.switch(self.disk.plan, "r-1", site, state, forced, False)

    def prove(self) -> dict[str, Any]:
        return replication.prove_sync(self.disk.plan, "r-1", False)

    def roles(self) -> tuple[str, str]:
        return self.disk.state("east")["role"], self.disk.state("west")["role"]


@pytest.fixture
def mover(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mover:
    return Mover(Disk(tmp_path), monkeypatch)


def test_p3_a_planned_move_and_the_way_home_lose_nothing(mover: Mover) -> None:
    disk = mover.disk
    mover.begin("east", "west")
    mover.switch("east", "secondary")
    assert mover.session.outlasted == [600]
    assert mover.prove()["proofs"][0]["compared"] == "sha256 of the file"
    mover.switch("west", "primary")
    assert (mover.roles(), disk.state("west")["forced"], disk.data("west")) == (
        ("secondary", "primary"),
        False,
        "written at east",
    )

    disk.write("west", "written at west")
    mover.begin("west", "east")
    # what reprotect does: its source is the site that the plan left
    mover.session.source, mover.session.target = "east", "west"
    mover.switch("east", "resynced")
    assert (disk.data("east"), disk.state("east")["direction"]) == ("written at west", "incoming")

    disk.write("west", "written after that")
    mover.begin("west", "east")
    mover.switch("west", "secondary")
    mover.prove()
    mover.switch("east", "primary")
    assert (mover.roles(), disk.data("east")) == (("primary", "secondary"), "written after that")


def test_p1_a_forced_switch_wants_the_fence_and_demotes_what_still_answers(mover: Mover) -> None:
    mover.begin("east", "west", lost=True)
    with pytest.raises(Refused, match="at east: role primary"):
        replication.switch(mover.disk.plan, "r-1", "west", "primary", False, False)
    result = fencing.fence_source(mover.disk.plan, "r-1", False)
    assert "fenced is there" in result["proofs"][0]
    assert mover.roles() == ("secondary", "secondary")
    mover.switch("west", "primary", forced=True)
    assert (mover.roles(), mover.disk.state("west")["forced"]) == (("secondary", "primary"), True)


def test_p3_without_a_proof_nothing_is_promoted(mover: Mover) -> None:
    answer = "{holds: false, compared: sha256, source: a, target: b}"
    mover.disk.tasks("final_sync", f"\n- ansible.builtin.set_fact:\n    replication_answer: {answer}\n")
    mover.disk.set("east", role="secondary", direction="none")
    mover.begin("east", "west")
    with pytest.raises(Refused, match="seen: b at west; wanted: a, as at east"):
        mover.prove()
    with pytest.raises(Refused, match="no proof of this run"):
        mover.switch("west", "primary")
    assert mover.roles() == ("secondary", "secondary")


def test_the_verbs_that_a_plan_can_do_without_run_where_it_has_files_for_them(mover: Mover) -> None:
    disk = mover.disk
    for verb in OTHERS:
        disk.tasks(verb, OTHER)
    plan = disk.plan_with(files={verb: str(disk.folder / f"{verb}.yml") for verb in (*VERBS, *OTHERS)})
    group = plan.groups[0]
    provider = Groups(plan).provider(group)
    changed = [
        provider.enable(group, "east", "west"),
        provider.pause(group, "east"),
        provider.resume(group, "east"),
        provider.unfence(group, "west", "east"),
        provider.enabled(group, "west") and provider.disable(group, "west"),
    ]
    assert all(changed)
    assert (disk.folder / "east/done").read_text(encoding="utf-8").splitlines() == [
        "enable at east",
        "pause at east",
        "resume at east",
    ]
    assert (disk.folder / "west/done").read_text(encoding="utf-8").splitlines() == [
        "unfence at west",
        "disable at west",
    ]
