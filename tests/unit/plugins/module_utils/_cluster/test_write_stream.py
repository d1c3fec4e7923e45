# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import threading
from collections.abc import Iterator
from unittest.mock import ANY

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.bell import Bell
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.write_stream import LOOK_HOLDS, WriteStream
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import DrError, Failed, Refused, Unreachable
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import SimulatedTime

SOON = 5.0


class Writes:
    """A stream with one worker, or more, and what went out by it."""

    def __init__(self, workers: int = 1, holds: int = 1000) -> None:
        self.time = SimulatedTime()
        self.bell = Bell()
        self.written: list[str] = []
        self.looks = 0
        self.fails: DrError | None = None
        self._holds = holds
        self.stream: WriteStream[str] = WriteStream(self.time.clock(), self.bell, self._look, workers)

    def _look(self) -> None:
        self.looks += 1
        if self.fails is not None:
            raise self.fails
        if self.looks > self._holds:
            raise Refused("go on with the run", seen="another attempt holds the lock")

    def put(self, *names: str, urgent: bool = True) -> None:
        for name in names:
            self.stream.put(name, lambda name=name: self.written.append(name), urgent)

    def ended(self) -> dict[str, DrError | None]:
        """All that was put so far, when it has ended."""
        ended: dict[str, DrError | None] = {}
        while not self.stream.idle:
            rung = self.bell.rung
            ended.update(self.stream.take_ended())
            if not self.stream.idle:
                self.bell.wait_beyond(rung, SOON)
        return ended


@pytest.fixture
def writes() -> Iterator[Writes]:
    writes = Writes()
    yield writes
    writes.stream.stop()


def test_everything_that_was_put_goes_out_in_order(writes: Writes) -> None:
    writes.put("a", "b", "c")
    assert writes.ended() == dict.fromkeys("abc")
    assert writes.written == ["a", "b", "c"]


def test_what_is_urgent_goes_before_what_is_not(writes: Writes) -> None:
    held = threading.Event()
    writes.stream.put("first", lambda: held.wait(SOON))
    writes.put("record", urgent=False)
    writes.put("ask")
    held.set()
    writes.ended()
    assert writes.written == ["ask", "record"]


def test_a_slow_write_holds_up_nobody_else() -> None:
    writes, held = Writes(workers=2), threading.Event()
    writes.stream.put("slow", lambda: held.wait(SOON))
    writes.put("a", "b")
    ended: list[str] = []
    while len(ended) < 2:
        rung = writes.bell.rung
        ended += [name for name, _error in writes.stream.take_ended()]
        if len(ended) < 2:
            writes.bell.wait_beyond(rung, SOON)
    assert (ended, writes.stream.idle) == (["a", "b"], False)
    held.set()
    writes.ended()
    writes.stream.stop()


def test_a_write_that_fails_is_told_and_the_others_go_on(writes: Writes) -> None:
    def fail() -> None:
        raise Failed("PATCH", seen="a webhook is down", status=500)

    writes.stream.put("bad", fail)
    writes.put("good")
    ended = writes.ended()
    assert (str(ended["bad"]).count("a webhook is down"), ended["good"]) == (1, None)


def test_p5_nothing_goes_out_without_the_lock() -> None:
    writes = Writes(holds=0)
    writes.put("a", "b")
    with pytest.raises(Refused):
        writes.ended()
    assert writes.written == []


def test_p5_a_look_at_the_lock_without_an_answer_fails_its_write_only() -> None:
    writes = Writes()
    writes.fails = Unreachable("GET", on="Lease/ocpvirt-dr/plan-payroll", seen="connection refused")
    writes.put("a")
    ended = writes.ended()
    writes.fails = None
    writes.put("b")
    assert (ended | writes.ended(), writes.written) == ({"a": ANY, "b": None}, ["b"])
    assert "connection refused" in str(ended["a"])


def test_p5_nothing_more_goes_out_once_the_lock_is_lost() -> None:
    writes = Writes(holds=1)
    writes.put("a")
    writes.ended()
    writes.time.sleep(LOOK_HOLDS)
    writes.put("b", "c")
    with pytest.raises(Refused):
        writes.ended()
    assert (writes.written, writes.looks) == (["a"], 2)


def test_one_look_at_the_lock_is_for_a_batch_of_writes(writes: Writes) -> None:
    writes.put(*[f"vm-{number}" for number in range(200)])
    writes.ended()
    assert writes.looks == 1
    writes.put("vm-200")
    writes.ended()
    assert writes.looks == 2


def test_no_write_goes_out_on_an_old_look(writes: Writes) -> None:
    for _second in range(3):
        writes.put("a")
        writes.ended()
        writes.time.sleep(LOOK_HOLDS)
    assert writes.looks == 3


def test_a_bug_in_a_write_is_not_lost(writes: Writes) -> None:
    writes.stream.put("bad", lambda: {}["missing"])
    with pytest.raises(KeyError):
        writes.ended()
