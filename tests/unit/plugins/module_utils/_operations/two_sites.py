# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two sites as a run finds them when it begins."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import VM, VMI
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.run_store import RunStore
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import GroupStatus
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.run import Run
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.run_asked import RunAsked
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan import asking
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan.sites import Reach
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.run import begin
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, SimulatedTime, plan_of

PLAN = plan_of()
ARRIVED = datetime(2026, 3, 1, 11, 59, 50, tzinfo=UTC)
MOVED = Run("r-1", "payroll", "failover", "east", "west", "f00d", "2026-03-01T12:00:00+00:00", state="done")


class TwoSites:
    """Both sites answer; roles and directions as given, east first. VMs run at the sites that `running` names."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        clock = SimulatedTime().clock()
        self.apis = {name: MemoryApi(name, clock) for name in PLAN.sites}
        self.states = {"east": ("primary", "outgoing"), "west": ("secondary", "incoming")}
        self.health = "healthy"
        # what the products say of the moment of their data
        self.moments = {"last_sync": ARRIVED}
        self.unreachable: set[str] = set()
        self.refusing: set[str] = set()
        # whose API server no product asks any more
        self.silenced: set[str] = set()
        # seconds in which each one's storage has to answer, where that is less than usual
        self.hurried: dict[str, float] = {}
        sites = self

        class Observed:
            def __init__(self, _plan: Plan) -> None:
                pass

            def hear(self, site: str, answer: Callable[[], Reach]) -> None:
                if answer().state == "unreachable":
                    sites.silenced.add(site)

            def hurry(self, site: str, seconds: float) -> None:
                sites.hurried[site] = seconds

            def check_movable(self, source: str, target: str) -> None:
                pass

            def check_forceable(self, target: str) -> None:
                pass

            def observe(self, names: list[str]) -> dict[str, list[GroupStatus]]:
                return {
                    name: [
                        GroupStatus("payroll", name, role, sites.health, direction, **sites.moments)  # type: ignore[arg-type]
                        for role, direction in [sites.states[name]]
                    ]
                    for name in names
                }

        def reached(_plan: Plan, name: str, _seconds: float, once: bool = False) -> Reach:
            if name in sites.unreachable:
                return Reach(name, "unreachable", "timed out")
            if name in sites.refusing:
                return Reach(name, "failed", "Unauthorized; HTTP status 401", refuses=True)
            return Reach(name, "reachable", api=sites.apis[name])  # type: ignore[arg-type]

        monkeypatch.setattr(asking, "reach", reached)
        monkeypatch.setattr(asking, "Groups", Observed)

    def record(self, run: Run) -> None:
        RunStore(self.apis[run.target], PLAN.store_namespace).put_head(run.id, PLAN.name, run.as_dict())  # type: ignore[arg-type]

    def begin(
        self,
        operation: str,
        target: str | None = None,
        lost: str | None = None,
        plan: Plan = PLAN,
        accept: str | None = None,
        check_mode: bool = False,
    ) -> dict[str, Any]:
        return begin.begin_run(plan, RunAsked(operation, target, lost, accept_loss=accept), check_mode)


def vmi_at_west(sites: TwoSites) -> None:
    meta = {"name": "db", "namespace": "payroll", "labels": {"dr.ocpvirt.io/plan": "payroll"}}
    sites.apis["west"].create(VM, {"metadata": meta, "spec": {"template": {"spec": {}}}})
    sites.apis["west"].create(VMI, {"metadata": meta})
