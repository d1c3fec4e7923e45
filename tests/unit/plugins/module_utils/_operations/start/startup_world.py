# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A start at a site in memory whose KubeVirt runs VMs as their strategies say."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import VM, VMI, Kind
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.write_stream import WriteStream
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict, DrError, Failed
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.vm import PowerRecord
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.start import starter, startup
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.start.startup import start_vms
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, MemorySession, plan_of

RECORDED = "dr.ocpvirt.io/recorded"
ON = {"Ready": "True", "AgentConnected": "True"}
NOT_YET = {"Ready": "False", "AgentConnected": "False"}


def vmi(name: str, phase: str = "Running", conditions: dict[str, str] | None = None, **metadata: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": "payroll", **metadata},
        "status": {
            "phase": phase,
            "conditions": [
                {"type": kind, "status": status, "message": f"{kind} is {status}"}
                for kind, status in (ON if conditions is None else conditions).items()
            ],
        },
    }


class KubeVirt(MemoryApi):
    """VMs that run as soon as their strategy, or a start request, says so.

    broken: those that never get ready. held: those whose start request stays pending.
    """

    def __init__(self) -> None:
        super().__init__()
        self.broken: set[str] = set()
        self.denied: set[str] = set()
        self.held: set[str] = set()
        self.start_requests: list[str] = []
        self._changed = threading.Condition()
        self._events: list[tuple[int, dict[str, Any]]] = []
        self._seen = 0

    def settled(self) -> bool:
        """Whether the watch has seen all that happened."""
        return not self._after(self._seen)

    def add(self, name: str, power: PowerRecord, halted: bool = True, tier: str = "") -> None:
        spec = {"running": power.running} if power.running_field else {"runStrategy": power.run_strategy}
        if halted:
            spec = {"running": False} if power.running_field else {"runStrategy": "Halted"}
        meta = {
            "name": name,
            "namespace": "payroll",
            "labels": {"dr.ocpvirt.io/plan": "payroll", "tier": tier},
            "annotations": {RECORDED: power.as_annotation()},
        }
        super().create(VM, {"metadata": meta, "spec": {**spec, "template": {"spec": {}}}})

    def spec(self, name: str) -> dict[str, Any]:
        spec = self.get(VM, name, "payroll")["spec"]
        del spec["template"]
        return spec

    def recorded(self, name: str) -> bool:
        return RECORDED in self.get(VM, name, "payroll")["metadata"]["annotations"]

    def running(self) -> set[str]:
        return {item["metadata"]["name"] for item in self.list(VMI)}

    def patch(self, kind: Kind, name: str, namespace: str, body: dict[str, Any]) -> dict[str, Any]:
        if name in self.denied:
            raise Failed("PATCH", seen="a webhook is down", status=500)
        if kind != VM:
            return super().patch(kind, name, namespace, body)
        vm = self.get(kind, name, namespace)
        vm["spec"] |= body.get("spec", {})
        annotations = vm["metadata"]["annotations"] | body.get("metadata", {}).get("annotations", {})
        vm["metadata"]["annotations"] = {key: value for key, value in annotations.items() if value is not None}
        patched = self.replace(kind, vm)
        runs = vm["spec"].get("running") or vm["spec"].get("runStrategy") in ("Always", "RerunOnFailure", "Once")
        if "spec" in body and runs:
            self.boot(name)
        return patched

    def put_subresource(
        self, path: str, body: dict[str, Any], on: str, expected: Callable[[DrError], bool] = lambda _error: False
    ) -> None:
        name, verb = path.split("/")[-2:]
        assert (verb, body) == ("start", {})
        if self.find(VMI, name, "payroll"):
            raise Conflict("PUT", on=on, seen="VM is already running", status=409)
        if self.spec(name) != {"runStrategy": "Manual"}:
            raise Conflict("PUT", on=on, seen="Halted does not support manual start requests", status=409)
        if name in self.start_requests:
            error = Failed("PUT", on=on, seen="VirtualMachine has a start request pending", status=500)
            self.traffic.note(500, 0.1, expected(error))
            raise error
        self.start_requests.append(name)
        if name in self.held:
            return
        self.boot(name)

    def boot(self, name: str) -> None:
        if self.find(VMI, name, "payroll"):
            return
        self._show(vmi(name, "Scheduling", NOT_YET) if name in self.broken else vmi(name))

    def leave(self, name: str) -> None:
        """Its VMI is deleted, and its guest still shuts down."""
        self._show(vmi(name, "Running", NOT_YET, deletionTimestamp="2026-01-02T03:04:05Z"))

    def _show(self, item: dict[str, Any]) -> None:
        # many are asked at once, and a watch shows what changes in the order of its versions
        with self._changed:
            stored = self.create(VMI, item)
            self._events.append((int(stored["metadata"]["resourceVersion"]), stored))
            self._changed.notify_all()

    def list_with_version(
        self, kind: Kind, namespace: str | None, _labels: str | None, keep: Callable[[dict[str, Any]], Any]
    ) -> tuple[list[Any], str]:
        with self._lock:
            self._seen = self._version
            return self.list(kind, namespace, keep=keep), str(self._version)

    def watch(
        self, kind: Kind, version: str, _seconds: float, _namespace: str | None, _labels: str | None
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        with self._changed:
            self._changed.wait_for(lambda: self._after(int(version)), timeout=0.05)
        for number, item in self._after(int(version)) if kind == VMI else ():
            yield "ADDED", item
            self._seen = max(self._seen, number)

    def _after(self, version: int) -> list[tuple[int, dict[str, Any]]]:
        return [event for event in self._events if event[0] > version]


class Start:
    """A start at west, and what the run's record and the cluster show of it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, site: type[KubeVirt] = KubeVirt) -> None:
        self.api = site()
        self.session = MemorySession(self.api)
        self.seconds = 0.0
        self._writes: WriteStream[Any] | None = None
        self.sites: dict[str, dict[str, Any]] = {site: {"kubeconfig": f"{site}.yml"} for site in ("east", "west")}
        self.rules: list[dict[str, Any]] = []
        self.session.clock = replace(self.api.clock, monotonic=self._look_at_the_clock)
        monkeypatch.setattr(startup, "Session", self.session)
        monkeypatch.setattr(startup, "check_may_start", lambda *_given: 1)
        monkeypatch.setattr(starter, "TICK", 0.002)
        monkeypatch.setattr(starter, "WriteStream", self._stream)

    def _stream(self, *given: Any) -> WriteStream[Any]:
        self._writes = WriteStream(*given)
        return self._writes

    def _look_at_the_clock(self) -> float:
        """Time passes with each look, but not while a write or an event is on its way, however slow a machine is."""
        if self.api.settled() and (self._writes is None or self._writes.idle):
            self.seconds += 0.5
        return self.seconds

    def run(self, round_timeout: int | None = None, check_mode: bool = False, **plan: Any) -> dict[str, Any]:
        readiness = {"readiness": {"agent": True, "timeout": "1m"}}
        planned = plan_of(sites=self.sites, startup={**readiness, **plan}, volumes={"rules": self.rules})
        return start_vms(planned, "r-1", round_timeout, check_mode)
