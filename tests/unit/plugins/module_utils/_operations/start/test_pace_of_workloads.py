# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A workload shows no VMI: nobody knows what it waits for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import DEPLOYMENT, Kind
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.vm import PowerRecord
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.workload import WorkloadRecord
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.start.pacing import Pacing
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.start.startup_world import (
    RECORDED,
    KubeVirt,
    Start,
)


def stopped(name: str) -> dict[str, Any]:
    meta = {
        "name": name,
        "namespace": "payroll",
        "labels": {"dr.ocpvirt.io/plan": "payroll"},
        "annotations": {RECORDED: WorkloadRecord(True, 2).as_annotation()},
    }
    return {"kind": "Deployment", "metadata": meta, "spec": {"replicas": 0, "template": {"spec": {}}}}


def test_workloads_that_take_their_time_are_no_vms_that_wait_for_a_node(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three that need a minute would halve the window for all others, and the progress line would blame the nodes."""
    start = Start(monkeypatch)
    for name in ("front", "queue", "search"):
        start.api.create(DEPLOYMENT, stopped(name))
    result = start.run(max_starting=20, retries={"attempts": 0})
    assert (result["not_started"], result["pace"]["slower"]) == (3, 0)


class Available(KubeVirt):
    """Deployments are available as soon as they are asked to start."""

    def __init__(self) -> None:
        super().__init__()
        self.available: list[dict[str, Any]] = []

    def patch(self, kind: Kind, name: str, namespace: str, body: dict[str, Any]) -> dict[str, Any]:
        patched = super().patch(kind, name, namespace, body)
        if kind == DEPLOYMENT and body.get("spec", {}).get("replicas"):
            patched = self.replace(kind, {**patched, "status": {"availableReplicas": 2}})
            self.available.append(patched)
        return patched

    def watch(
        self, kind: Kind, version: str, seconds: float, namespace: str | None, labels: str | None
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        yield from super().watch(kind, version, seconds, namespace, labels)
        for item in list(self.available) if kind == DEPLOYMENT else ():
            yield "MODIFIED", item


def test_workloads_that_are_up_at_once_are_no_boots_of_vms(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of VMs behind them would look grown, and the window would be halved for that."""
    start = Start(monkeypatch, Available)
    booted: list[float] = []
    monkeypatch.setattr(Pacing, "booted", lambda _pacing, _asked, seconds: booted.append(seconds))
    start.api.create(DEPLOYMENT, stopped("front"))
    start.api.add("db", PowerRecord("Always", True))
    assert (start.run()["ready"], len(booted)) == (2, 1)
