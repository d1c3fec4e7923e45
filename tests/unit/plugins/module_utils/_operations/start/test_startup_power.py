# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each VM of a start comes back with its own strategy and power state (P7)."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import VM, Kind
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.vm import PowerRecord
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.start.startup_world import (
    KubeVirt,
    Start,
)


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


def test_p5_a_manual_vm_whose_request_a_killed_attempt_did_not_make_is_started(start: Start) -> None:
    start.api.add("a", PowerRecord("Manual", True), halted=False)
    assert start.run()["ready"] == 1
    assert start.api.start_requests == ["a"]


def test_p5_a_manual_vm_that_a_killed_attempt_started_is_not_an_error(start: Start) -> None:
    start.api.add("a", PowerRecord("Manual", True), halted=False)
    start.api.broken.add("a")
    start.api.boot("a")
    assert "not ready after 60 s" in start.run()["failures"][0]["reason"]


def test_the_answer_to_a_start_that_is_pending_is_no_sign_of_overload(start: Start) -> None:
    start.api.add("a", PowerRecord("Manual", True))
    start.api.held.add("a")
    start.run(round_timeout=5)
    result = start.run(round_timeout=5)
    assert (result["in_flight"], result["pace"]["slower"]) == (1, 0)


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


class Noting(KubeVirt):
    """patched: VMs in the order in which they were asked to start, or lost their record."""

    def __init__(self) -> None:
        super().__init__()
        self.patched: list[tuple[str, str]] = []

    def patch(self, kind: Kind, name: str, namespace: str, body: dict[str, Any]) -> dict[str, Any]:
        if kind == VM:
            self.patched.append(("start" if "spec" in body else "forget", name))
        return super().patch(kind, name, namespace, body)


def test_no_record_is_taken_off_while_vms_of_its_wave_wait_for_their_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each such write passes the webhooks of KubeVirt, as a start does."""
    start = Start(monkeypatch, Noting)
    for name in ("db-0", "db-1", "db-2"):
        start.api.add(name, PowerRecord("Always", True), tier="db")
    start.api.add("web-0", PowerRecord("Always", True))
    start.run(max_starting=1, waves=[{"name": "db", "selector": {"matchLabels": {"tier": "db"}}}, {"name": "rest"}])
    verbs = [verb for verb, name in start.api.patched if name != "web-0"]
    assert verbs == ["start"] * 3 + ["forget"] * 3
    assert not any(start.api.recorded(name) for name in ("db-0", "db-1", "db-2", "web-0"))
