# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.tests.bench.machine_rest import LOOKS, await_rest, processor_times

BUSY, IDLE = [180, 0, 10, 8, 2, 0, 0, 0], [10, 0, 10, 170, 10, 0, 0, 0]


class Machine:
    """seconds: what its processors do in each of them; the last goes on."""

    def __init__(self, *seconds: list[int]) -> None:
        self._seconds = seconds
        self._times = [0] * 8
        self.slept = 0

    def times(self) -> list[int]:
        return list(self._times)

    def sleep(self, _seconds: float) -> None:
        spent = self._seconds[min(self.slept, len(self._seconds) - 1)]
        self._times = [sum(both) for both in zip(self._times, spent, strict=True)]
        self.slept += 1


@pytest.mark.parametrize(
    ("seconds", "waits"),
    [([IDLE], LOOKS), ([BUSY, BUSY, IDLE], 2 + LOOKS), ([IDLE, IDLE, BUSY, IDLE], 3 + LOOKS)],
)
def test_it_waits_until_the_machine_is_idle_for_some_seconds_on_end(seconds: list[list[int]], waits: int) -> None:
    machine = Machine(*seconds)
    await_rest(machine.times, machine.sleep)
    assert machine.slept == waits


def test_a_machine_that_has_something_else_to_do_is_said() -> None:
    machine = Machine(BUSY)
    with pytest.raises(RuntimeError, match="not at rest within 120 s"):
        await_rest(machine.times, machine.sleep)


def test_the_times_are_those_of_this_machine() -> None:
    before = processor_times()
    sum(range(3_000_000))
    assert sum(processor_times()) > sum(before)
