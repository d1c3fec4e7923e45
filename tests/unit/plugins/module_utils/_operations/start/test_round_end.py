# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a round does at its end: it takes records off, and writes its own, also where its site gives no answer."""

from __future__ import annotations

import itertools
import threading
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import VM, Kind
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Failed, Unreachable
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.vm import PowerRecord
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.start import records, starter
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.start.sight import Sight
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.start.startup_world import (
    KubeVirt,
    Start,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.start.test_outage import Unseen

# real seconds, after which a test fails that waits for what does not come
PATIENCE = 10
ON = PowerRecord("Always", True)
VMS = 200
NO_ANSWER = Unreachable("PATCH", seen="connection refused")


class Forgetful(KubeVirt):
    """Takes a record off when it may, in a quarter of a second."""

    def __init__(self) -> None:
        super().__init__()
        self.may = threading.Semaphore(VMS)
        self.seconds = 0.0
        for number in range(VMS):
            self.add(f"vm-{number:03}", ON)

    def patch(self, kind: Kind, name: str, namespace: str, body: dict[str, Any]) -> dict[str, Any]:
        if kind == VM and "spec" not in body:
            assert self.may.acquire(timeout=PATIENCE), "nothing was said for long"
            with self._lock:
                self.seconds += 0.25
        return super().patch(kind, name, namespace, body)

    def records(self) -> int:
        return sum(self.recorded(f"vm-{number:03}") for number in range(VMS))


@pytest.fixture
def forgetful(monkeypatch: pytest.MonkeyPatch) -> Start:
    monkeypatch.setattr(records, "BATCH", 20)
    start = Start(monkeypatch, Forgetful)
    start.session.clock = replace(start.session.clock, monotonic=lambda: start.api.seconds)
    return start


def test_while_records_are_taken_off_the_progress_goes_on(forgetful: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five writes, and then nothing more before there is another line."""
    told: list[tuple[Any, ...]] = [()]
    forgetful.api.may = threading.Semaphore(5)
    looks = itertools.count()
    clock = replace(forgetful.session.clock, monotonic=lambda: 0.02 * next(looks))
    monkeypatch.setattr(forgetful.session, "clock", clock)

    def emit(*line: Any) -> None:
        if line != told[-1]:
            told.append(line)
            forgetful.api.may.release(5)

    monkeypatch.setattr(forgetful.session, "emit", emit)
    forgetful.run(max_starting=VMS, readiness={"agent": True, "timeout": "60m"})
    waiting = [line[4] for line in told[1:] if line[1] == VMS]
    numbers = [int(words.removesuffix(" records to be taken off")) for words in waiting[:-1]]
    assert (numbers == sorted(numbers, reverse=True), waiting[-1]) == (True, "")
    assert len(numbers) > 10


def test_records_that_are_left_when_a_round_is_over_are_taken_off_by_the_next(forgetful: Start) -> None:
    rounds = []
    while not rounds or not rounds[-1]["done"]:
        before = forgetful.api.seconds
        rounds.append(forgetful.run(round_timeout=25, max_starting=VMS))
        # what was on its way out has gone
        assert forgetful.api.seconds - before <= 25 + 20 * 0.25
    assert ({a_round["ready"] for a_round in rounds}, forgetful.api.records()) == ({VMS}, 0)
    assert len(rounds) > 1


class Outage(Unseen):
    """So many writes of a kind have no answer, nor can anything be seen until the last of them."""

    def __init__(self) -> None:
        super().__init__()
        self.unanswered, self.error = 0, NO_ANSWER
        self.told = threading.Event()

    def patch(self, kind: Kind, name: str, namespace: str, body: dict[str, Any]) -> dict[str, Any]:
        if kind == VM and "spec" not in body:
            self.forgets()
        return KubeVirt.patch(self, kind, name, namespace, body)

    def forgets(self) -> None:
        """By default nothing fails."""

    def fail(self) -> None:
        with self._lock:
            if not self.unanswered:
                return
            self.unanswered -= 1
            self.blind = True
        self.told.wait(PATIENCE)
        self.blind = self.unanswered > 0
        raise self.error


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Start:
    start = Start(monkeypatch, Outage)
    for name in "ab":
        start.api.add(name, ON)

    class TellingSight(Sight):
        def now(self) -> float:
            seconds = super().now()
            if self.blind:
                start.api.told.set()
            return seconds

    monkeypatch.setattr(starter, "Sight", TellingSight)
    return start


def fail_records(start: Start, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """Of the run."""
    put, start.api.unanswered = start.session.put, times

    def put_or_fail(topic: str, document: Any) -> None:
        start.api.fail()
        put(topic, document)

    monkeypatch.setattr(start.session, "put", put_or_fail)


def test_p5_a_round_that_ends_in_an_outage_waits_until_its_record_is_written(start: Start, monkeypatch) -> None:
    start.api.broken |= {"a", "b"}
    fail_records(start, monkeypatch, times=5)
    result = start.run(round_timeout=5)
    assert (result["done"], result["in_flight"], start.api.unanswered) == (False, 2, 0)
    assert set(start.session.record["startup"]["asked"]) == {"payroll/a", "payroll/b"}


def test_a_record_that_is_late_by_an_outage_ends_no_start(start: Start, monkeypatch) -> None:
    start.api.broken.add("b")
    fail_records(start, monkeypatch, times=1)
    result = start.run(retries={"attempts": 0})
    assert (result["done"], result["ready"], result["not_started"], start.api.unanswered) == (True, 1, 1, 0)


def test_p10_a_record_that_is_refused_ends_the_start_also_in_an_outage(start: Start, monkeypatch) -> None:
    start.api.error = Failed("PATCH", on="ConfigMap/ocpvirt-dr/r-1", seen="a quota is used up", status=403)
    fail_records(start, monkeypatch, times=1)
    with pytest.raises(Failed, match="quota"):
        start.run(round_timeout=5)


def test_p10_a_record_without_an_answer_ends_the_start_where_the_site_is_seen(start: Start, monkeypatch) -> None:
    def fail(_topic: str, _document: Any) -> None:
        raise NO_ANSWER

    monkeypatch.setattr(start.session, "put", fail)
    with pytest.raises(Unreachable):
        start.run(round_timeout=5)


def test_p5_a_record_that_is_taken_off_without_an_answer_is_taken_off_again(start: Start, monkeypatch) -> None:
    start.api.unanswered = 2
    monkeypatch.setattr(start.api, "forgets", start.api.fail)
    assert start.run()["done"]
    assert (start.api.recorded("a"), start.api.recorded("b"), start.api.unanswered) == (False, False, 0)


def test_p5_what_failed_in_one_round_is_told_by_the_next_as_it_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first of two failures has stopped their wave: to another process the second had not even begun."""
    start = Start(monkeypatch)
    waves = [{"name": "db", "selector": {"matchLabels": {"tier": "db"}}, "on_failure": "stop_wave"}, {"name": "rest"}]
    startup = {"waves": waves, "retries": {"attempts": 1, "backoff": "1s"}}
    for name, tier in [("a", "db"), ("b", "db"), ("c", "")]:
        start.api.add(name, PowerRecord("Always", True), tier=tier)
        start.api.broken.add(name)
    while start.run(round_timeout=10, **startup)["not_started"] < 2:
        pass
    kept = dict(start.session.record["startup"]["failed"])
    result = start.run(**startup)
    assert {failure["vm"]: failure["reason"] for failure in result["failures"]}.items() >= kept.items()
    assert (result["not_started"], result["never_begun"]) == (3, [])
