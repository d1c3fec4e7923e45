# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stopping VMs in the reverse order of their start, and what counts as left of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import (
    POD,
    PVC,
    VM,
    VMI,
    VOLUME_ATTACHMENT,
    Kind,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Timeout, Unreachable
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations import shutdown
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.remains import remains_at
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.sites import Reach
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
        self.halted: list[str] = []
        for name, tier in (("db", "db"), ("app", "app")):
            self.create(VM, vm(name, tier))
            self.create(VMI, {"metadata": {"name": name, "namespace": "payroll"}})

    def patch(self, kind: Kind, name: str, namespace: str, body: dict[str, Any]) -> dict[str, Any]:
        assert kind is VM
        stored = self.get(VM, name, namespace)
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

    def run(self, best_effort: bool = False, check_mode: bool = False) -> dict[str, Any]:
        return shutdown.stop_vms(PLAN, "r-1", "east", shutdown.Patience(30, best_effort), check_mode)


@pytest.fixture
def stop(monkeypatch: pytest.MonkeyPatch) -> Stop:
    return Stop(monkeypatch)


def test_p3_vms_stop_in_the_reverse_order_of_their_start_behind_a_closed_latch(stop: Stop) -> None:
    result = stop.run()
    assert (stop.east.halted, stop.latch_closed_before) == (["app", "db"], ["[]"])
    assert (result["proven_off"], stop.session.record["quiesce"]) == (True, {"proven_off": True, "site": "east"})


def test_p5_a_second_quiesce_halts_nothing_and_proves_it_again(stop: Stop) -> None:
    stop.run()
    result = stop.run()
    assert (result["changed"], result["proven_off"], stop.east.halted) == (False, True, ["app", "db"])


def test_p3_what_others_depend_on_is_not_stopped_under_them(stop: Stop) -> None:
    stop.east.stubborn.add("app")
    with pytest.raises(Timeout, match="VirtualMachineInstance/payroll/app"):
        stop.run()
    assert stop.east.halted == ["app"]
    assert "quiesce" not in stop.session.record


def test_p4_of_a_lost_site_everything_is_tried_and_nothing_is_claimed(stop: Stop) -> None:
    stop.east.stubborn.add("app")
    assert (stop.run(best_effort=True)["proven_off"], stop.east.halted) == (False, ["app", "db"])
    stop.reach = Reach("east", "unreachable", "timed out")
    assert stop.run(best_effort=True)["proven_off"] is False
    with pytest.raises(Unreachable):
        stop.run()


def test_p9_check_mode_halts_nothing(stop: Stop) -> None:
    assert (stop.run(check_mode=True)["stopped"], stop.east.halted) == (2, [])


def pod(api: MemoryApi) -> None:
    labels = {"vm.kubevirt.io/name": "db"}
    api.create(POD, {"metadata": {"name": "virt-launcher-db", "namespace": "payroll", "labels": labels}, "spec": {}})


def hotplug_pod(api: MemoryApi) -> None:
    volumes = [{"name": "root", "persistentVolumeClaim": {"claimName": "db"}}]
    api.create(POD, {"metadata": {"name": "hp", "namespace": "payroll"}, "spec": {"volumes": volumes}})


def attachment(api: MemoryApi) -> None:
    api.create(PVC, {"metadata": {"name": "db", "namespace": "payroll"}, "spec": {"volumeName": "pv-db"}})
    spec = {"source": {"persistentVolumeName": "pv-db"}}
    api.create(VOLUME_ATTACHMENT, {"metadata": {"name": "va"}, "spec": spec})


def attachment_of_state(api: MemoryApi) -> None:
    """KubeVirt keeps a persistent TPM on a claim that the VM does not name."""
    meta = {"name": "state-x7k2p", "namespace": "payroll", "labels": {"persistent-state-for": "db"}}
    api.create(PVC, {"metadata": meta, "spec": {"volumeName": "pv-state"}})
    spec = {"source": {"persistentVolumeName": "pv-state"}}
    api.create(VOLUME_ATTACHMENT, {"metadata": {"name": "va-state"}, "spec": spec})


@pytest.mark.parametrize(
    ("leave", "left"),
    [
        (pod, "Pod/payroll/virt-launcher-db"),
        (hotplug_pod, "Pod/payroll/hp"),
        (attachment, "VolumeAttachment/va"),
        (attachment_of_state, "VolumeAttachment/va-state"),
    ],
)
def test_p1_whatever_could_still_write_counts_as_left(
    stop: Stop, leave: Callable[[MemoryApi], None], left: str
) -> None:
    stop.run()
    leave(stop.east)
    assert remains_at(PLAN, stop.east) == [left]  # type: ignore[arg-type]
    with pytest.raises(Timeout, match=left):
        shutdown.prove_off(PLAN, "r-1", "east", False)


def test_p8_what_is_not_of_the_plan_does_not_count(stop: Stop) -> None:
    stop.run()
    stop.east.create(VMI, {"metadata": {"name": "other", "namespace": "payroll"}})
    assert remains_at(PLAN, stop.east) == []  # type: ignore[arg-type]
