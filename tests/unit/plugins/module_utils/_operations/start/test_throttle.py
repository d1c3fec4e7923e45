# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a start does at its limits, and when it is killed there: pace, caps, retries, and what is on its way out."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import VM, VMI, Kind
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import NotFound
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.vm import PowerRecord
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.start import memory as start_memory
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.start.pacing import Pacing
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.start.startup_world import Start

ON = PowerRecord("Always", True)
SOON = 5.0


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Start:
    return Start(monkeypatch)


def asked(start: Start) -> list[str]:
    """Names in the order in which their VMIs came."""
    writes = [write for write in start.api.writes if write.startswith("create VirtualMachineInstance")]
    return [write.rpartition("/")[2] for write in writes]


def reason(result: dict[str, Any]) -> str:
    (failure,) = result["failures"]
    return str(failure["reason"])


def test_a_slot_is_refilled_while_another_request_is_still_on_its_way(start: Start) -> None:
    for name in ("a", "b", "slow", "x"):
        start.api.add(name, ON)
    patch, held = start.api.patch, threading.Event()

    def patched(kind: Kind, name: str, namespace: str, body: dict[str, Any]) -> dict[str, Any]:
        if name == "slow" and "spec" in body:
            assert held.wait(SOON), "the others waited for it"
        elif name == "x" and "spec" in body:
            held.set()
        return patch(kind, name, namespace, body)

    start.api.patch = patched
    assert start.run(max_starting=3)["ready"] == 4


def test_two_writes_are_made_for_each_vm(start: Start) -> None:
    for number in range(20):
        start.api.add(f"vm-{number:02}", ON)
    before = len(start.api.writes)
    start.run(max_starting=5)
    ours = [write for write in start.api.writes[before:] if "Instance" not in write]
    assert len(ours) == 40


def test_a_storage_class_has_a_limit_of_its_own(start: Start) -> None:
    for number in range(6):
        start.api.add(f"vm-{number}", ON)
    result = start.run(max_starting=6, caps={"per_namespace": 2})
    assert (result["ready"], result["peak_in_flight"]) == (6, 2)


def test_the_pace_is_counted_in_the_result_and_said_in_the_progress(start: Start) -> None:
    start.api.add("a", ON)
    start.api.traffic.note(503, 0.1)
    result = start.run(max_starting=10)
    assert result["pace"] == {"limit": 5, "lowest": 5, "slower": 1, "faster": 0}
    assert any("pace 5 of 10: 1 requests failed" in str(line) for line in start.session.lines)


def test_a_delay_after_readiness_is_no_boot_time_to_the_pace(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    # the delay looks at the same clock
    start.api.clock = start.session.clock
    start.api.add("a", ON)
    seen: list[float] = []
    monkeypatch.setattr(Pacing, "booted", lambda _pacing, _asked, seconds: seen.append(seconds))
    start.run(readiness={"delay": "30s"})
    _asked, seconds = start.session.record["startup"]["started"]["payroll/a"]
    assert seen == [pytest.approx(seconds - 30)]


def test_p5_the_next_attempt_goes_on_at_the_pace_of_the_last(start: Start) -> None:
    start.api.add("a", ON)
    start.api.broken.add("a")
    start.api.traffic.note(503, 0.1)
    start.run(round_timeout=2, max_starting=10)
    start.session.run = replace(start.session.run, attempt=2)
    assert start.run(round_timeout=1, max_starting=10)["pace"]["limit"] == 5


def test_p5_what_is_in_flight_is_kept_for_whoever_goes_on_after_a_kill(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    start.api.add("a", ON)
    start.api.broken.add("a")
    monkeypatch.setattr(start_memory, "KEEP_EVERY", 5.0)
    kept: list[Any] = []
    put = start.session.put

    def keep(topic: str, document: Any) -> None:
        kept.append(document)
        put(topic, document)

    start.session.put = keep
    start.run()
    assert any("payroll/a" in document["asked"] for document in kept)


def test_p5_a_vm_that_waited_in_vain_gets_its_whole_time_in_the_next_attempt(start: Start) -> None:
    start.api.add("a", ON)
    start.api.broken.add("a")
    start.run()
    start.session.run = replace(start.session.run, attempt=2)
    assert start.run(round_timeout=10)["in_flight"] == 1


def test_p5_a_vm_that_rests_between_two_rounds_is_tried_again_once(start: Start) -> None:
    start.api.add("a", ON)
    start.api.broken.add("a")
    rounds = 0
    while not (result := start.run(round_timeout=8, retries={"attempts": 1, "backoff": "20s"}))["done"]:
        rounds += 1
    assert rounds > 4
    assert "asked 2 times" in reason(result)


def test_a_vm_that_failed_is_asked_only_as_often_as_the_plan_says(start: Start) -> None:
    start.api.add("a", ON)
    start.api.broken.add("a")
    result = start.run(retries={"attempts": 0})
    assert (result["retried"], "asked" in reason(result)) == (0, False)


def test_p8_a_vm_that_somebody_halted_meanwhile_is_left_to_them(start: Start) -> None:
    start.api.add("a", ON)
    start.api.broken.add("a")
    boot = start.api.boot

    def halted(name: str) -> None:
        boot(name)
        start.api.objects["VirtualMachine", "payroll", name]["spec"]["runStrategy"] = "Halted"

    start.api.boot = halted
    assert "somebody set runStrategy: Halted since it was started" in reason(start.run())
    assert start.api.spec("a") == {"runStrategy": "Halted"}


def test_a_vm_that_somebody_deleted_meanwhile_is_reported_and_the_others_start(start: Start) -> None:
    for name in ("a", "b"):
        start.api.add(name, ON)
    start.api.broken.add("a")
    boot = start.api.boot

    def deleted(name: str) -> None:
        boot(name)
        if name == "a":
            start.api.delete(VM, name, "payroll")

    start.api.boot = deleted
    result = start.run()
    assert (result["ready"], "404" in reason(result)) == (1, True)


def test_a_vm_that_is_deleted_when_it_is_up_is_no_error(start: Start) -> None:
    start.api.add("a", ON)
    patch = start.api.patch

    def patched(kind: Kind, name: str, namespace: str, body: dict[str, Any]) -> dict[str, Any]:
        if "spec" not in body:
            raise NotFound("PATCH", on=name, status=404)
        return patch(kind, name, namespace, body)

    start.api.patch = patched
    assert start.run()["ready"] == 1


def test_p5_a_lock_that_is_lost_ends_the_start(start: Start) -> None:
    start.api.add("a", ON)
    start.session.lock_holds = 0
    with pytest.raises(Exception, match="another attempt holds the lock"):
        start.run()
    assert asked(start) == []


def test_a_vm_that_somebody_else_starts_takes_a_slot(start: Start) -> None:
    for name in ("a", "b", "c", "z-by-hand"):
        start.api.add(name, ON)
    start.api.broken |= {"a", "z-by-hand"}
    patch, at = start.api.patch, {}

    def patched(kind: Kind, name: str, namespace: str, body: dict[str, Any]) -> dict[str, Any]:
        at.setdefault(name, start.seconds)
        if name == "a":
            start.api.boot("z-by-hand")
        return patch(kind, name, namespace, body)

    start.api.patch = patched
    start.run(max_starting=2)
    # until one of the two that never get ready was given up
    assert at["c"] - at["a"] >= 60


def by_hand(start: Start, name: str) -> None:
    """As `virtctl start` does with one that is Halted, whatever it was before."""
    vm = start.api.get(VM, name, "payroll")
    vm["spec"]["runStrategy"] = "Always"
    start.api.replace(VM, vm)
    start.api.boot(name)


def test_a_vm_that_somebody_starts_between_two_rounds_takes_a_slot(start: Start) -> None:
    start.api.add("a", ON)
    start.api.add("b", PowerRecord("RerunOnFailure", True))
    start.api.broken |= {"a", "b"}
    assert start.run(round_timeout=5, max_starting=1)["in_flight"] == 1
    by_hand(start, "b")
    assert start.run(round_timeout=5, max_starting=1)["in_flight"] == 2


def test_a_vm_that_somebody_sets_to_manual_and_starts_between_two_rounds_takes_a_slot(start: Start) -> None:
    for name in ("a", "b"):
        start.api.add(name, ON)
    start.api.broken |= {"a", "b"}
    start.run(round_timeout=5, max_starting=1)
    vm = start.api.get(VM, "b", "payroll")
    start.api.replace(VM, vm | {"spec": {**vm["spec"], "runStrategy": "Manual"}, "status": {"ready": True}})
    start.api.boot("b")
    assert start.run(round_timeout=5, max_starting=1)["in_flight"] == 2


def test_a_vm_that_somebody_starts_anew_with_another_strategy_was_not_stopped(start: Start) -> None:
    start.api.add("a", PowerRecord("RerunOnFailure", True))
    start.api.broken.add("a")
    start.run(round_timeout=5)
    by_hand(start, "a")
    result = start.run(round_timeout=5)
    assert (result["in_flight"], result["failures"]) == (1, [])


@pytest.mark.parametrize("at", ["first look", "later"])
def test_a_vmi_that_is_on_its_way_out_takes_no_slot(start: Start, at: str) -> None:
    """A rollback may start a VM again while its guest still shuts down."""
    for name in ("a", "b"):
        start.api.add(name, ON)
    start.api.broken |= {"a", "b"}
    patch = start.api.patch

    def patched(kind: Kind, name: str, namespace: str, body: dict[str, Any]) -> dict[str, Any]:
        if at == "later":
            start.api.leave("b")
        return patch(kind, name, namespace, body)

    start.api.patch = patched
    if at == "first look":
        start.api.leave("b")
    assert start.run(round_timeout=5, max_starting=1)["in_flight"] == 1


def test_what_got_ready_and_is_off_again_in_the_next_round_holds_up_nothing_that_needs_it(start: Start) -> None:
    start.api.add("db", PowerRecord("Manual", True), tier="db")
    for name in ("app-0", "app-1"):
        start.api.add(name, ON)
        vm = start.api.get(VM, name, "payroll")
        vm["metadata"]["annotations"]["dr.ocpvirt.io/depends-on"] = "db"
        start.api.replace(VM, vm)
    start.api.broken.add("app-0")
    waves = [{"name": "db", "selector": {"matchLabels": {"tier": "db"}}}, {"name": "rest"}]
    assert start.run(round_timeout=5, max_starting=1, waves=waves)["ready"] == 1
    # its node was lost
    start.api.delete(VMI, "db", "payroll")
    start.api.broken.clear()
    start.api.delete(VMI, "app-0", "payroll")
    start.api.boot("app-0")
    result = start.run(max_starting=1, waves=waves)
    assert (result["done"], result["ready"], result["failures"]) == (True, 2, [])
