# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stop of two VMs at a site in memory, whose KubeVirt ends what is halted."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import (
    VM,
    VMI,
    Kind,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict, Failed
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan.sites import Reach
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.stop import shutdown
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, MemorySession, plan_of

PLAN = plan_of(startup={"waves": [{"name": "databases", "selector": {"matchLabels": {"tier": "db"}}}]})
LABELS = {"dr.ocpvirt.io/plan": "payroll"}


def vm(name: str, tier: str, strategy: str = "Always") -> dict[str, Any]:
    volumes = [{"name": "root", "persistentVolumeClaim": {"claimName": name}}]
    return {
        "metadata": {"name": name, "namespace": "payroll", "labels": {**LABELS, "tier": tier}},
        "spec": {"runStrategy": strategy, "template": {"spec": {"volumes": volumes}}},
    }


class East(MemoryApi):
    """A halted VM's VMI goes at once, unless it is stubborn."""

    def __init__(self) -> None:
        super().__init__("east")
        self.stubborn: set[str] = set()
        self.hung: set[str] = set()
        self.halted: list[str] = []
        self.asked: list[str] = []
        self.meddlers: list[Callable[[], object]] = []
        for name, tier in (("db", "db"), ("app", "app")):
            self.create(VM, vm(name, tier))
            agent = [{"type": "AgentConnected", "status": "True"}]
            self.create(VMI, {"metadata": {"name": name, "namespace": "payroll"}, "status": {"conditions": agent}})

    def put_subresource(self, path: str, body: dict[str, Any], _on: str) -> None:
        """A stop without patience ends what ignores the shutdown, unless its node is down."""
        name, verb = path.split("/")[-2:]
        self.asked.append(f"{verb} {name} {body}")
        if verb == "freeze" and name in self.hung:
            raise Failed("PUT", seen="the agent does not answer", status=500)
        if verb == "stop" and name not in self.hung and not self.delete(VMI, name, "payroll"):
            raise Conflict("PUT", seen="VM is not running", status=409)

    def patch(self, kind: Kind, name: str, namespace: str, body: dict[str, Any]) -> dict[str, Any]:
        if self.meddlers:
            self.meddlers.pop()()
        if kind is not VM:
            return super().patch(kind, name, namespace, body)
        stored = self.get(VM, name, namespace)
        if body["metadata"]["resourceVersion"] != stored["metadata"]["resourceVersion"]:
            raise Conflict("PATCH", seen="the object has been modified", status=409)
        stored["spec"] |= body["spec"]
        stored["metadata"]["annotations"] = body["metadata"]["annotations"]
        self.halted.append(name)
        if name not in self.stubborn:
            self.delete(VMI, name, namespace)
        return self.replace(VM, stored)


class Listed:
    """In the place of a watch: what is listed now."""

    def __init__(self, api: MemoryApi, kind: Kind, _spaces: object, wake: threading.Condition, **_keep: object) -> None:
        self.listed = True
        self.objects = {(i["metadata"]["namespace"], i["metadata"]["name"]): True for i in api.list(kind)}

    def start(self) -> None:
        return

    def stop(self) -> None:
        return


class Impatient(threading.Condition):
    """Time passes with each look at the clock, so nobody waits."""

    def wait(self, timeout: float | None = None) -> bool:
        return False


class Stop:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.east = East()
        self.session: Any = MemorySession(MemoryApi())
        self.seconds = 0.0
        self.session.clock = replace(self.east.clock, monotonic=self._pass)
        self.reach = Reach("east", "reachable", api=self.east)  # type: ignore[arg-type]
        self.session.reach_source = lambda: self.reach
        self.latch_closed_before: list[str] = []
        monkeypatch.setattr(shutdown, "Session", self.session)
        monkeypatch.setattr(shutdown, "Watch", Listed)
        monkeypatch.setattr(shutdown, "threading", SimpleNamespace(Condition=Impatient))
        monkeypatch.setattr(shutdown, "close_latch", lambda *_a: self.latch_closed_before.append(str(self.east.halted)))

    def _pass(self) -> float:
        self.seconds += 1
        return self.seconds

    def run(self, best_effort: bool = False, check_mode: bool = False, **allowed: bool) -> dict[str, Any]:
        patience = shutdown.Patience(30, best_effort, **allowed)
        return shutdown.stop_vms(PLAN, "r-1", "east", patience, check_mode)
