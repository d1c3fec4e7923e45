# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections import Counter

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.caps import CappedQueue, Part
from hypothesis import example, given, settings
from hypothesis import strategies as st

LIMITS = {"storage class": 2, "namespace": 3, "node": 1}
PARTS = [("storage class", "fast"), ("storage class", "slow"), ("namespace", "a"), ("namespace", "b"), ("node", "n-1")]


def queue_of(parts: dict[str, tuple[Part, ...]]) -> CappedQueue:
    queue = CappedQueue(LIMITS, parts)
    for rank, key in enumerate(parts):
        queue.put(key, rank)
    return queue


def taken(queue: CappedQueue) -> list[str]:
    found = []
    while (key := queue.take()) is not None:
        found.append(key)
    return found


def test_what_has_no_room_lets_others_pass() -> None:
    fast, slow = (("storage class", "fast"),), (("storage class", "slow"),)
    queue = queue_of({"a": fast, "b": fast, "c": fast, "d": slow, "e": ()})
    assert (taken(queue), len(queue)) == (["a", "b", "d", "e"], 1)
    queue.release("b")
    assert taken(queue) == ["c"]


def test_a_place_that_the_first_cannot_use_goes_to_the_next() -> None:
    fast = ("storage class", "fast")
    queue = queue_of({"a": (fast,), "b": (fast,), "n": (("node", "n-1"),), "c": (fast, ("node", "n-1")), "d": (fast,)})
    assert taken(queue) == ["a", "b", "n"]
    queue.release("a")
    assert taken(queue) == ["d"]


def test_what_comes_to_wait_where_a_place_was_just_freed_comes_out_before_those_behind_it() -> None:
    fast, both = ("storage class", "fast"), (("storage class", "fast"), ("namespace", "a"))
    queue = CappedQueue(LIMITS, {**dict.fromkeys(["a", "b", "c"], (fast,)), "late": both, "first": both})
    for rank, key in enumerate(["a", "b", "c", "late"], 1):
        queue.put(key, rank)
    assert taken(queue) == ["a", "b"]
    queue.release("a")
    queue.put("first", 0)
    assert taken(queue) == ["first"]


@pytest.mark.parametrize(("most", "fitting"), [(0, 0), (3, 3), (10, 4)])
def test_how_many_have_room_in_all_their_parts(most: int, fitting: int) -> None:
    fast, slow, a = PARTS[0], PARTS[1], PARTS[2]
    queue = queue_of({**dict.fromkeys("abc", (fast,)), **dict.fromkeys("def", (fast, a)), "g": (slow,), "h": ()})
    assert queue.fitting(most) == fitting


def test_what_was_asked_before_holds_its_places() -> None:
    queue = queue_of(dict.fromkeys("abc", (("storage class", "fast"),)))
    queue.hold("c")
    assert (taken(queue), len(queue)) == (["a"], 1)


def test_a_node_that_the_cluster_chose_counts_until_the_vm_is_up() -> None:
    queue = queue_of({"a": (), "pinned": (("node", "n-1"),)})
    queue.hold("a")
    queue.settle("a", "n-1")
    assert taken(queue) == []
    queue.release("a")
    assert taken(queue) == ["pinned"]


def test_all_nodes_have_room_for_what_is_on_none_of_them_yet() -> None:
    queue = queue_of({"a": (), "b": (), "c": ()})
    assert queue.room_on(["n-1", "n-2"]) == 2
    queue.hold("a")
    assert queue.room_on(["n-1", "n-2"]) == 1
    queue.settle("a", "n-1")
    queue.hold("b")
    # both on one node, against what was hoped for: a third might come to it too
    queue.settle("b", "n-1")
    assert queue.room_on(["n-1", "n-2"]) == 0
    assert queue.room_on(["n-2", "n-3"]) == 2


def test_a_vm_that_is_made_again_on_another_node_counts_there_only() -> None:
    queue = queue_of({"a": (), "pinned": (("node", "n-1"),)})
    queue.hold("a")
    queue.settle("a", "n-1")
    assert taken(queue) == []
    queue.settle("a", "n-2")
    assert queue.room_on(["n-2", "n-3"]) == 1
    assert taken(queue) == ["pinned"]


def test_a_vm_that_is_made_again_and_has_no_node_yet_may_come_to_any() -> None:
    queue = queue_of({"a": (), "pinned": (("node", "n-1"),)})
    queue.hold("a")
    queue.settle("a", "n-1")
    assert taken(queue) == []
    queue.settle("a", "")
    assert queue.room_on(["n-2", "n-3"]) == 1
    assert taken(queue) == ["pinned"]


def test_a_vm_that_asked_for_a_node_counts_there_before_the_cluster_has_chosen() -> None:
    queue = queue_of({"a": (("node", "n-1"),), "b": (("node", "n-1"),)})
    assert taken(queue) == ["a"]
    queue.settle("a", "")
    assert taken(queue) == []


GPU = ("nodes", "gpu=true")


def test_what_asks_for_some_of_the_nodes_takes_no_more_than_these_have_room_for() -> None:
    queue = queue_of({"a": (GPU,), "b": (GPU,), "c": (GPU,), "d": ()})
    queue.limit_selected([frozenset({"gpu=true", "zone=1"}), frozenset({"gpu=true"}), frozenset({"zone=1"})])
    assert taken(queue) == ["a", "b", "d"]
    queue.release("a")
    assert taken(queue) == ["c"]


def test_nodes_that_come_make_room_for_what_asks_for_them() -> None:
    queue = queue_of({"a": (GPU,), "b": (GPU,), "c": (GPU, ("storage class", "fast")), "d": (GPU,)})
    queue.limit_selected([frozenset({"gpu=true"})])
    assert taken(queue) == ["a"]
    queue.limit_selected([frozenset({"gpu=true"})] * 3)
    assert taken(queue) == ["b", "c"]


def test_what_asks_for_nodes_that_there_are_none_of_begins_and_is_seen_to_fail() -> None:
    queue = queue_of({"a": (GPU,), "b": (GPU,)})
    queue.limit_selected([frozenset({"zone=1"})])
    assert taken(queue) == ["a"]
    queue.release("a")
    assert taken(queue) == ["b"]


@settings(max_examples=200)
@given(
    st.lists(st.lists(st.sampled_from(PARTS), unique=True, max_size=3).map(tuple), max_size=25),
    st.lists(st.tuples(st.sampled_from(["put", "free", "drop", "take", "take"]), st.integers(0, 30)), max_size=80),
)
@example(
    # one that was woken for a place, and gone before it took it
    [(PARTS[0], PARTS[4]), (PARTS[4], PARTS[0]), (PARTS[4],), (PARTS[4], PARTS[0])],
    [*[("put", 0)] * 4, ("take", 0), ("take", 0), ("free", 0), ("drop", 0), ("take", 0)],
)
def test_whatever_is_freed_the_first_that_fits_comes_out_and_nobody_is_forgotten(
    parts: list[tuple[Part, ...]], steps: list[tuple[str, int]]
) -> None:
    of = {f"vm-{number:02}": mine for number, mine in enumerate(parts)}
    queue, outside, waiting, held = CappedQueue(LIMITS, of), list(of), [], []
    for step, number in steps:
        if step == "put" and outside:
            key = outside.pop(number % len(outside))
            queue.put(key, list(of).index(key))
            waiting = sorted([*waiting, key])
        elif step == "free" and held:
            queue.release(held.pop(number % len(held)))
        elif step == "drop" and waiting:
            queue.drop(waiting.pop(number % len(waiting)))
        elif step == "take":
            count = Counter(part for key in held for part in of[key])
            fitting = [key for key in waiting if all(count[part] < LIMITS[part[0]] for part in of[key])]
            assert queue.fitting(1) == len(fitting[:1])
            assert queue.take() == (fitting[0] if fitting else None)
            held += fitting[:1]
            waiting = [key for key in waiting if key not in held]
        assert len(queue) == len(waiting)
