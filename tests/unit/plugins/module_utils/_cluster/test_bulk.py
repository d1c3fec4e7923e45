# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import threading

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.bulk import BATCH, for_each, together
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Failed, Refused


def test_results_keep_the_order_of_the_items() -> None:
    assert for_each(range(500), lambda item: -item).done == [(item, -item) for item in range(500)]


def test_one_that_fails_does_not_stop_the_others() -> None:
    error = Failed("patch")

    def call(item: int) -> None:
        if item == 2:
            raise error

    outcome = for_each([1, 2, 3], call)
    assert (outcome.done, outcome.failed) == ([(1, None), (3, None)], [(2, error)])


def test_an_error_that_is_none_of_ours_is_not_swallowed() -> None:
    with pytest.raises(ZeroDivisionError):
        for_each([0], lambda item: 1 / item)


def test_p5_no_batch_begins_without_a_look_at_the_lock() -> None:
    called: list[int] = []
    looks: list[int] = []

    def look() -> None:
        looks.append(len(called))
        if len(looks) == 2:
            raise Refused("go on with the run")

    with pytest.raises(Refused):
        for_each(range(3 * BATCH), called.append, before_batch=look)
    assert (looks, len(called)) == ([0, BATCH], BATCH)


def test_nothing_to_do_looks_at_nothing() -> None:
    def look() -> None:
        raise AssertionError("there is no batch")

    assert for_each([], print, before_batch=look).done == []


def test_calls_overlap_and_never_more_than_there_are_workers() -> None:
    together = threading.Barrier(4)
    lock = threading.Lock()
    running, peak = 0, 0

    def call(_item: int) -> None:
        nonlocal running, peak
        with lock:
            running += 1
            peak = max(peak, running)
        together.wait(timeout=10)
        with lock:
            running -= 1

    for_each(range(4), call, workers=4)
    assert peak == 4


def test_reads_together_are_told_in_their_order_whichever_answers_first() -> None:
    second = threading.Event()

    def first() -> str:
        assert second.wait(20.0), "the reads went one after the other"
        return "first"

    assert together(first, lambda: second.set() or "second") == ["first", "second"]


def test_of_reads_together_the_first_that_failed_is_raised_whichever_failed_first() -> None:
    second = threading.Event()

    def fail_late() -> None:
        second.wait(20.0)
        raise Failed("list claims")

    def fail_at_once() -> None:
        second.set()
        raise Failed("list volumes")

    with pytest.raises(Failed, match="list claims"):
        together(fail_late, fail_at_once)
