# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a start does while its site does not answer, or refuses to show what starts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import CONFIG_MAP, VM, Kind
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import DrError, Failed, Unreachable
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.vm import PowerRecord
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.start.budget import claims_of
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.start.startup_world import (
    KubeVirt,
    Start,
)

ON = PowerRecord("Always", True)
NO_RETRY = {"attempts": 0}


class Deaf(KubeVirt):
    """So many requests to start a VM have no answer. asked: how often each was made."""

    unanswered = 0

    def __init__(self) -> None:
        super().__init__()
        self.asked: Counter[str] = Counter()

    def patch(self, kind: Kind, name: str, namespace: str, body: dict[str, Any]) -> dict[str, Any]:
        if kind == VM and "spec" in body:
            self.asked[name] += 1
            if self.unanswered > 0:
                self.unanswered -= 1
                raise Unreachable("PATCH", seen="ReadTimeoutError: Read timed out")
        return super().patch(kind, name, namespace, body)


class Unseen(Deaf):
    """From the first request on watches and lists fail; time goes on when one has."""

    failure: DrError = Unreachable("list", seen="connection refused")
    blind = False
    noticed = False

    def settled(self) -> bool:
        return self.noticed or (not self.blind and super().settled())

    def patch(self, kind: Kind, name: str, namespace: str, body: dict[str, Any]) -> dict[str, Any]:
        self.blind = True
        return super().patch(kind, name, namespace, body)

    def list_with_version(self, *arguments: Any, **named: Any) -> tuple[list[Any], str]:
        self._fail_if_blind()
        return super().list_with_version(*arguments, **named)

    def watch(self, *arguments: Any) -> Iterator[tuple[str, dict[str, Any]]]:
        for event in super().watch(*arguments):
            self._fail_if_blind()
            yield event
        self._fail_if_blind()

    def _fail_if_blind(self) -> None:
        if self.blind:
            self.noticed = True
            raise self.failure


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Start:
    return Start(monkeypatch, Deaf)


@pytest.fixture
def unseen(monkeypatch: pytest.MonkeyPatch) -> Start:
    return Start(monkeypatch, Unseen)


def test_a_request_without_an_answer_is_made_again_and_uses_up_no_retry(start: Start) -> None:
    start.api.add("a", ON)
    start.api.unanswered = 4
    result = start.run(retries=NO_RETRY)
    assert (result["ready"], result["retried"], start.api.asked["a"]) == (1, 0, 5)


def test_p1_a_request_without_an_answer_keeps_its_slot(start: Start) -> None:
    for name in ("a", "b"):
        start.api.add(name, ON)
    start.api.unanswered = 2
    result = start.run(max_starting=1, retries=NO_RETRY)
    assert (list(start.api.asked.items()), result["peak_in_flight"]) == ([("a", 3), ("b", 1)], 1)


def test_a_request_that_never_has_an_answer_fails_when_its_time_is_over_and_says_so(start: Start) -> None:
    start.api.add("a", ON)
    start.api.unanswered = 10**6
    (failure,) = start.run(retries=NO_RETRY)["failures"]
    assert failure["reason"].startswith("not ready after 60 s; ")
    assert "Read timed out" in failure["reason"]


def test_what_had_no_answer_in_one_round_is_asked_in_the_next(start: Start) -> None:
    start.api.add("a", ON)
    start.api.unanswered = 10**6
    assert not start.run(round_timeout=5, retries=NO_RETRY)["done"]
    start.api.unanswered = 0
    result = start.run(round_timeout=50, retries=NO_RETRY)
    assert (result["ready"], result["failures"]) == (1, [])


def test_nothing_is_asked_again_while_the_site_cannot_be_seen(unseen: Start) -> None:
    unseen.api.add("a", ON)
    unseen.api.unanswered = 10**6
    result = unseen.run(round_timeout=700, retries=NO_RETRY)
    assert (result["in_flight"], result["failures"]) == (1, [])
    # before the start itself has noticed
    assert unseen.api.asked["a"] < 5


def test_p1_what_cannot_be_seen_is_not_late_and_frees_no_slot(unseen: Start) -> None:
    for name in "abcdef":
        unseen.api.add(name, ON)
    result = unseen.run(round_timeout=700, max_starting=2, readiness={"agent": True, "timeout": "4m"})
    assert (result["in_flight"], result["failures"], len(unseen.api.running())) == (2, [], 2)


def test_who_watches_is_told_that_the_site_gives_no_answer(unseen: Start) -> None:
    unseen.api.add("a", ON)
    unseen.run(round_timeout=700, retries=NO_RETRY)
    assert "an answer of west, payroll/a" in [line[4] for line in unseen.session.lines]


def test_p10_a_right_that_is_taken_away_in_the_middle_ends_the_start(unseen: Start) -> None:
    unseen.api.add("a", ON)
    unseen.api.failure = Failed("GET", on="VirtualMachineInstance/payroll", seen="forbidden", status=403)
    with pytest.raises(Failed, match=r"VirtualMachineInstance/payroll.*403"):
        unseen.run(round_timeout=700)


class WithoutBudget(KubeVirt):
    """So many looks at the site's budget have no answer, from the first request to start a VM on."""

    unanswered = 20
    begun = False

    def patch(self, kind: Kind, name: str, namespace: str, body: dict[str, Any]) -> dict[str, Any]:
        self.begun = self.begun or (kind == VM and "spec" in body)
        return super().patch(kind, name, namespace, body)

    def find(self, kind: Kind, name: str, namespace: str | None = None) -> dict[str, Any] | None:
        if kind == CONFIG_MAP and self.begun and self.unanswered:
            self.unanswered -= 1
            raise Unreachable("GET", on=f"ConfigMap/{namespace}/{name}", seen="connection refused")
        return super().find(kind, name, namespace)


def test_p1_an_outage_ends_no_start_that_shares_a_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    start = Start(monkeypatch, WithoutBudget)
    start.sites["west"]["max_starting"] = 2
    for name in "abcdef":
        start.api.add(name, ON)
    result = start.run()
    assert (result["ready"], result["peak_in_flight"]) == (6, 2)


def test_a_start_that_ends_in_an_error_leaves_the_budget_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    start = Start(monkeypatch, Unseen)
    start.sites["west"]["max_starting"] = 3
    for name in "ab":
        start.api.add(name, ON)
    start.api.broken |= {"a", "b"}
    start.api.failure = Failed("GET", on="VirtualMachineInstance/payroll", seen="forbidden", status=403)
    with pytest.raises(Failed, match="forbidden"):
        start.run(round_timeout=700)
    assert claims_of(start.api.find(CONFIG_MAP, "start-budget", "ocpvirt-dr"))["payroll"].grant == 2
