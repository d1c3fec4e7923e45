# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts whose VMs have to answer, to hold or to please a hook before they count as ready."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import EVENT, VM, VMI, Kind
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Failed, Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.start_asked import Asked, HookOutcome
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.vm import PowerRecord
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.start.startup import start_vms
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.start.startup_world import (
    KubeVirt,
    Start,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of

HERE = "127.0.0.1"
ON = PowerRecord("Always", True)
WAVES = [{"name": "db", "selector": {"matchLabels": {"tier": "db"}}}, {"name": "rest"}]
HOOKED = [{**WAVES[0], "readiness": {"hook": {"tasks": "checks/db.yml", "timeout": "10m"}}}, WAVES[1]]


class Networked(KubeVirt):
    """Each VMI that boots has an address of this machine, unless without names it. blind: no right to events."""

    def __init__(self) -> None:
        super().__init__()
        self.without: set[str] = set()
        self.blind = False

    def create(self, kind: Kind, body: dict[str, Any]) -> dict[str, Any]:
        if kind is VMI and body["metadata"]["name"] not in self.without:
            body["status"]["interfaces"] = [{"name": "default", "ipAddress": HERE}]
        return super().create(kind, body)

    def list(self, kind: Kind, *given: Any, **named: Any) -> list[dict[str, Any]]:
        if kind is EVENT and self.blind:
            raise Failed("GET", seen="events is forbidden", status=403)
        return super().list(kind, *given, **named)

    def annotate(self, name: str, readiness: Any) -> None:
        text = json.dumps(readiness)
        self.objects[VM.kind, "payroll", name]["metadata"]["annotations"]["dr.ocpvirt.io/readiness"] = text


class Judged(Start):
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(monkeypatch)
        self.api = Networked()
        self.session.api = self.api
        # probes and delays look at the same clock
        self.api.clock = self.session.clock

    def ask(self, asked: Asked | None = None, round_timeout: int | None = None, **plan: Any) -> dict[str, Any]:
        return start_vms(plan_of(startup=plan), "r-1", round_timeout, False, asked=asked)


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Judged:
    return Judged(monkeypatch)


@pytest.fixture
def open_port() -> Iterator[int]:
    with socket.create_server((HERE, 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def closed_port() -> int:
    with socket.create_server((HERE, 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def tcp(port: int, **more: Any) -> dict[str, Any]:
    return {"readiness": {"timeout": "10m", "tcp": {"port": port}, **more}}


def test_a_vm_whose_port_answers_is_ready(start: Judged, open_port: int) -> None:
    start.api.add("db-0", ON)
    assert start.ask(**tcp(open_port, timeout="2h"))["ready"] == 1


def test_a_vm_whose_port_does_not_answer_fails_and_says_what_the_probe_saw(start: Judged, closed_port: int) -> None:
    start.api.add("db-0", ON)
    result = start.ask(**tcp(closed_port))
    assert result["not_started"] == 1
    assert f"TCP port {closed_port} of 127.0.0.1: Connection refused" in result["failures"][0]["reason"]


def test_a_vm_without_an_address_fails_and_says_so(start: Judged, open_port: int) -> None:
    start.api.add("db-0", ON)
    start.api.without.add("db-0")
    reason = start.ask(**tcp(open_port, timeout="1m"))["failures"][0]["reason"]
    assert f"TCP port {open_port}: its VMI shows no address" in reason


def test_an_annotation_takes_the_probe_off_one_vm(start: Judged, closed_port: int) -> None:
    start.api.add("db-0", ON)
    start.api.annotate("db-0", {"tcp": False})
    assert start.ask(**tcp(closed_port))["ready"] == 1


def test_p10_a_bad_annotation_is_refused_before_anything_starts(start: Judged) -> None:
    start.api.add("db-0", ON)
    start.api.annotate("db-0", {"tcp": {}})
    with pytest.raises(Refused, match=r"VirtualMachine payroll/db-0: dr\.ocpvirt\.io/readiness"):
        start.ask()
    assert start.api.running() == set()


def test_what_was_up_before_the_start_is_not_probed(start: Judged, closed_port: int) -> None:
    start.api.add("db-0", ON, halted=False)
    del start.api.objects[VM.kind, "payroll", "db-0"]["metadata"]["annotations"]["dr.ocpvirt.io/recorded"]
    start.api.boot("db-0")
    assert start.ask(**tcp(closed_port))["ready"] == 1


def test_a_vm_is_ready_when_its_delay_is_over(start: Judged) -> None:
    start.api.add("db-0", ON)
    start.ask(readiness={"delay": "3m", "timeout": "1m"})
    assert (start.api.recorded("db-0"), start.seconds >= 180) == (False, True)


def test_p5_a_delay_goes_on_through_rounds(start: Judged, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rounds are shorter than the delay; each is a process of its own."""
    moments = iter(range(0, 10_000, 25))
    start.api.add("db-0", ON)
    wall = {"now": 0.0}
    clock = start.session.clock

    def now() -> Any:
        return Moment(wall["now"])

    start.session.clock = start.api.clock = type(clock)(clock.monotonic, now, clock.sleep)
    rounds = 0
    while not start.ask(round_timeout=20, readiness={"delay": "1m"})["done"]:
        rounds += 1
        wall["now"] = float(next(moments))
        assert rounds < 10
    assert rounds > 1


@pytest.mark.parametrize("attempt", [1, 2], ids=["in the next round", "in the next attempt"])
def test_p5_what_was_ready_does_not_wait_for_its_delay_once_more(start: Judged, attempt: int) -> None:
    readiness = {"delay": "20s", "timeout": "10m"}
    for name in ("db-0", "db-1"):
        start.api.add(name, ON)
    start.api.broken.add("db-1")
    before = start.ask(round_timeout=60, readiness=readiness)["ready"]
    start.session.run = replace(start.session.run, attempt=attempt)
    assert (before, start.ask(round_timeout=8, readiness=readiness)["ready"]) == (1, 1)


class Moment:
    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def timestamp(self) -> float:
        return self._seconds


def test_a_wave_waits_for_the_hook_of_the_one_before(start: Judged) -> None:
    start.api.add("db-0", ON, tier="db")
    start.api.add("web-0", ON)
    result = start.ask(waves=HOOKED)
    assert (result["done"], start.api.running()) == (False, {"db-0"})
    assert result["waiting_hook"] == {
        "wave": "db",
        "file": "checks/db.yml",
        "timeout": 600,
        "keys": ["payroll/db-0"],
        "not_ready": [],
    }


def test_p6_the_lock_is_kept_for_as_long_as_a_hook_may_take(start: Judged) -> None:
    start.api.add("db-0", ON, tier="db")
    start.ask(waves=HOOKED)
    assert start.session.lock_seconds > 600


def test_a_hook_waits_behind_the_gate_of_its_wave_also_where_all_of_that_runs_already(start: Judged) -> None:
    start.api.add("db", ON, halted=False, tier="db")
    start.api.add("web", ON)
    start.api.boot("db")
    waves = [{**HOOKED[0], "gate": True}, HOOKED[1]]
    result = start.ask(waves=waves)
    assert (result["waiting_gate"], result["waiting_hook"], start.api.running()) == ("db", None, {"db"})
    opened = start.ask(Asked(open_gates=("db",)), waves=waves)
    assert (opened["waiting_gate"], opened["waiting_hook"]["wave"]) == ("", "db")


def test_behind_a_hook_that_passed_the_next_wave_starts(start: Judged) -> None:
    start.api.add("db-0", ON, tier="db")
    start.api.add("web-0", ON)
    start.ask(waves=HOOKED)
    result = start.ask(Asked(hook=HookOutcome("db", True)), waves=HOOKED)
    assert (result["done"], result["waiting_hook"], result["ready"]) == (True, None, 2)


def test_a_hook_that_judged_is_not_asked_again_in_later_rounds(start: Judged) -> None:
    start.api.add("db-0", ON, tier="db")
    start.ask(waves=HOOKED)
    start.ask(Asked(hook=HookOutcome("db", True)), waves=HOOKED)
    assert start.ask(waves=HOOKED)["waiting_hook"] is None


def test_p5_a_rerun_asks_a_hook_again(start: Judged) -> None:
    start.api.add("db-0", ON, tier="db")
    start.ask(waves=HOOKED)
    start.ask(Asked(hook=HookOutcome("db", True)), waves=HOOKED)
    start.session.update(attempt=2)
    assert start.ask(waves=HOOKED)["waiting_hook"]["wave"] == "db"


def test_a_hook_that_failed_is_told_and_the_start_goes_on(start: Judged) -> None:
    start.api.add("db-0", ON, tier="db")
    start.api.add("web-0", ON)
    result = start.ask(Asked(hook=HookOutcome("db", False, "no primary")), waves=HOOKED)
    assert (result["done"], result["ready"]) == (True, 2)
    assert result["failures"] == [{"wave": "db", "reason": "no primary"}]


def test_a_hook_that_failed_ends_the_start_where_the_plan_stops(start: Judged) -> None:
    start.api.add("db-0", ON, tier="db")
    start.api.add("web-0", ON)
    result = start.ask(Asked(hook=HookOutcome("db", False, "no primary")), waves=HOOKED, on_failure="stop")
    assert (result["done"], start.api.running()) == (True, {"db-0"})
    behind = {"vm": "payroll/web-0", "reason": "is behind the wave db, whose hook did not pass"}
    assert result["never_begun"] == [behind]


def test_a_hook_behind_a_closed_gate_judges_nothing(start: Judged) -> None:
    start.api.add("db-0", ON, tier="db")
    start.api.add("web-0", ON)
    first, *rest = HOOKED
    result = start.ask(Asked(), waves=[{**first, "gate": True}, *rest])
    assert (result["done"], result["waiting_hook"], result["waiting_gate"]) == (True, None, "db")
    assert {entry["reason"] for entry in result["never_begun"]} == {"waits for the gate db"}


def test_the_policy_of_a_wave_says_what_its_hook_means_for_others(start: Judged) -> None:
    start.api.add("db-0", ON, tier="db")
    start.api.add("web-0", ON)
    first, *rest = HOOKED
    judged = Asked(hook=HookOutcome("db", False, "no primary"))
    start.ask(judged, waves=[{**first, "on_failure": "stop"}, *rest])
    assert start.api.running() == {"db-0"}


def test_no_hook_holds_up_what_is_given_back_to_the_source(start: Judged) -> None:
    start.session.target = "elsewhere"
    start.session.source_api = start.api
    start.api.add("db-0", ON, tier="db")
    plan = plan_of(startup={"waves": HOOKED})
    assert start_vms(plan, "r-1", None, False, "west")["done"] is True


def test_a_retry_starts_only_what_it_names_and_counts_the_others(start: Judged) -> None:
    for name in ("a", "b", "c"):
        start.api.add(name, ON)
    result = start.ask(Asked(only=("payroll/b",)))
    assert (start.api.running(), result["total"], result["ready"], result["left_out"]) == ({"b"}, 3, 1, 2)


def test_a_retry_writes_nothing_of_what_it_does_not_name(start: Judged) -> None:
    start.api.add("a", ON)
    start.api.add("off", PowerRecord("Manual", False))
    before = start.api.spec("off")
    start.ask(Asked(only=("payroll/a",)))
    assert (start.api.spec("off"), start.api.recorded("off")) == (before, True)


def test_a_retry_in_the_same_attempt_tries_what_failed_in_it(start: Judged) -> None:
    start.api.add("a", ON)
    start.api.broken.add("a")
    start.ask(readiness={"timeout": "1m"})
    start.api.broken.clear()
    del start.api.objects[VMI.kind, "payroll", "a"]
    start.api.boot("a")
    assert start.ask(Asked(only=("payroll/a",)))["ready"] == 1


def test_a_failure_comes_with_its_warnings_and_the_command_for_a_retry(start: Judged) -> None:
    start.api.add("a", ON)
    start.api.broken.add("a")
    about = {"kind": "Pod", "name": "virt-launcher-a-x7x2p"}
    start.api.create(
        EVENT,
        {
            "metadata": {"name": "a.1", "namespace": "payroll"},
            "type": "Warning",
            "reason": "FailedScheduling",
            "message": "0/3 nodes",
            "involvedObject": about,
        },
    )
    result = start.ask(Asked(plan_file="plan.yml"), readiness={"timeout": "1m"})
    assert result["failures"][0]["events"] == ["FailedScheduling on Pod/virt-launcher-a-x7x2p: 0/3 nodes"]
    assert result["retry"].endswith("""dr_plan=plan.yml -e dr_target=west -e '{"dr_only": ["payroll/a"]}'""")


def test_p10_a_failure_is_told_without_the_right_to_read_events(start: Judged) -> None:
    start.api.add("a", ON)
    start.api.broken.add("a")
    start.api.blind = True
    result = start.ask(readiness={"timeout": "1m"})
    assert result["failures"][0]["events"] == ["could not be read: events is forbidden"]


def test_what_an_earlier_round_saw_of_a_failure_is_in_the_last_result(start: Judged) -> None:
    start.api.add("a", ON)
    start.api.add("b", ON)
    start.api.broken |= {"a", "b"}
    while not (result := start.ask(round_timeout=10, readiness={"timeout": "1m"}, max_starting=1))["done"]:
        pass
    assert [failure["phase"] for failure in result["failures"]] == ["Scheduling", "Scheduling"]


def test_a_start_that_is_checked_shows_only_what_a_retry_would_start(start: Judged) -> None:
    start.api.add("a", ON)
    start.api.add("b", ON)
    plan = plan_of()
    result = start_vms(plan, "r-1", None, True, asked=Asked(only=("payroll/a",)))
    assert result["waves"] == [{"name": "rest, priority 3", "vms": 1}]


def test_a_retry_counts_the_others_that_are_up(start: Judged) -> None:
    for name in ("a", "b"):
        start.api.add(name, ON)
    start.ask(Asked(only=("payroll/a",)))
    result = start.ask(Asked(only=("payroll/b",)))
    assert (result["ready"], result["left_out"]) == (2, 0)


def test_a_retry_does_not_start_what_needs_one_that_is_not_up(start: Judged) -> None:
    start.api.add("db", ON)
    start.api.add("app", ON)
    start.api.objects[VM.kind, "payroll", "app"]["metadata"]["annotations"]["dr.ocpvirt.io/depends-on"] = "db"
    result = start.ask(Asked(only=("payroll/app",)))
    assert start.api.running() == set()
    assert "it needs payroll/db, which is not up and not in dr_only" in result["failures"][0]["reason"]


def test_no_hook_is_asked_after_a_failure_of_another_wave_that_ends_the_start(start: Judged) -> None:
    start.api.add("db-0", ON, tier="db")
    start.api.add("web-0", ON)
    start.api.broken.add("db-0")
    waves = [{**WAVES[0], "on_failure": "stop"}, {"name": "rest", "readiness": {"hook": "web.yml"}}]
    result = start.ask(waves=waves, readiness={"timeout": "1m"})
    assert (result["waiting_hook"], result["done"]) == (None, True)


def test_what_is_behind_a_hook_may_need_what_is_before_it(start: Judged) -> None:
    start.api.add("db", ON, tier="db")
    start.api.add("app", ON)
    start.api.objects[VM.kind, "payroll", "app"]["metadata"]["annotations"]["dr.ocpvirt.io/depends-on"] = "db"
    assert start.ask(waves=HOOKED)["waiting_hook"]["keys"] == ["payroll/db"]
    assert start.ask(Asked(hook=HookOutcome("db", True)), waves=HOOKED)["ready"] == 2
