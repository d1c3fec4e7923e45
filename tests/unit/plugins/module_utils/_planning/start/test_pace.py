# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.pace import (
    SETTLE,
    STEP_EVERY,
    Signals,
    StartPace,
)
from hypothesis import given
from hypothesis import strategies as st

QUIET = Signals()


def pace_after(*looks: Signals, most: int = 40, every: float = SETTLE) -> StartPace:
    pace = StartPace(most)
    for number, signals in enumerate(looks):
        pace.look(signals, number * every)
    return pace


@pytest.mark.parametrize(
    ("signals", "why"),
    [
        (Signals(throttled=2), "the API server answered 429 2 times"),
        (Signals(errors=1), "1 requests failed with 5xx or no answer"),
        (Signals(latency=1.4), "a request takes 1.4 s"),
        (Signals(pending_scheduling=4), "4 wait long for a node"),
        (Signals(pending_attach=5), "5 wait long for their volumes"),
    ],
)
def test_trouble_halves_the_pace_and_says_why(signals: Signals, why: str) -> None:
    pace = pace_after(signals)
    assert (pace.limit, pace.note) == (20, f"pace 20 of 40: {why}")


@pytest.mark.parametrize(
    "signals",
    [
        QUIET,
        Signals(latency=0.2),
        Signals(pending_scheduling=1),
        Signals(pending_attach=3),
        Signals(boot_times=(90.0,)),
    ],
)
def test_what_is_no_trouble_changes_nothing(signals: Signals) -> None:
    pace = pace_after(signals)
    assert (pace.limit, pace.note, pace.slower) == (40, "", 0)


def test_one_trouble_seen_in_many_looks_halves_once() -> None:
    assert pace_after(*[Signals(throttled=1)] * 5, every=1.0).limit == 20


def test_trouble_that_lasts_halves_again_down_to_the_floor() -> None:
    pace = pace_after(*[Signals(throttled=1)] * 20)
    assert (pace.limit, pace.lowest, pace.floor, pace.slower) == (4, 4, 4, 4)


def test_after_the_trouble_it_gets_faster_step_by_step_and_never_above_the_limit() -> None:
    pace = pace_after(Signals(throttled=1), *[QUIET] * 100, every=STEP_EVERY)
    assert (pace.limit, pace.faster, pace.lowest) == (40, 10, 20)


def test_one_step_up_takes_its_time_from_the_last_trouble_on() -> None:
    pace = pace_after(Signals(throttled=1), Signals(throttled=1), QUIET, every=STEP_EVERY - 1)
    assert pace.limit == 20


def test_vms_that_begin_to_wait_one_after_the_other_are_a_crowd_once_they_wait_together() -> None:
    looks = [Signals(pending_attach=many) for many in (1, 2, 3, 4)]
    assert [pace_after(*looks[:until]).limit for until in (3, 4)] == [40, 20]


def test_vms_of_which_each_waits_when_the_last_is_ready_are_no_crowd() -> None:
    assert pace_after(*[Signals(pending_attach=1)] * 40).limit == 40


def boots(*seconds: float, many: int = 20) -> Signals:
    return Signals(boot_times=tuple(second for second in seconds for _vm in range(many)))


def test_boots_that_grow_halve_the_pace() -> None:
    pace = pace_after(boots(20.0), boots(50.0), every=100)
    assert (pace.limit, pace.note) == (20, "pace 20 of 40: boots take 50 s, and took 20 s")


def test_boots_that_grow_by_little_or_to_little_do_not() -> None:
    assert pace_after(boots(20.0), boots(38.0), boots(1.0), boots(4.0), every=100).limit == 40


def test_boots_asked_for_before_the_slowdown_do_not_count_against_what_it_did() -> None:
    pace = pace_after(boots(20.0), boots(50.0), boots(90.0), every=60)
    assert pace.limit < 40
    assert pace.slower == 1


def test_vms_that_boot_as_long_however_few_do_so_are_what_is_normal_from_then_on() -> None:
    pace = pace_after(boots(20.0), *[boots(90.0)] * 50, every=100)
    assert (pace.slower, pace.limit) == (1, 40)


def test_boots_that_a_slowdown_shortened_may_slow_it_down_again() -> None:
    assert pace_after(boots(20.0), boots(90.0), boots(30.0), boots(90.0), every=100).slower == 2


def test_p5_another_process_goes_on_at_the_same_pace() -> None:
    first = pace_after(Signals(throttled=1))
    second = StartPace(40)
    second.resume(first.as_dict(), 0)
    assert (second.limit, second.note, second.slower) == (20, first.note, 1)


def in_rounds(looks: list[tuple[float, Signals]], ahead: float = 0.0) -> StartPace:
    """Each look by a process of its own. ahead: the clock of each by that of the one before."""
    pace = StartPace(40)
    for number, (at, signals) in enumerate(looks):
        record, offset = pace.as_dict(offset=-number * ahead), (number + 1) * ahead
        pace = StartPace(40)
        pace.resume(record, at + offset, offset)
        pace.look(signals, at + offset)
    return pace


def test_p5_boots_that_grow_halve_the_pace_however_few_of_them_end_in_one_round() -> None:
    looks = [(float(at), boots(20.0 if at < 1000 else 50.0, many=7)) for at in range(0, 2000, 100)]
    assert in_rounds(looks, ahead=70).slower == 1


def test_p5_a_slowdown_of_the_round_before_has_time_to_show_what_it_does() -> None:
    looks = [(0.0, Signals(throttled=1)), (SETTLE - 1, Signals(throttled=1)), (SETTLE, Signals(throttled=1))]
    assert [in_rounds(looks[:many]).slower for many in (1, 2, 3)] == [1, 1, 2]


def test_p5_steps_up_take_no_longer_in_short_rounds() -> None:
    quiet = [(at / 2, QUIET) for at in range(1, 2 * int(STEP_EVERY) + 1)]
    assert in_rounds([(0.0, Signals(throttled=1)), *quiet]).faster == 1


def test_p5_a_record_of_a_clock_that_is_ahead_holds_up_nothing() -> None:
    first = pace_after(Signals(throttled=1))
    second = StartPace(40)
    second.resume(first.as_dict(offset=3600), 5.0)
    second.look(Signals(throttled=1), 5.0 + SETTLE)
    assert second.slower == 2


def test_p5_a_pace_from_a_plan_with_another_limit_is_kept_inside_of_this_one() -> None:
    first = pace_after(Signals(throttled=1), most=400)
    second = StartPace(10)
    second.resume(first.as_dict(), 0)
    assert second.limit == 10


@given(
    st.integers(1, 500),
    st.lists(
        st.builds(
            Signals,
            throttled=st.integers(0, 2),
            errors=st.integers(0, 2),
            latency=st.none() | st.floats(0, 5),
            pending_scheduling=st.integers(0, 50),
            pending_attach=st.integers(0, 50),
            boot_times=st.lists(st.floats(0, 600), max_size=60).map(tuple),
        ),
        max_size=60,
    ),
    st.floats(0.1, 60),
)
def test_it_is_never_below_the_floor_nor_above_the_limit(most: int, looks: list[Signals], every: float) -> None:
    pace = StartPace(most)
    for number, signals in enumerate(looks):
        pace.look(signals, number * every)
        assert 1 <= pace.floor <= pace.limit <= most
        assert bool(pace.note) is (pace.limit < most)
