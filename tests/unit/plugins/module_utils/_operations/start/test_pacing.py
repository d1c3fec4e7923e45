# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import PVC, VM
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.vmi_state import VmiState, vmi_state
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.inventory.workloads import Workloads
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.start.budget import SiteBudget
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.start.pacing import LONG, Pacing, node_state
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.start.parts import parts_by_key
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.caps import CappedQueue, Parts
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.order import StartWave
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.window import StartWindow
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi, MemorySession, plan_of

GPU = ("nodes", "gpu=true")


class Paced:
    """A window over so many VMs, paced at what a test shows of their VMIs and of the API server."""

    def __init__(self, vms: int = 40, parts: Mapping[str, Parts] | None = None, **startup: Any) -> None:
        plan = plan_of(startup={"max_starting": 20, **startup})
        self.api = MemoryApi()
        self.seen: dict[str, VmiState] = {}
        self.keys = tuple(f"payroll/vm-{number:02}" for number in range(vms))
        queue = CappedQueue(plan.startup.caps, parts)
        self.window = StartWindow([StartWave("rest", self.keys)], plan.startup.max_starting, 3600, queue=queue)
        budget = SiteBudget(MemorySession(self.api, plan), self.api, None, 3)
        self.pacing = Pacing(plan.startup, self.api, self.window, budget, threading.Condition(), self.seen.get)

    def at(self, now: float) -> int:
        self.pacing.set_limit(now)
        self.window.next(now)
        return self.window.limit

    def show(self, number: int, phase: str, node: str = "") -> None:
        self.seen[f"payroll/vm-{number:02}"] = VmiState(False, False, phase, "", {}, node=node)


def test_without_trouble_the_limit_is_the_plans() -> None:
    paced = Paced()
    assert [paced.at(now) for now in range(15)] == [20] * 15
    assert paced.pacing.note == ""


def test_a_429_of_the_api_server_halves_it_and_is_said() -> None:
    paced = Paced()
    paced.api.traffic.note(429, 0.1)
    assert (paced.at(0), paced.pacing.note) == (10, "pace 10 of 20: the API server answered 429 1 times")


@pytest.mark.parametrize(
    ("phase", "node", "why"),
    [
        ("Scheduling", "", "wait long for a node"),
        ("Scheduling", "worker-1", "wait long for their volumes"),
    ],
)
def test_vms_that_wait_long_halve_it_once(phase: str, node: str, why: str) -> None:
    paced = Paced()
    paced.at(0)
    for number in range(3):
        paced.show(number, phase, node)
    for number in range(3, 20):
        paced.show(number, "Scheduled", "worker-2")
    assert paced.at(LONG - 1) == 20
    assert paced.at(LONG + 1) == 10
    assert paced.pacing.note.endswith(f"3 {why}")
    # the same three go on waiting, and are no news
    assert [paced.at(LONG + more) for more in (20, 40, 60, 80)] == [11, 12, 13, 14]


def test_vms_asked_before_a_slowdown_that_wait_long_only_after_it_do_not_halve_again() -> None:
    """It cannot have helped them: they were in the queue already."""
    paced = Paced()
    paced.window.limit = 10
    paced.window.next(0.0)
    paced.at(10)
    assert len(paced.window.in_flight) == 20
    assert paced.at(LONG + 1) == 10
    assert paced.at(LONG + 11) == 11
    assert paced.pacing.pace.slower == 1


def test_what_was_asked_before_a_slowdown_says_nothing_of_it_however_short_its_boot_was() -> None:
    """It was ready long before its delay was over."""
    paced = Paced(vms=0)
    for _vm in range(20):
        paced.pacing.booted(0.0, 5.0)
    paced.at(5)
    paced.api.traffic.note(503, 0.1)
    assert paced.at(20) == 10
    for _vm in range(20):
        paced.pacing.booted(15.0, 20.0)
    paced.at(60)
    assert paced.pacing.pace.slower == 1


def test_few_at_a_time_that_wait_long_never_halve_it_however_many_they_are_in_the_end() -> None:
    """Of a thousand VMs every fiftieth waits 25 seconds for a node, the others boot in four."""
    paced = Paced(vms=1000, max_starting=60)
    seconds = {key: 25 if number % 50 == 0 else 4 for number, key in enumerate(paced.keys)}
    now = 0
    while not paced.window.done:
        for key in [key for key, since in paced.window.in_flight.items() if now - since >= seconds[key]]:
            paced.pacing.booted(paced.window.in_flight[key], seconds[key])
            paced.window.became_ready(key)
        paced.at(now)
        now += 1
    assert paced.pacing.pace.summary == {"limit": 60, "lowest": 60, "slower": 0, "faster": 0}


def test_p5_what_waited_long_in_an_earlier_round_is_no_news_in_the_next() -> None:
    first, second = Paced(), Paced()
    first.at(0)
    first.at(LONG + 1)
    second.pacing.pace.resume(first.pacing.pace.as_dict(), LONG + 2)
    second.window.observe_starting(first.window.in_flight, 0.0)
    assert second.at(LONG + 12) == 11
    assert second.pacing.pace.slower == 1


def test_a_vm_whose_guest_boots_waits_for_nothing_of_the_site() -> None:
    paced = Paced()
    paced.at(0)
    for number in range(20):
        paced.show(number, "Running", "worker-1")
    assert paced.at(LONG + 1) == 20


def test_no_more_are_asked_than_all_nodes_have_room_for() -> None:
    paced = Paced(caps={"per_node": 3})
    (nodes,) = paced.pacing.watches
    nodes.objects = {
        ("", "worker-1"): node_state(node()),
        ("", "worker-2"): node_state(node()),
        ("", "worker-3"): node_state(node(ready="Unknown")),
    }
    assert paced.at(0) == 6
    # all went to one node, and so might those that the other one has room for
    for number in range(6):
        paced.show(number, "Scheduling", "worker-1")
    assert (paced.at(2), paced.at(2.1)) == (6, 6)


def test_p10_where_no_node_takes_vms_as_many_begin_as_one_would_take_and_it_is_said() -> None:
    paced = Paced(caps={"per_node": 3})
    (nodes,) = paced.pacing.watches
    nodes.objects = {("", "worker-1"): node_state(node(unschedulable=True))}
    assert (paced.at(0), paced.at(2)) == (3, 3)
    assert paced.pacing.note == "a node of west that takes VMs"
    nodes.objects = {("", "worker-1"): node_state(node())}
    paced.at(4)
    assert paced.pacing.note == ""


def test_a_vm_on_a_lost_node_that_is_made_again_takes_the_room_of_its_new_one() -> None:
    paced = Paced(caps={"per_node": 1})
    (nodes,) = paced.pacing.watches
    nodes.objects = {("", "worker-1"): node_state(node())}
    assert paced.at(0) == 1
    paced.show(0, "Running", "worker-1")
    paced.at(2)
    nodes.objects = {("", name): node_state(node()) for name in ("worker-2", "worker-3")}
    paced.show(0, "Scheduling", "worker-2")
    assert paced.at(4) == 2


def test_a_node_is_the_one_that_vms_ask_for_whatever_its_own_name_is() -> None:
    """Their nodeSelector names the label, their VMI the node."""
    paced = Paced(parts={"payroll/vm-00": (("node", "worker-1"),)}, caps={"per_node": 1})
    (nodes,) = paced.pacing.watches
    nodes.objects = {("", f"worker-{number}.west"): node_state(node(host=f"worker-{number}")) for number in (1, 2)}
    assert paced.at(0) == 2
    assert paced.at(2) == 2
    paced.show(0, "Scheduling", "worker-1.west")
    assert paced.at(4) == 2


def test_vms_that_ask_for_some_of_the_nodes_share_the_room_of_these() -> None:
    paced = Paced(vms=8, parts=dict.fromkeys((f"payroll/vm-{n:02}" for n in range(6)), (GPU,)), caps={"per_node": 2})
    (nodes,) = paced.pacing.watches
    nodes.objects = {("", name): node_state(node()) for name in ("worker-1", "worker-2", "worker-3")}
    nodes.objects["", "gpu-1"] = node_state(node(gpu="true"))
    paced.at(0)
    assert sorted(paced.window.in_flight) == [f"payroll/vm-{number:02}" for number in (0, 1, 6, 7)]


@pytest.mark.parametrize(
    ("asked", "parts"),
    [
        ({"gpu": "true", "disk": "fast"}, (("nodes", "disk=fast,gpu=true"),)),
        ({"gpu": "true", "kubernetes.io/hostname": "worker-1"}, (("node", "worker-1"),)),
        ({}, ()),
    ],
    ids=["some", "one", "any"],
)
def test_of_which_nodes_a_vm_is(asked: dict[str, str], parts: Any) -> None:
    vm = {"metadata": {"namespace": "payroll"}, "spec": {"template": {"spec": {"nodeSelector": asked}}}}
    plan = plan_of(startup={"caps": {"per_node": 1}})
    assert parts_by_key(plan, MemoryApi(), {"payroll/a": vm}, Workloads())["payroll/a"] == parts


def test_nodes_are_watched_only_where_they_are_limited() -> None:
    assert Paced().pacing.watches == []


def node(ready: str = "True", schedulable: str = "true", host: str = "", gpu: str = "", **spec: Any) -> dict[str, Any]:
    given = {"kubevirt.io/schedulable": schedulable, "kubernetes.io/hostname": host, "gpu": gpu}
    labels = {name: value for name, value in given.items() if value}
    return {
        "metadata": {"name": "worker-1", "labels": labels},
        "spec": spec,
        "status": {"conditions": [{"type": "Ready", "status": ready}]},
    }


@pytest.mark.parametrize(
    ("seen", "takes"),
    [
        (node(), True),
        (node(ready="Unknown"), False),
        (node(schedulable="false"), False),
        (node(unschedulable=True), False),
        ({"metadata": {"name": "new"}}, False),
    ],
    ids=["ready", "lost", "without virt-handler", "cordoned", "new"],
)
def test_which_nodes_take_vms(seen: dict[str, Any], takes: bool) -> None:
    assert node_state(seen).takes_vms is takes


@pytest.mark.parametrize(
    ("status", "where"),
    [
        ({}, ""),
        ({"activePods": {"uid": ""}}, ""),
        ({"activePods": {"uid": "worker-1"}}, "worker-1"),
        ({"nodeName": "worker-2", "activePods": {"uid": "worker-1"}}, "worker-2"),
    ],
    ids=["no pod", "not scheduled", "attaching", "running"],
)
def test_where_a_vmi_is(status: dict[str, Any], where: str) -> None:
    assert vmi_state({"metadata": {}, "status": status}).node == where


def stored(api: MemoryApi) -> dict[str, Any]:
    for name, storage_class, tier in (("db", "fast", "db"), ("log", "slow", "db"), ("web", "fast", "web")):
        meta = {"name": name, "namespace": "payroll", "labels": {"tier": tier}}
        api.create(PVC, {"metadata": meta, "spec": {"storageClassName": storage_class}})
    volumes = [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in ("db", "log", "absent")]
    template = {"spec": {"volumes": volumes, "nodeSelector": {"kubernetes.io/hostname": "worker-1"}}}
    vm = api.create(VM, {"metadata": {"name": "db", "namespace": "payroll"}, "spec": {"template": template}})
    return {"payroll/db": vm}


@pytest.mark.parametrize(
    ("caps", "parts"),
    [
        ({}, None),
        ({"per_namespace": 1}, (("namespace", "payroll"),)),
        ({"per_node": 1}, (("node", "worker-1"),)),
        ({"per_storage_class": 1}, (("storage class", "fast"), ("storage class", "slow"))),
        ({"per_group": 1}, (("group", "payroll-db"),)),
    ],
    ids=lambda value: next(iter(value), "none") if isinstance(value, dict) else "",
)
def test_a_vm_counts_in_the_parts_that_the_plan_limits(caps: dict[str, int], parts: Any) -> None:
    api = MemoryApi()
    groups = [{"name": f"payroll-{tier}", "selector": {"matchLabels": {"tier": tier}}} for tier in ("db", "web")]
    plan = plan_of(startup={"caps": caps}, replication={"provider": "nfs", "groups": groups})
    assert parts_by_key(plan, api, stored(api), Workloads()).get("payroll/db") == parts
