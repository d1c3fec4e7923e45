# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Moments of kills, drawn from a seed."""

from __future__ import annotations

from ansible_collections.ocpvirt.dr.tests.faults.kills import Place, draw, spans

STEPS = [Place(1, step) for step in ("begin", "quiesce", "sync", "promote", "start", "end")]
TOOK = {place: float(number) for number, place in enumerate(STEPS, 1)}


def test_a_step_takes_until_the_next_one_begins() -> None:
    begun = [(10.0, STEPS[0]), (12.0, STEPS[1])]
    assert spans(begun, ended=17.0) == {STEPS[0]: 2.0, STEPS[1]: 5.0}


def test_the_same_seed_draws_the_same_moments() -> None:
    assert draw(TOOK, 7, inside=True) == draw(TOOK, 7, inside=True)
    assert draw(TOOK, 7, inside=True) != draw(TOOK, 8, inside=True)


def test_every_step_is_met_at_its_boundary() -> None:
    kills = draw(TOOK, 7, inside=False)
    assert [kill.place for kill in kills] == STEPS
    assert {kill.after for kill in kills} == {0.0}


def test_inside_a_step_means_before_its_end() -> None:
    kills = draw(TOOK, 7, inside=True, more=20)
    assert len(kills) == 26
    assert all(0 <= kill.after <= TOOK[kill.place] for kill in kills)
    assert len({kill.after for kill in kills}) > 20


def test_a_few_keep_the_order_of_the_steps() -> None:
    places = [kill.place for kill in draw(TOOK, 7, inside=True, limit=3)]
    assert len(places) == 3
    assert places == sorted(places, key=STEPS.index)


def test_over_many_seeds_both_kinds_are_met_and_some_locks_are_waited_out() -> None:
    kills = [kill for seed in range(20) for kill in draw(TOOK, seed, inside=True)]
    assert {kill.parent_only for kill in kills} == {True, False}
    waited = [kill for kill in kills if kill.lock]
    assert 20 <= len(waited) <= 40
    assert {STEPS[0]} < {kill.place for kill in waited}
