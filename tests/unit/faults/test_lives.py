# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The check for double starts fails when it should: on invented histories of two sites."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.tests.faults.lives import (
    Life,
    Outage,
    double_lives,
    lives_at,
    lives_on,
    made_again,
)
from ocpvirt_lab.start_history import VM, VMI, Seen

EAST = Life("payroll/db-0", "east", "e1", 10, 20)


def vmi(at: float, revision: int, uid: str | None, kind: str = VMI) -> Seen:
    body = None if uid is None else {"metadata": {"uid": uid}}
    return Seen(at, revision, kind, "payroll/db-0", body)


def at_west(since: float, until: float = inf, who: str = "w1", vm: str = "payroll/db-0") -> Life:
    return Life(vm, "west", who, since, until)


def test_a_vm_lives_from_its_first_event_until_it_is_gone() -> None:
    events = [vmi(1, 1, "a"), vmi(2, 2, "a"), vmi(5, 3, None), vmi(7, 4, "b")]
    assert lives_at("east", events) == [
        Life("payroll/db-0", "east", "a", 1, 5),
        Life("payroll/db-0", "east", "b", 7),
    ]


def test_a_vmi_that_was_replaced_between_two_looks_ended_when_the_other_was_seen() -> None:
    assert lives_at("east", [vmi(1, 1, "a"), vmi(5, 2, "b")])[0].until == 5


def test_what_lived_when_a_watch_was_given_up_ended_then() -> None:
    assert lives_at("east", [vmi(1, 1, "a")], until=9) == [Life("payroll/db-0", "east", "a", 1, 9)]


def test_a_vm_without_a_vmi_does_not_live() -> None:
    assert lives_at("east", [vmi(1, 1, "a", kind=VM)]) == []


@pytest.mark.parametrize(
    "other",
    [at_west(19.9), at_west(5), at_west(12, 13), at_west(5, 11), Life("payroll/db-0", "east", "e2", 15)],
    ids=["overlap at the end", "around it", "within it", "at its beginning", "two VMIs at one site"],
)
def test_p1_two_that_live_at_once_are_a_double_start(other: Life) -> None:
    for lives in ([EAST, other], [other, EAST]):
        assert len(double_lives(lives)) == 1


@pytest.mark.parametrize(
    "other", [at_west(20), at_west(1, 10), at_west(15, vm="payroll/db-1")], ids=["after", "before", "another VM"]
)
def test_one_after_the_other_is_none(other: Life) -> None:
    assert double_lives([EAST, other]) == []


def test_a_double_start_says_who_where_and_for_how_long() -> None:
    (told,) = double_lives([EAST, at_west(18, 40)])
    assert "payroll/db-0 lived at east (e1) and at west (w1) at once: for 2.0 s" in told


def test_a_killed_site_has_no_lives_from_then_on() -> None:
    assert double_lives([Life("payroll/db-0", "east", "e1", 10), at_west(20)], [Outage("east", lost=15)]) == []


def test_a_double_start_before_the_loss_is_one_all_the_same() -> None:
    assert double_lives([Life("payroll/db-0", "east", "e1", 10), at_west(14)], [Outage("east", lost=15)])


def test_what_a_returned_site_starts_by_itself_is_known() -> None:
    outage = Outage("east", lost=15, back=50, known=60)
    assert double_lives([Life("payroll/db-0", "east", "e1", 10, 70), at_west(20)], [outage]) == []
    assert double_lives([Life("payroll/db-0", "east", "e2", 52, 70), at_west(20)], [outage]) == []


def test_what_starts_there_once_a_run_was_asked_is_a_double_start() -> None:
    outage = Outage("east", lost=15, back=50, known=60)
    assert double_lives([Life("payroll/db-0", "east", "e3", 61, 70), at_west(20)], [outage])


def volume(*boots: tuple[str, str, str, str]) -> dict[str, Any]:
    names = ("boot", "site", "first_t", "last_t")
    return {"vm": "payroll/db-0", "boots": [dict(zip(names, boot, strict=True)) for boot in boots]}


def at(second: float) -> str:
    return f"2026-07-26T10:00:{second:012.9f}Z"


def test_p1_the_disks_of_both_sites_show_two_writers() -> None:
    east, west = volume(("e1", "east", at(1), at(9))), volume(("w1", "west", at(8), at(20)))
    assert len(double_lives(lives_on([east, west]))) == 1


def test_p1_two_writers_on_one_disk_are_seen_by_their_turns() -> None:
    disk = volume(("e1", "east", at(1), at(3)), ("w1", "west", at(4), at(5)), ("e1", "east", at(6), at(7)))
    assert len(double_lives(lives_on([disk]))) == 1


def test_what_a_disk_held_before_it_was_replaced_is_not_forgotten() -> None:
    """East wrote until second 9; then its disk was replaced by that of west, which has less of it."""
    known = lives_on([volume(("e1", "east", at(1), at(9)))])
    replaced = volume(("e1", "east", at(1), at(5)), ("w1", "west", at(8), at(20)))
    assert double_lives(lives_on([replaced], known))
    assert double_lives(lives_on([replaced])) == []


def test_p5_a_vm_that_began_twice_in_a_run_is_told() -> None:
    lives = [at_west(10, 20, "w1"), at_west(21, who="w2"), at_west(1, 2, "w0")]
    assert made_again(lives, "west", since=5, until=30) == ["payroll/db-0 began 2 times at west"]
    assert made_again(lives, "west", since=15, until=30) == []
    assert made_again(lives, "east", since=5, until=30) == []


def test_p5_a_vm_object_that_was_made_anew_is_told_by_its_uid() -> None:
    events = [vmi(1, 1, "a", kind=VM), vmi(3, 2, None, kind=VM), vmi(4, 3, "b", kind=VM)]
    lives = lives_at("west", events, kind=VM)
    assert made_again(lives, "west", since=0, until=9) == ["payroll/db-0 began 2 times at west"]
