# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import CONFIG_MAP, VM, VMI, Kind
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict, Failed, Refused, Unreachable
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.vm import PowerRecord
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.vmi_state import vmi_state
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.start import starter, startup
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.start.budget import claims_of
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.start.startup import start_vms
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import (
    MemoryApi,
    MemorySession,
    plan_of,
)

RECORDED = "dr.ocpvirt.io/recorded"
POOL = Kind("pool.kubevirt.io", "v1beta1", "virtualmachinepools", "VirtualMachinePool")
ON = {"Ready": "True", "AgentConnected": "True"}


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
    """VMs that run as soon as their strategy, or a start request, says so. broken: those that never get ready."""

    def __init__(self) -> None:
        super().__init__()
        self.broken: set[str] = set()
        self.denied: set[str] = set()
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
        if vm["spec"].get("running") or vm["spec"].get("runStrategy") in ("Always", "RerunOnFailure", "Once"):
            self.boot(name)
        return patched

    def put_subresource(self, path: str, body: dict[str, Any], on: str) -> None:
        name, verb = path.split("/")[-2:]
        assert (verb, body) == ("start", {})
        if self.find(VMI, name, "payroll"):
            raise Conflict("PUT", on=on, seen="VM is already running", status=409)
        if self.spec(name) != {"runStrategy": "Manual"}:
            raise Conflict("PUT", on=on, seen="Halted does not support manual start requests", status=409)
        self.start_requests.append(name)
        self.boot(name)

    def boot(self, name: str) -> None:
        if self.find(VMI, name, "payroll"):
            return
        broken = {"Ready": "False", "AgentConnected": "False"}
        stored = self.create(VMI, vmi(name, "Scheduling", broken) if name in self.broken else vmi(name))
        with self._changed:
            self._events.append((int(stored["metadata"]["resourceVersion"]), stored))
            self._changed.notify_all()

    def list_with_version(
        self, kind: Kind, namespace: str | None, _labels: str | None, keep: Callable[[dict[str, Any]], Any]
    ) -> tuple[list[Any], str]:
        with self._lock:
            self._seen = self._version
            return self.list(kind, namespace, keep=keep), str(self._version)

    def watch(
        self, _kind: Kind, version: str, _seconds: float, _namespace: str | None, _labels: str | None
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        with self._changed:
            self._changed.wait_for(lambda: self._after(int(version)), timeout=0.05)
        for number, item in self._after(int(version)):
            yield "ADDED", item
            self._seen = max(self._seen, number)

    def _after(self, version: int) -> list[tuple[int, dict[str, Any]]]:
        return [event for event in self._events if event[0] > version]


class Start:
    """A start at west, and what the run's record and the cluster show of it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.api = KubeVirt()
        self.session = MemorySession(self.api)
        self.seconds = 0.0
        self.sites: dict[str, dict[str, Any]] = {site: {"kubeconfig": f"{site}.yml"} for site in ("east", "west")}
        self.session.clock = replace(self.api.clock, monotonic=self._look_at_the_clock)
        monkeypatch.setattr(startup, "Session", self.session)
        monkeypatch.setattr(startup, "check_may_start", lambda _session, _site: 1)
        monkeypatch.setattr(starter, "TICK", 0.002)

    def _look_at_the_clock(self) -> float:
        """Time passes with each look, but not while an event is on its way: a slow machine makes no difference."""
        if self.api.settled():
            self.seconds += 0.5
        return self.seconds

    def run(self, round_timeout: int | None = None, check_mode: bool = False, **plan: Any) -> dict[str, Any]:
        readiness = {"readiness": {"agent": True, "timeout": "1m"}}
        planned = plan_of(sites=self.sites, startup={**readiness, **plan})
        return start_vms(planned, "r-1", round_timeout, check_mode)


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Start:
    return Start(monkeypatch)


@pytest.mark.parametrize(
    ("power", "spec"),
    [
        (PowerRecord("Always", True), {"runStrategy": "Always"}),
        (PowerRecord("RerunOnFailure", True), {"runStrategy": "RerunOnFailure"}),
        (PowerRecord("Manual", True), {"runStrategy": "Manual"}),
        (PowerRecord("Always", True, running_field=True), {"running": True}),
    ],
    ids=lambda value: getattr(value, "run_strategy", ""),
)
def test_p7_what_ran_runs_again_under_its_own_strategy(start: Start, power, spec) -> None:
    start.api.add("db-0", power)
    assert start.run()["ready"] == 1
    assert (start.api.running(), start.api.spec("db-0"), start.api.recorded("db-0")) == ({"db-0"}, spec, False)


def test_p7_a_running_manual_vm_is_started_by_one_request(start: Start) -> None:
    start.api.add("db-0", PowerRecord("Manual", True))
    start.run()
    assert start.api.start_requests == ["db-0"]


@pytest.mark.parametrize(
    ("power", "spec", "recorded"),
    [
        (PowerRecord("Halted", False), {"runStrategy": "Halted"}, False),
        (PowerRecord("Manual", False), {"runStrategy": "Manual"}, False),
        # it would start if it got its strategy back
        (PowerRecord("RerunOnFailure", False), {"runStrategy": "Halted"}, True),
        (PowerRecord("Halted", False, running_field=True), {"running": False}, False),
    ],
    ids=lambda value: getattr(value, "run_strategy", ""),
)
def test_p7_what_was_off_stays_off(start: Start, power, spec, recorded) -> None:
    start.api.add("db-0", power)
    result = start.run()
    assert (result["total"], result["stays_off"], start.api.running()) == (0, 1, set())
    assert (start.api.spec("db-0"), start.api.recorded("db-0")) == (spec, recorded)


def test_p7_a_manual_vm_that_ran_and_is_annotated_to_stay_off_keeps_its_record(start: Start) -> None:
    start.api.add("db-0", PowerRecord("Manual", True))
    start.api.objects["VirtualMachine", "payroll", "db-0"]["metadata"]["annotations"]["dr.ocpvirt.io/start"] = "never"
    start.run()
    assert (start.api.spec("db-0"), start.api.recorded("db-0")) == ({"runStrategy": "Halted"}, True)


def test_waves_start_one_after_the_other(start: Start) -> None:
    start.api.add("app", PowerRecord("Always", True), tier="app")
    start.api.add("db", PowerRecord("Always", True), tier="db")
    start.run(waves=[{"name": "databases", "selector": {"matchLabels": {"tier": "db"}}}, {"name": "rest"}])
    created = [write for write in start.api.writes if write.startswith("create VirtualMachineInstance")]
    assert [write.rpartition("/")[2] for write in created] == ["db", "app"]


def test_never_more_in_flight_than_the_plan_allows(start: Start) -> None:
    for number in range(30):
        start.api.add(f"vm-{number:02}", PowerRecord("Always", True))
    result = start.run(max_starting=4)
    assert (result["ready"], result["peak_in_flight"]) == (30, 4)


def test_never_more_in_flight_than_the_budget_of_the_site(start: Start) -> None:
    start.sites["west"]["max_starting"] = 3
    for number in range(12):
        start.api.add(f"vm-{number:02}", PowerRecord("Always", True))
    result = start.run(max_starting=4)
    assert (result["ready"], result["peak_in_flight"]) == (12, 3)


def test_a_start_that_is_done_leaves_the_budget_to_others(start: Start) -> None:
    start.sites["west"]["max_starting"] = 3
    start.api.add("a", PowerRecord("Always", True))
    start.run()
    claims = claims_of(start.api.find(CONFIG_MAP, "start-budget", "ocpvirt-dr"))
    assert (claims["payroll"].active, claims["payroll"].grant, claims["payroll"].budget) == (False, 0, 3)


def test_a_round_that_is_over_keeps_its_part_of_the_budget(start: Start) -> None:
    start.sites["west"]["max_starting"] = 3
    start.api.add("a", PowerRecord("Always", True))
    start.api.broken.add("a")
    assert not start.run(round_timeout=5)["done"]
    assert claims_of(start.api.find(CONFIG_MAP, "start-budget", "ocpvirt-dr"))["payroll"].grant == 1


def test_a_vm_that_does_not_get_ready_is_reported_and_the_others_start(start: Start) -> None:
    for name in ("a", "b", "c"):
        start.api.add(name, PowerRecord("Always", True))
    start.api.broken.add("a")
    result = start.run(max_starting=1)
    assert (result["ready"], result["not_started"], result["done"]) == (2, 1, True)
    assert [(failure["vm"], failure["reason"]) for failure in result["failures"]] == [
        (
            "payroll/a",
            "not ready after 60 s, asked 2 times; VM unknown, VMI Scheduling: Ready is False; AgentConnected is False",
        )
    ]


def test_a_vm_that_cannot_be_written_is_reported_and_the_others_start(start: Start) -> None:
    for name in ("a", "b"):
        start.api.add(name, PowerRecord("Always", True))
    start.api.denied.add("a")
    result = start.run()
    assert (start.api.running(), result["not_started"]) == ({"b"}, 1)
    assert "a webhook is down" in result["failures"][0]["reason"]


def test_a_round_ends_in_time_and_the_next_goes_on(start: Start) -> None:
    for name in ("a", "b"):
        start.api.add(name, PowerRecord("Always", True))
    start.api.broken.add("a")
    first = start.run(round_timeout=10)
    assert (first["done"], first["in_flight"]) == (False, 1)
    last = first
    while not last["done"]:
        last = start.run(round_timeout=10)
    assert (last["ready"], last["not_started"]) == (1, 1)


def test_the_reason_of_a_failure_is_told_once_however_many_rounds_follow(start: Start) -> None:
    for name in ("a", "b"):
        start.api.add(name, PowerRecord("Always", True))
    start.api.broken |= {"a", "b"}
    start.api.denied.add("a")
    while not (result := start.run(round_timeout=10))["done"]:
        pass
    assert [failure["reason"].count("VMI ") for failure in result["failures"]] == [1, 1]


def test_p5_a_start_that_is_done_changes_nothing_when_it_is_run_again(start: Start) -> None:
    start.api.add("a", PowerRecord("Always", True))
    start.api.add("b", PowerRecord("Manual", False))
    start.run()
    before = list(start.api.writes)
    result = start.run()
    assert (result["changed"], start.api.writes) == (False, before)


def test_p5_what_a_killed_attempt_asked_to_start_is_not_asked_again(start: Start) -> None:
    start.api.add("a", PowerRecord("Always", True), halted=False)
    start.api.boot("a")
    assert start.run()["ready"] == 1
    assert [write for write in start.api.writes if "Instance" in write] == ["create VirtualMachineInstance/payroll/a"]


def test_p5_a_manual_vm_whose_request_a_killed_attempt_did_not_make_is_started(start: Start) -> None:
    start.api.add("a", PowerRecord("Manual", True), halted=False)
    assert start.run()["ready"] == 1
    assert start.api.start_requests == ["a"]


def test_p5_a_manual_vm_that_a_killed_attempt_started_is_not_an_error(start: Start) -> None:
    start.api.add("a", PowerRecord("Manual", True), halted=False)
    start.api.broken.add("a")
    start.api.boot("a")
    assert "not ready after 60 s" in start.run()["failures"][0]["reason"]


def test_p5_nothing_is_started_without_the_lock(start: Start) -> None:
    start.api.add("a", PowerRecord("Always", True))
    start.session.lock_holds = 0
    with pytest.raises(Refused):
        start.run()
    assert start.api.running() == set()


def test_p1_nothing_is_started_when_the_guard_refuses(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_session: object, _site: str) -> None:
        raise Refused("start VMs", seen="the source was not declared lost")

    start.api.add("a", PowerRecord("Always", True))
    monkeypatch.setattr(startup, "check_may_start", refuse)
    with pytest.raises(Refused):
        start.run()
    assert start.api.running() == set()


def test_p9_check_mode_shows_the_waves_and_writes_nothing(start: Start) -> None:
    start.api.add("a", PowerRecord("Always", True))
    before = list(start.api.writes)
    result = start.run(check_mode=True)
    assert (result["changed"], result["waves"]) == (True, [{"name": "rest, priority 3", "vms": 1}])
    assert start.api.writes == before


@pytest.mark.parametrize(
    ("seen", "agent", "up"),
    [
        (vmi("a"), True, True),
        (vmi("a", conditions={"Ready": "True"}), True, False),
        (vmi("a", conditions={"Ready": "True"}), False, True),
        (vmi("a", conditions={"Ready": "False", "AgentConnected": "True"}), False, False),
        (vmi("a", phase="Scheduled"), False, False),
        (vmi("a", deletionTimestamp="2026-03-01T12:00:00Z"), False, False),
        ({"metadata": {}}, False, False),
    ],
    ids=["up", "no agent", "agent not wanted", "not ready", "not running", "going away", "new"],
)
def test_when_a_vm_counts_as_up(seen, agent, up) -> None:
    assert vmi_state(seen).is_up(agent) is up


def add_pool(start: Start) -> None:
    owner = {"apiVersion": "pool.kubevirt.io/v1beta1", "kind": "VirtualMachinePool", "name": "web", "controller": True}
    vm = start.api.get(VM, "a", "payroll")
    vm["metadata"]["ownerReferences"] = [owner]
    start.api.replace(VM, vm)
    meta = {"name": "web", "namespace": "payroll", "annotations": {"dr.ocpvirt.io/paused-pool": "null"}}
    start.api.create(POOL, {"metadata": meta, "spec": {"paused": True, "template": {}}})


@pytest.mark.parametrize("broken", [False, True])
def test_p7_a_pool_is_given_back_once_all_of_its_vms_run(start: Start, broken: bool) -> None:
    start.api.add("a", PowerRecord("Always", True))
    add_pool(start)
    if broken:
        start.api.broken.add("a")
    start.run()
    assert bool(start.api.get(POOL, "web", "payroll")["spec"].get("paused")) is broken


def test_p9_check_mode_of_a_start_in_place_asks_the_guard_too(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_session: object, _site: str) -> None:
        raise Refused("start VMs", seen="role secondary")

    monkeypatch.setattr(startup, "check_may_start", refuse)
    start.session.run = replace(start.session.run, operation="start")
    with pytest.raises(Refused, match="role secondary"):
        start.run(check_mode=True)


def test_p7_what_a_person_stops_while_it_starts_is_not_started_by_the_next_round(start: Start) -> None:
    start.api.add("a", PowerRecord("Always", True))
    start.api.broken.add("a")
    assert not start.run(round_timeout=5)["done"]
    vm = start.api.get(VM, "a", "payroll")
    vm["spec"]["runStrategy"] = "Halted"
    start.api.replace(VM, vm)
    result = start.run(round_timeout=5)
    assert [failure["reason"].partition(";")[0] for failure in result["failures"]] == [
        "somebody stopped it while it started"
    ]
    assert start.api.get(VM, "a", "payroll")["spec"]["runStrategy"] == "Halted"


class Unseen(KubeVirt):
    """From the first request on neither a watch nor a list has an answer."""

    blind = False

    def settled(self) -> bool:
        return self.blind or super().settled()

    def patch(self, kind: Kind, name: str, namespace: str, body: dict[str, Any]) -> dict[str, Any]:
        self.blind = True
        return super().patch(kind, name, namespace, body)

    def list_with_version(self, *arguments: Any, **named: Any) -> tuple[list[Any], str]:
        if self.blind:
            raise Unreachable("list", seen="connection refused")
        return super().list_with_version(*arguments, **named)

    def watch(self, *arguments: Any) -> Iterator[tuple[str, dict[str, Any]]]:
        for event in super().watch(*arguments):
            if self.blind:
                raise Unreachable("watch", seen="connection refused")
            yield event
        if self.blind:
            raise Unreachable("watch", seen="connection refused")


def test_p1_what_cannot_be_seen_is_not_late_and_frees_no_slot(start: Start) -> None:
    start.api.__class__ = Unseen
    for name in "abcdef":
        start.api.add(name, PowerRecord("Always", True))
    result = start.run(round_timeout=700, max_starting=2, readiness={"agent": True, "timeout": "4m"})
    assert (result["in_flight"], result["failures"], len(start.api.running())) == (2, [], 2)


def test_boot_times_of_all_rounds_are_recorded_for_the_next_forecast(start: Start) -> None:
    start.session.record["startup"] = {"started": {"x": [0.0, 40.0], "y": [1.0, 50.0]}}
    start.api.add("a", PowerRecord("Always", True))
    start.run()
    boots = start.session.summary["boots"]
    assert (boots["count"], boots["median"], boots["p90"]) == (3, 40.0, 50.0)
    assert start.session.record["startup"]["started"].keys() == {"x", "y", "payroll/a"}


def test_what_got_ready_between_two_rounds_is_timed_by_the_second(start: Start) -> None:
    start.api.add("a", PowerRecord("Always", True))
    start.api.broken.add("a")
    assert not start.run(round_timeout=5)["done"]
    start.api.delete(VMI, "a", "payroll")
    start.api.broken.clear()
    start.api.boot("a")
    start.run(round_timeout=5)
    _asked, seconds = start.session.record["startup"]["started"]["payroll/a"]
    assert seconds >= 5


def test_the_curve_of_a_start_ends_with_nothing_in_flight_and_names_the_cap(start: Start) -> None:
    for name in "abc":
        start.api.add(name, PowerRecord("Always", True))
    start.run(max_starting=2)
    curve = start.session.record["startup"]["curve"]
    assert (curve["cap"], max(point[1] for point in curve["points"]), curve["points"][-1][1]) == (2, 2, 0)


def test_a_start_that_found_everything_up_records_no_boot_times(start: Start) -> None:
    start.api.add("a", PowerRecord("Always", True), halted=False)
    start.api.boot("a")
    start.run()
    assert start.session.summary["boots"] == {}
