# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Manual VM that was asked before: what a retry, and a later round, write."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import VM
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Unreachable
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.vm import PowerRecord
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.start.startup_world import Start

MANUAL = PowerRecord("Manual", True)


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Start:
    return Start(monkeypatch)


def count_requests(start: Start) -> list[str]:
    made: list[str] = []
    put = start.api.put_subresource

    def counted(path: str, *given: Any, **more: Any) -> None:
        made.append(path)
        put(path, *given, **more)

    start.api.put_subresource = counted  # type: ignore[method-assign]
    return made


def test_p8_a_manual_vm_that_somebody_halted_since_is_left_to_them(start: Start) -> None:
    start.api.add("a", MANUAL)
    start.api.broken.add("a")
    boot = start.api.boot

    def boot_and_be_halted(name: str) -> None:
        boot(name)
        vm = start.api.get(VM, name, "payroll")
        vm["spec"]["runStrategy"] = "Halted"
        start.api.replace(VM, vm)

    start.api.boot = boot_and_be_halted  # type: ignore[method-assign]
    result = start.run(retries={"attempts": 1, "backoff": "1s"})
    assert start.api.spec("a") == {"runStrategy": "Halted"}
    assert "somebody set runStrategy: Halted" in result["failures"][0]["reason"]


def test_a_manual_vm_that_boots_is_written_once_however_many_rounds_it_takes(start: Start) -> None:
    start.api.add("a", MANUAL)
    start.api.broken.add("a")
    made = count_requests(start)
    for _round in range(5):
        start.run(round_timeout=5, readiness={"agent": True, "timeout": "10m"})
    assert (start.api.writes.count("replace VirtualMachine/payroll/a"), len(made)) == (1, 1)


def test_a_request_that_kubevirt_has_not_taken_up_is_not_made_again(start: Start) -> None:
    start.api.add("a", MANUAL, halted=False)
    vm = start.api.get(VM, "a", "payroll")
    start.api.replace(VM, vm | {"status": {"stateChangeRequests": [{"action": "Start"}]}})
    made = count_requests(start)
    start.run(round_timeout=5)
    assert made == []


def test_p5_a_request_that_a_killed_attempt_did_not_make_is_made(start: Start) -> None:
    start.api.add("a", MANUAL, halted=False)
    assert (start.run()["ready"], start.api.start_requests) == (1, ["a"])


@pytest.mark.parametrize("arrived", [True, False])
def test_a_start_request_without_an_answer_is_looked_for_and_the_strategy_not_given_back_twice(
    start: Start, arrived: bool
) -> None:
    start.api.add("a", MANUAL)
    put = start.api.put_subresource
    made: list[str] = []

    def unanswered(path: str, *given: Any, **more: Any) -> None:
        made.append(path)
        if arrived or len(made) > 1:
            put(path, *given, **more)
        if len(made) == 1:
            raise Unreachable("PUT", site="west", seen="timed out")

    start.api.put_subresource = unanswered  # type: ignore[method-assign]
    result = start.run()
    assert (result["ready"], len(made)) == (1, 1 if arrived else 2)
    # its strategy once, and its record taken off it
    assert start.api.writes.count("replace VirtualMachine/payroll/a") == 2
