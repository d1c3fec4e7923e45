# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole starts, simulated: whoever drives the window here knows how long each VM takes to get ready."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from textwrap import dedent

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.needs import Need
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.order import StartWave
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.retries import StartRetries
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.window import StartWindow

NEVER = 10**9


@dataclass
class Start:
    """A start that runs to its end. boots: seconds that each VM takes; absent ones never get ready."""

    window: StartWindow
    boots: Mapping[str, int]
    now: int = 0
    log: list[str] = field(default_factory=list)
    asked_at: dict[str, int] = field(default_factory=dict)
    ready_at: dict[str, int] = field(default_factory=dict)

    def run(self) -> Start:
        while not self.window.done:
            self.step()
        return self

    def step(self) -> None:
        gone = set(self.window.in_flight)
        asked = self.window.next(self.now)
        for key in sorted(gone - set(self.window.in_flight)):
            self._note(f"gave up {key}")
        for key in asked:
            assert key not in self.asked_at, f"{key} was asked twice"
            self.asked_at[key] = self.now
            self._note(f"asked {key}")
        assert len(self.window.in_flight) <= self.window.limit
        if self.window.in_flight:
            self._advance()

    def _advance(self) -> None:
        due = {key: since + self.boots.get(key, NEVER) for key, since in self.window.in_flight.items()}
        expiry = min(self.window.in_flight.values()) + self.window.timeout
        self.now = int(min(expiry, *due.values()))
        for key in sorted(key for key, moment in due.items() if moment == self.now):
            self.window.became_ready(key)
            self.ready_at[key] = self.now
            self._note(f"ready {key}")

    def _note(self, text: str) -> None:
        self.log.append(f"{self.now:03} {text}")


def waves(*names: str) -> list[StartWave]:
    return [StartWave(f"wave {number}", tuple(keys.split())) for number, keys in enumerate(names, 1)]


def test_a_whole_start_second_by_second() -> None:
    start = Start(
        StartWindow(waves("db-0 db-1 db-2", "app-0 app-1"), limit=2, timeout=60),
        {"db-0": 10, "db-1": 25, "app-0": 5, "app-1": 5},
    )
    assert "\n".join(start.run().log) == dedent("""\
        000 asked db-0
        000 asked db-1
        010 ready db-0
        010 asked db-2
        025 ready db-1
        070 gave up db-2
        070 asked app-0
        070 asked app-1
        075 ready app-0
        075 ready app-1""")


@pytest.mark.parametrize("seed", range(40))
def test_never_more_in_flight_than_the_limit_and_every_vm_ends(seed: int) -> None:
    chance = random.Random(seed)
    names = [f"vm-{number}" for number in range(chance.randint(1, 120))]
    cuts = sorted(chance.randint(0, len(names)) for _number in range(chance.randint(0, 5)))
    parts = [names[low:high] for low, high in zip([0, *cuts], [*cuts, len(names)], strict=True)]
    boots = {name: chance.randint(1, 90) for name in names if chance.random() < 0.9}
    window = StartWindow(
        [StartWave(str(number), tuple(part)) for number, part in enumerate(parts)],
        limit=chance.randint(1, 30),
        timeout=60,
    )
    Start(window, boots).run()  # it looks at the limit after every decision
    in_time = {name for name, seconds in boots.items() if seconds <= 60}
    assert (window.ready, set(window.failed)) == (in_time, set(names) - in_time)


@pytest.mark.parametrize("seed", range(20))
def test_a_wave_begins_only_when_the_one_before_is_done(seed: int) -> None:
    chance = random.Random(seed)
    parts = [[f"{wave}-{number}" for number in range(chance.randint(1, 20))] for wave in range(4)]
    boots = {name: chance.randint(1, 50) for part in parts for name in part}
    window = StartWindow([StartWave("", tuple(part)) for part in parts], limit=chance.randint(1, 10), timeout=60)
    start = Start(window, boots).run()
    for before, after in pairwise(parts):
        assert max(start.ready_at[name] for name in before) <= min(start.asked_at[name] for name in after)


def test_a_slot_is_refilled_the_moment_a_vm_is_ready() -> None:
    window = StartWindow(waves("a b c"), limit=2, timeout=60)
    assert window.next(0) == ["a", "b"]
    window.became_ready("a")
    assert window.next(0) == ["c"]


def test_a_vm_that_is_not_ready_in_time_frees_its_slot() -> None:
    window = StartWindow(waves("a b"), limit=1, timeout=60)
    window.next(0)
    assert window.next(59) == []
    assert window.next(60) == ["b"]
    assert window.failed == {"a": "not ready after 60 s"}


def test_a_vm_that_gets_ready_after_its_time_counts_as_ready() -> None:
    window = StartWindow(waves("a b"), limit=1, timeout=60)
    window.next(0)
    window.next(60)
    window.became_ready("a")
    assert (window.ready, window.failed) == ({"a"}, {})


def test_a_request_that_failed_frees_its_slot_with_its_reason() -> None:
    window = StartWindow(waves("a b"), limit=1, timeout=60)
    window.next(0)
    window.gave_up("a", "denied by a webhook")
    assert window.next(0) == ["b"]
    assert window.failed == {"a": "denied by a webhook"}


def test_on_failure_continue_goes_on_with_the_next_wave() -> None:
    start = Start(StartWindow(waves("a", "b"), limit=2, timeout=60), {"b": 5}).run()
    assert start.window.ready == {"b"}


def test_on_failure_stop_begins_nothing_more_and_waits_for_what_is_in_flight() -> None:
    start = Start(StartWindow(waves("a b c", "d"), limit=2, timeout=60, on_failure="stop"), {"b": 90}).run()
    assert (start.window.ready, set(start.window.failed)) == (set(), {"a", "b"})
    assert start.window.never_begun == dict.fromkeys("cd", "the start was stopped, as a failed")


def test_on_failure_stop_wave_goes_on_with_the_next_wave_of_the_plan() -> None:
    parts = [StartWave("db, priority 1", ("a", "b"), of="db"), StartWave("db, priority 2", ("c",), of="db")]
    window = StartWindow([*parts, StartWave("app", ("d",), of="app")], limit=1, timeout=60, on_failure="stop_wave")
    Start(window, dict.fromkeys("bcd", 5)).run()
    assert (window.ready, set(window.failed)) == ({"d"}, {"a"})
    assert window.never_begun == dict.fromkeys("bc", "the rest of the wave was stopped, as a failed")


def test_the_policy_of_a_wave_goes_before_that_of_the_plan() -> None:
    first = StartWave("1", ("a",), on_failure="continue")
    window = StartWindow([first, StartWave("2", ("b",))], limit=1, timeout=60, on_failure="stop")
    assert Start(window, {"b": 5}).run().window.ready == {"b"}


def test_a_wave_begins_after_its_delay() -> None:
    window = StartWindow([StartWave("1", ("a",)), StartWave("2", ("b",), delay=30)], limit=5, timeout=60)
    assert window.next(0) == ["a"]
    window.became_ready("a")
    assert (window.next(10), window.done) == ([], False)
    assert (window.next(39), window.next(40)) == ([], ["b"])


def test_the_delay_of_the_first_wave_counts_from_the_begin() -> None:
    window = StartWindow([StartWave("1", ("a",), delay=30)], limit=5, timeout=60)
    assert (window.next(100), window.next(129), window.next(130)) == ([], [], ["a"])


def test_p5_a_delay_that_another_process_began_is_not_waited_for_again() -> None:
    window = StartWindow([StartWave("1", ("a",), delay=30)], limit=5, timeout=60, opens={"1": -5})
    assert window.next(0) == ["a"]


def test_p5_there_is_no_delay_before_a_wave_that_is_up_already() -> None:
    window = StartWindow([StartWave("1", ("a",), delay=30), StartWave("2", ("b",))], limit=5, timeout=60)
    window.became_ready("a")
    assert window.next(0) == ["b"]


def test_a_closed_gate_ends_the_start_before_its_wave() -> None:
    window = StartWindow([StartWave("1", ("a",)), StartWave("2", ("b",), gate="2")], limit=5, timeout=60)
    Start(window, {"a": 5, "b": 5}).run()
    assert (window.ready, window.gate, window.never_begun) == ({"a"}, "2", {"b": "waits for the gate 2"})


def test_p5_a_gate_with_nothing_left_behind_it_is_no_gate() -> None:
    window = StartWindow([StartWave("2", ("b",), gate="2")], limit=5, timeout=60)
    window.became_ready("b")
    assert (window.next(0), window.done, window.gate) == ([], True, None)


def test_what_needs_something_begins_when_that_is_ready() -> None:
    window = StartWindow(waves("db app web"), limit=5, timeout=60, needs={"app": (Need("db", True),)})
    assert window.next(0) == ["db", "web"]
    window.became_ready("db")
    assert window.next(1) == ["app"]


def test_what_needs_something_that_failed_never_begins_and_says_so() -> None:
    needs = {"app": (Need("db", True),), "web": (Need("app", True),)}
    window = StartWindow(waves("db app web", "rest"), limit=5, timeout=60, needs=needs)
    Start(window, {"rest": 1, "app": 1, "web": 1}).run()
    assert window.ready == {"rest"}
    assert window.never_begun == {"app": "needs db, which is not ready", "web": "needs app, which is not ready"}


def test_what_only_comes_after_something_begins_also_when_that_failed_or_never_began() -> None:
    needs = {"app": (Need("db", True),), "web": (Need("app", False),), "log": (Need("db", False),)}
    window = StartWindow(waves("db app web log"), limit=5, timeout=60, needs=needs)
    start = Start(window, {"web": 1, "log": 1}).run()
    assert (window.ready, set(window.never_begun), start.asked_at["log"]) == ({"web", "log"}, {"app"}, 60)


def test_what_gets_ready_after_its_time_still_lets_begin_what_needs_it() -> None:
    window = StartWindow(waves("db other app"), limit=5, timeout=60, needs={"app": (Need("db", True),)})
    window.observe_starting(["db"], -60)
    assert window.next(0) == ["other"]
    window.became_ready("db")
    assert window.next(1) == ["app"]


def test_a_need_that_no_wave_has_holds_up_nothing() -> None:
    window = StartWindow(waves("a"), limit=5, timeout=60, needs={"a": (Need("elsewhere", True),)})
    assert window.next(0) == ["a"]


def test_a_stuck_vm_gives_its_slot_to_others_and_is_tried_again_after_a_pause() -> None:
    window = StartWindow(waves("a b c"), limit=1, timeout=60, retries=StartRetries(1, 30, 5))
    assert (window.next(0), window.next(60)) == (["a"], ["b"])
    window.became_ready("b")
    assert window.next(90) == ["c"]
    window.became_ready("c")
    assert window.next(91) == ["a"]
    window.next(151)
    assert window.failed == {"a": "not ready after 60 s, asked 2 times"}


def test_the_pause_doubles_with_each_attempt() -> None:
    window = StartWindow(waves("a"), limit=1, timeout=10, retries=StartRetries(2, 30, 5))
    assert (window.next(0), window.next(10)) == (["a"], [])
    assert (window.next(39), window.next(40)) == ([], ["a"])
    assert (window.next(50), window.next(109), window.next(110)) == ([], [], ["a"])


def test_no_more_is_tried_again_than_the_budget_of_the_start_allows() -> None:
    window = StartWindow(waves("a b c"), limit=3, timeout=60, retries=StartRetries(1, 30, 2))
    window.next(0)
    window.next(60)
    assert (set(window.retries.resting), set(window.failed)) == ({"a", "b"}, {"c"})


def test_a_vm_that_gets_ready_while_it_rests_is_not_tried_again() -> None:
    window = StartWindow(waves("a", "b"), limit=3, timeout=60, retries=StartRetries(1, 30, 2))
    window.next(0)
    window.next(60)
    window.became_ready("a")
    assert (window.next(61), window.next(90)) == (["b"], [])


def test_a_failure_that_comes_after_the_vm_is_ready_says_nothing() -> None:
    window = StartWindow(waves("a"), limit=3, timeout=60)
    window.next(0)
    window.became_ready("a")
    window.gave_up("a", "no answer")
    assert (window.ready, window.failed) == ({"a"}, {})


def test_a_limit_that_was_lowered_begins_nothing_until_as_many_are_in_flight() -> None:
    window = StartWindow(waves("a b c d"), limit=3, timeout=60)
    window.next(0)
    window.limit = 1
    window.became_ready("a")
    window.became_ready("b")
    assert window.next(1) == []
    window.became_ready("c")
    assert window.next(2) == ["d"]


def test_p5_what_runs_already_is_not_asked_again() -> None:
    window = StartWindow(waves("a b", "c"), limit=5, timeout=60)
    window.became_ready("a")
    window.became_ready("b")
    assert window.next(0) == ["c"]


def test_p5_what_was_asked_before_takes_its_slot_and_is_not_asked_again() -> None:
    window = StartWindow(waves("a b c"), limit=2, timeout=60)
    window.observe_starting(["a"], 0)
    assert window.next(0) == ["b"]


def test_p5_what_was_asked_before_times_out_from_when_it_was_asked() -> None:
    window = StartWindow(waves("a"), limit=1, timeout=60)
    window.observe_starting(["a"], -50)
    window.next(10)
    assert set(window.failed) == {"a"}


def test_p5_more_in_flight_than_the_limit_from_before_waits_for_free_slots() -> None:
    window = StartWindow(waves("a b c d"), limit=1, timeout=60)
    window.observe_starting(["a", "b"], 0)
    window.became_ready("a")
    assert window.next(1) == []
    window.became_ready("b")
    assert window.next(2) == ["c"]


def test_p5_what_was_asked_in_a_later_wave_takes_a_slot_of_this_one() -> None:
    window = StartWindow(waves("a b", "c"), limit=2, timeout=60)
    window.observe_starting(["c"], 0)
    assert window.next(0) == ["a"]


def test_p5_what_is_up_frees_the_slot_it_was_seen_starting_in() -> None:
    window = StartWindow(waves("a b"), limit=1, timeout=60)
    window.observe_starting(["a"], 0)
    window.became_ready("a")
    assert window.next(0) == ["b"]


def test_the_peak_is_the_highest_number_in_flight() -> None:
    start = Start(StartWindow(waves("a b c", "d"), limit=2, timeout=60), {"a": 1, "b": 1, "c": 1, "d": 1}).run()
    assert start.window.peak == 2


def test_a_start_of_nothing_is_done_at_once() -> None:
    assert StartWindow([], limit=1, timeout=60).done


def test_two_hours_of_starting_10000_vms_are_simulated() -> None:
    names = tuple(f"vm-{number:05}" for number in range(10_000))
    window = StartWindow([StartWave("rest", names)], limit=100, timeout=300)
    start = Start(window, dict.fromkeys(names, 72)).run()
    assert (len(window.ready), start.now, window.peak) == (10_000, 7_200, 100)
