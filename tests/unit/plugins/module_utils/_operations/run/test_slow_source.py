# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A source under load, that takes four seconds for whatever it is asked: no run takes it for a dead one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.lease import PlanLock
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused, Unreachable
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import GroupStatus, silent
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.run_asked import RunAsked
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan import sites as plan_sites
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.replication.fencing import fence_source
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.run.begin import begin_run
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.run.end import end_run
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.stop.shutdown import Patience, stop_vms
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.base import Capabilities, FenceProof
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.site_handle import SiteHandle
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.product_stand_in import register
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, SimulatedTime, plan_of

SLOW = 4.0
# of a product that sets itself no limit
USUAL = 60.0
ROLES = {"east": ("primary", "outgoing"), "west": ("secondary", "incoming")}
LOST = RunAsked("failover", "west", "east")
PLANNED = RunAsked("relocate", "west")


class SlowApi(MemoryApi):
    """seconds: that it takes for an answer."""

    def __init__(self, site: str, seconds: float, time: SimulatedTime) -> None:
        super().__init__(site, time.clock())
        self._seconds = seconds

    def raw(self, _path: str, timeout: float, once: bool = False) -> dict[str, str]:
        self.clock.sleep(min(self._seconds, timeout))
        if self._seconds > timeout:
            raise Unreachable("GET", site=self.site, seen="timed out")
        return {"gitVersion": "v1.34.4"}


class World:
    """East is slow, its cluster and the storages of its groups; demoted: groups there that were."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.demoted: list[str] = []
        self.dead: set[str] = set()
        self.waited = 0.0
        self.plan = plan_of(
            replication={
                "provider": "slow",
                "groups": [{"name": name, "selector": {"matchLabels": {"tier": name}}} for name in ("app", "db")],
            }
        )
        self.apis = {
            "east": SlowApi("east", SLOW, SimulatedTime()),
            "west": SlowApi("west", 0.0, SimulatedTime()),
        }
        monkeypatch.setattr(plan_sites, "connect", lambda site, _auth, _timeout: self.apis[site])
        monkeypatch.setattr(plan_sites, "resolve_auth", lambda _site, _environment: {})
        register(monkeypatch, "slow", self._product())

    def begin(self, asked: RunAsked) -> dict[str, Any]:
        return begin_run(self.plan, asked, False)

    def _product(self) -> type:
        world = self

        class Slow:
            name = "slow"
            capabilities = Capabilities(fencing=True)

            def __init__(self, sites: dict[str, SiteHandle]) -> None:
                self._sites = sites

            def observe_all(self, groups: Sequence[Group], site: str) -> list[GroupStatus]:
                return [self._observe(group, site) for group in groups]

            observe_roles = observe_all

            def _observe(self, group: Group, site: str) -> GroupStatus:
                patience = self._sites[site].patience or USUAL
                if site == "east" and (group.name in world.dead or patience < SLOW):
                    world.waited += patience
                    return silent(group.name, site, "timed out")
                role, direction = ROLES[site]
                return GroupStatus(group.name, site, role, "healthy", direction)  # type: ignore[arg-type]

            def check_movable(self, groups: Sequence[Group], source: str, target: str) -> None:
                pass

            def check_forceable(self, groups: Sequence[Group], site: str) -> None:
                pass

            def fence(self, group: Group, _survivor: str, _lost: str) -> FenceProof:
                return FenceProof(group.name, "takes nothing in")

            def demote(self, group: Group, _site: str) -> bool:
                world.demoted.append(group.name)
                return True

        return Slow


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


@pytest.mark.parametrize("asked", [LOST, PLANNED], ids=["failover", "relocate"])
def test_p1_a_slow_source_is_asked_and_locked(world: World, asked: RunAsked) -> None:
    begun = world.begin(asked)
    assert begun["source_state"] == "reachable"
    holder = PlanLock(world.apis["east"], world.plan.store_namespace, world.plan.name).holder()  # type: ignore[arg-type]
    assert holder is not None
    assert holder.run_id == begun["run_id"]


def test_p1_the_vms_of_a_slow_source_are_looked_for_although_it_was_declared_lost(world: World) -> None:
    run_id = world.begin(LOST)["run_id"]
    stopped = stop_vms(world.plan, run_id, "east", Patience(120, best_effort=True, force=True), False)
    assert stopped["proven_off"] is True


def test_p1_a_slow_storage_of_a_lost_source_is_demoted(world: World) -> None:
    fence_source(world.plan, world.begin(LOST)["run_id"], False)
    assert sorted(world.demoted) == ["app", "db"]


def test_p4_a_dead_storage_beside_a_living_one_is_waited_for_once(world: World) -> None:
    world.dead = {"db"}
    run_id = world.begin(LOST)["run_id"]
    waited = world.waited
    fence_source(world.plan, run_id, False)
    assert (world.demoted, world.waited) == (["app"], waited)


def test_p3_a_planned_move_does_not_begin_where_a_storage_is_silent(world: World) -> None:
    world.dead = {"db"}
    with pytest.raises(Refused, match="db"):
        world.begin(PLANNED)
    assert world.demoted == []


def test_p6_the_lock_at_a_slow_source_is_freed_at_the_end(world: World) -> None:
    end_run(world.plan, world.begin(LOST)["run_id"], "done", False)
    assert PlanLock(world.apis["east"], world.plan.store_namespace, world.plan.name).holder() is None  # type: ignore[arg-type]
