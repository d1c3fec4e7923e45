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
    assert draw(TOOK, "7", inside=True) == draw(TOOK, "7", inside=True)
    assert draw(TOOK, "7", inside=True) != draw(TOOK, "8", inside=True)


def test_every_step_is_met_at_its_boundary() -> None:
    kills = draw(TOOK, "7", inside=False)
    assert [kill.place for kill in kills] == STEPS
    assert {kill.after for kill in kills} == {0.0}


def test_inside_a_step_means_before_its_end() -> None:
    kills = draw(TOOK, "7", inside=True, more=20)
    assert len(kills) == 26
    assert all(0 <= kill.after <= TOOK[kill.place] for kill in kills)
    assert len({kill.after for kill in kills}) > 20


def test_a_few_keep_the_order_of_the_steps() -> None:
    places = [kill.place for kill in draw(TOOK, "7", inside=True, limit=3)]
    assert len(places) == 3
    assert places == sorted(places, key=STEPS.index)


def test_over_many_seeds_both_kinds_of_kills_are_met() -> None:
    kills = [kill for seed in range(20) for kill in draw(TOOK, str(seed), inside=True)]
    assert {kill.parent_only for kill in kills} == {True, False}


def test_one_lock_is_waited_out_inside_the_first_step() -> None:
    assert [kill.place for kill in draw(TOOK, "7", inside=True, more=5, patient=True) if kill.lock] == [STEPS[0]]


def test_at_boundaries_another_lock_is_waited_out_each_time() -> None:
    waited = [
        [kill.place for kill in draw(TOOK, str(seed), inside=False, patient=True) if kill.lock] for seed in range(30)
    ]
    assert {len(places) for places in waited} == {1}
    assert {place for places in waited for place in places} == set(STEPS)


def test_an_impatient_round_waits_for_no_lock() -> None:
    assert not any(kill.lock for kill in draw(TOOK, "7", inside=True) + draw(TOOK, "7", inside=False))
