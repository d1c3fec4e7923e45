# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site that hangs when its budget is asked for: the start goes on beside the look, with what it has."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import CONFIG_MAP, VM, Kind
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import DrError, Failed, Unreachable
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.vm import PowerRecord
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.start import budget as budget_file
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.start.budget import SiteBudget, claims_of
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.budget import Claim
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.start.startup_world import (
    KubeVirt,
    Start,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import (
    MemoryApi,
    MemorySession,
    SimulatedTime,
    plan_of,
)

# real seconds, after which a test fails that waits for what does not come
PATIENCE = 10
ON = PowerRecord("Always", True)


class Hanging(MemoryApi):
    """Answers whoever looks at the budget only once it may. error: its answer then."""

    error: DrError | None = None

    def __init__(self, site: str, time: SimulatedTime) -> None:
        super().__init__(site, time.clock())
        self.answers, self.writes_end = threading.Event(), threading.Event()
        self.answers.set()
        self.writes_end.set()

    def patch(self, kind: Kind, name: str, namespace: str | None, body: dict[str, Any]) -> dict[str, Any]:
        assert self.writes_end.wait(PATIENCE), "nobody let it end"
        return super().patch(kind, name, namespace, body)

    def find(self, kind: Kind, name: str, namespace: str | None = None) -> dict[str, Any] | None:
        if kind == CONFIG_MAP:
            assert self.answers.wait(PATIENCE), "nobody let it answer"
            if self.error is not None:
                raise self.error
        return super().find(kind, name, namespace)


class Late:
    """A start with 8 places, whose next look gets no answer for now."""

    def __init__(self) -> None:
        self.time = SimulatedTime()
        self.api = Hanging("west", self.time)
        self.session = MemorySession(self.api, plan_of(name="payroll"))
        self.budget = SiteBudget(self.session, self.api, 8, 3)
        self.budget.update(0, 50)
        self.api.answers.clear()
        self.time.sleep(10)

    def claim_for_another(self) -> None:
        claim = Claim(3, 8, 40, 360, holder="payslip-west#1", need=50, grant=0, renewed=1)
        self.api.objects["ConfigMap", "ocpvirt-dr", "start-budget"]["data"]["payslip"] = json.dumps(claim.as_dict())

    def answer(self) -> None:
        self.api.answers.set()
        end_calls()

    def grants(self) -> dict[str, int]:
        claims = claims_of(MemoryApi.find(self.api, CONFIG_MAP, "start-budget", "ocpvirt-dr"))
        return {plan: claim.grant for plan, claim in claims.items() if claim.active}


def end_calls() -> None:
    """What is asked beside the start has its answer."""
    for thread in threading.enumerate():
        if thread.name == "budget":
            thread.join(PATIENCE)


@pytest.fixture
def late(monkeypatch: pytest.MonkeyPatch) -> Iterator[Late]:
    monkeypatch.setattr(budget_file, "STANDS_STILL", 0.01)
    late = Late()
    yield late
    late.api.answers.set()
    late.api.writes_end.set()


def test_a_look_without_an_answer_is_not_waited_for_and_is_told(late: Late) -> None:
    late.budget.update(5, 45)
    assert late.budget.note == "the budget of west, which gives no answer"


def test_while_an_answer_is_late_the_last_share_holds(late: Late) -> None:
    assert [late.budget.update(in_flight, 45) for in_flight in (0, 8, 3)] == [8, 8, 8]


def test_p1_a_late_answer_claims_what_may_be_in_flight_by_then(late: Late) -> None:
    """The part of another plan that came meanwhile is given up by the look after it."""
    late.budget.update(0, 50)
    late.claim_for_another()
    late.answer()
    assert (late.budget.update(8, 42), late.grants()["payroll"]) == (4, 8)
    late.time.sleep(2)
    late.budget.update(6, 42)
    assert late.grants()["payroll"] == 6


def test_p1_while_a_claim_is_being_written_no_more_begins_than_it_is_about(late: Late) -> None:
    late.api.answers.set()
    late.api.writes_end.clear()
    late.claim_for_another()
    assert [late.budget.update(in_flight, 42) for in_flight in (5, 5, 3)] == [5, 5, 5]
    late.api.writes_end.set()


def test_p6_a_share_that_others_may_take_soon_is_given_up_while_an_answer_is_late(late: Late) -> None:
    late.budget.update(5, 45)
    late.time.sleep(51)
    assert late.budget.update(5, 45) == 0


def test_what_an_answer_says_that_was_late_holds(late: Late) -> None:
    late.budget.update(5, 45)
    late.answer()
    assert (late.budget.update(5, 45), late.budget.note) == (8, "the budget of west (8 of 8)")


def test_a_look_that_ends_without_an_answer_leaves_the_last_share(late: Late) -> None:
    late.budget.update(5, 45)
    late.api.error = Unreachable("GET", seen="ReadTimeoutError: Read timed out")
    late.answer()
    assert (late.budget.update(5, 45), late.budget.note) == (8, "the budget of west, which cannot be asked")


def test_a_late_answer_that_does_not_pass_ends_the_start(late: Late) -> None:
    late.budget.update(5, 45)
    late.api.error = Failed("GET", on="ConfigMap/ocpvirt-dr/start-budget", seen="forbidden", status=403)
    late.answer()
    with pytest.raises(Failed, match="forbidden"):
        late.budget.update(5, 45)


def test_a_claim_is_given_back_after_the_look_that_would_write_it_again(late: Late) -> None:
    late.budget.update(5, 45)
    threading.Timer(0.05, late.api.answers.set).start()
    late.budget.release()
    assert late.grants() == {}


def test_a_claim_that_is_being_written_when_the_start_ends_is_given_back_too(late: Late) -> None:
    late.api.answers.set()
    late.budget.release()
    late.api.writes_end.clear()
    late.budget.update(5, 45)
    threading.Timer(0.05, late.api.writes_end.set).start()
    late.budget.release()
    end_calls()
    assert late.grants() == {}


def test_p5_a_round_that_ends_while_a_look_hangs_keeps_no_process() -> None:
    """The next round begins at once, and reads what that look may have written."""
    hanging = f"import {__name__} as late; late.PATIENCE = 600; late.budget_file.STANDS_STILL = 0.01"
    round_ends = "start = late.Late(); start.budget.update(5, 45); print(start.budget.note); start.budget.keep()"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ended = subprocess.run(
        [sys.executable, "-c", f"{hanging}; {round_ends}"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert ended.stdout == "the budget of west, which gives no answer\n"


class HangingSite(KubeVirt):
    """Hangs from the first request to start a VM on whoever looks at the budget."""

    begun = False

    def __init__(self) -> None:
        super().__init__()
        self.answers = threading.Event()

    def patch(self, kind: Kind, name: str, namespace: str, body: dict[str, Any]) -> dict[str, Any]:
        self.begun = self.begun or (kind == VM and "spec" in body)
        return super().patch(kind, name, namespace, body)

    def find(self, kind: Kind, name: str, namespace: str | None = None) -> dict[str, Any] | None:
        if kind == CONFIG_MAP and self.begun:
            assert self.answers.wait(PATIENCE), "the start stood still"
        return super().find(kind, name, namespace)


def test_a_site_that_hangs_leaves_a_start_its_timeouts_its_readiness_and_its_progress(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(budget_file, "STANDS_STILL", 0.01)
    start = Start(monkeypatch, HangingSite)
    start.sites["west"]["max_starting"] = 3
    for name in "abcd":
        start.api.add(name, ON)
    start.api.broken.add("b")
    told = []

    def emit(_stage: str, ready: int, _total: int, in_flight: int, waiting_for: str) -> None:
        told.append((in_flight, waiting_for))
        if ready and not in_flight:
            start.api.answers.set()

    monkeypatch.setattr(start.session, "emit", emit, raising=False)
    result = start.run(retries={"attempts": 0})
    assert (result["ready"], [failure["vm"] for failure in result["failures"]]) == (3, ["payroll/b"])
    assert (1, "the budget of west, which gives no answer, payroll/b") in told
