# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A planned move that was killed while it promoted the volumes of a group one by one, and is started again."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import VOLUME_REPLICATION
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused, Timeout
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import GroupStatus, SyncProof
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.replication import replication
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.csi_addons.world import World, enabled
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.csi_addons.world import (
    world as csi_addons_world,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.custom.world import custom_world
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.ibm.world import enabled as ibm_enabled
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.ibm.world import world as ibm_world
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, MemorySession

WORLDS = {
    "csi_addons": lambda: enabled(csi_addons_world()),
    "custom": lambda: enabled(custom_world()),
    "ibm": lambda: ibm_enabled(ibm_world("policy")),
}


class Groups:
    """The plan's one group."""

    def __init__(self, world: World) -> None:
        self.world = world

    def atomic(self) -> frozenset[str]:
        return frozenset()

    def provider(self, _group: Any) -> Any:
        return self.world.provider

    def wait_at_most(self, site: str, seconds: float) -> None:
        self.world.provider.sites[site].wait_at_most(seconds)

    def observe(self, sites: list[str], proofs: bool = True) -> dict[str, list[GroupStatus]]:
        return {site: [self.world.provider.observe(self.world.group, site)] for site in sites}

    def promote(self, groups: list[Any], site: str, forced: bool) -> list[str]:
        return [group.name for group in groups if self.world.provider.promote(group, site, forced)]

    def drain(self, groups: list[Any], source: str) -> None:
        self.world.provider.drain_all(groups, source)

    def demote(self, groups: list[Any], site: str) -> list[str]:
        return [group.name for group in groups if self.world.provider.demote(group, site)]

    def final_sync(self, groups: list[Any], source: str, target: str) -> list[SyncProof]:
        return [self.world.provider.final_sync(group, source, target) for group in groups]


class Run(MemorySession):
    """A planned move from east to west whose VMs are proven off."""

    def __init__(self, world: World) -> None:
        super().__init__(MemoryApi(), world.plan)
        self.groups = Groups(world)
        self.update(operation="relocate")
        self.put("quiesce", {"proven_off": True, "site": "east"})

    def observe_groups(self) -> tuple[list[GroupStatus], list[GroupStatus]]:
        seen = self.groups.observe(["west", "east"])
        return seen["west"], seen["east"]

    def switch(self, site: str, state: str) -> dict[str, Any]:
        return replication.switch(self.plan, "r-1", site, state, False, False)

    def sync(self) -> dict[str, Any]:
        return replication.prove_sync(self.plan, "r-1", False)


@pytest.fixture(params=WORLDS)
def run(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Run:
    found = Run(WORLDS[request.param]())
    monkeypatch.setattr(replication, "Session", found)
    return found


def promote_one(run: Run) -> None:
    world = run.groups.world
    world.apis["west"].patch(VOLUME_REPLICATION, "disk-1", "payroll", {"spec": {"replicationState": "primary"}})
    world.wait(1)
    assert "partly switched" in world.provider.observe(world.group, "west").message


def test_p5_the_rest_of_a_group_is_promoted_by_the_proof_of_the_attempt_that_was_killed(run: Run) -> None:
    run.switch("east", "secondary")
    proven = run.sync()["proofs"]
    promote_one(run)
    assert run.switch("east", "secondary")["switched"] == 0
    assert run.sync() == {"changed": False, "proofs": proven}
    assert run.switch("west", "primary")["switched"] == 1
    assert [status.role for status in (*run.observe_groups()[0], *run.observe_groups()[1])] == ["primary", "secondary"]


def test_p3_what_nobody_had_proven_is_not_promoted_after_a_part_of_it(run: Run) -> None:
    run.switch("east", "secondary")
    promote_one(run)
    with pytest.raises((Refused, Timeout), match=r"final sync|in sync with a secondary peer"):
        run.sync()


def test_p3_a_proof_of_before_the_source_was_given_back_is_none(run: Run) -> None:
    run.switch("east", "secondary")
    run.sync()
    run.switch("east", "primary")
    assert not run.load("sync")
    run.put("quiesce", {"proven_off": True, "site": "east"})
    run.switch("east", "secondary")
    promote_one(run)
    with pytest.raises((Refused, Timeout), match=r"final sync|in sync with a secondary peer"):
        run.sync()
