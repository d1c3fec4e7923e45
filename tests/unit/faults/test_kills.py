# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Moments of kills, drawn from a seed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from ansible_collections.ocpvirt.dr.tests.faults.kills import Place, draw, spans
from ansible_collections.ocpvirt.dr.tests.faults.settings import FULL_KILLS
from ansible_collections.ocpvirt.dr.tests.faults.tally import KILLS_WANTED

PLAYBOOKS = Path(__file__).resolve().parents[3] / "playbooks"
STEPS = [Place(1, step) for step in ("begin", "quiesce", "sync", "promote", "start", "end")]
TOOK = {place: float(number) for number, place in enumerate(STEPS, 1)}


def test_a_step_takes_until_the_next_one_begins() -> None:
    begun = [(10.0, STEPS[0]), (12.0, STEPS[1])]
    assert spans(begun, ended=17.0) == {STEPS[0]: 2.0, STEPS[1]: 5.0}


def test_the_same_seed_draws_the_same_moments() -> None:
    assert draw(TOOK, "7", 6, inside=True) == draw(TOOK, "7", 6, inside=True)
    assert draw(TOOK, "7", 6, inside=True) != draw(TOOK, "8", 6, inside=True)


def test_every_step_is_met_at_its_boundary_and_what_is_left_falls_inside_of_them() -> None:
    kills = draw(TOOK, "7", 10, inside=False)
    assert [kill.place for kill in kills if not kill.after] == STEPS
    assert len([kill for kill in kills if kill.after]) == 4


def test_inside_a_step_means_before_its_end() -> None:
    kills = draw(TOOK, "7", 26, inside=True)
    assert len(kills) == 26
    assert all(0 <= kill.after <= TOOK[kill.place] for kill in kills)
    assert len({kill.after for kill in kills}) > 20


def test_kills_follow_the_order_of_time() -> None:
    for seed in range(20):
        order = [(STEPS.index(kill.place), kill.after) for kill in draw(TOOK, str(seed), 12, inside=True)]
        assert order == sorted(order)


def test_the_last_step_is_met_only_once_as_the_playbook_may_end_in_it() -> None:
    for seed in range(20):
        places = [kill.place for kill in draw(TOOK, str(seed), 20, inside=seed % 2 == 0)]
        assert places.count(STEPS[-1]) == 1


def test_a_few_are_in_as_many_steps() -> None:
    places = [kill.place for kill in draw(TOOK, "7", 3, inside=True)]
    assert len(set(places)) == 3
    assert places == sorted(places, key=STEPS.index)


def test_over_many_seeds_both_kinds_of_kills_are_met() -> None:
    kills = [kill for seed in range(20) for kill in draw(TOOK, str(seed), 6, inside=True)]
    assert {kill.parent_only for kill in kills} == {True, False}


def test_one_lock_is_waited_out_inside_the_first_step() -> None:
    waited = [kill.place for kill in draw(TOOK, "7", 11, inside=True, patient=True) if kill.lock]
    assert waited == [STEPS[0]]


def test_at_boundaries_another_lock_is_waited_out_each_time() -> None:
    waited = [
        [kill.place for kill in draw(TOOK, str(seed), 6, inside=False, patient=True) if kill.lock] for seed in range(30)
    ]
    assert {len(places) for places in waited} == {1}
    assert {place for places in waited for place in places} == set(STEPS)


def test_next_to_so_many_modules_that_are_left_alive_in_a_step_the_next_attempt_begins() -> None:
    for seed in range(30):
        kills = draw(TOOK, str(seed), 16, inside=True, patient=True, beside=2)
        beside = [kill for kill in kills if kill.beside]
        able = [kill for kill in kills[:-1] if kill.parent_only and kill.place != STEPS[0]]
        assert len(beside) == min(2, len(able))
        assert all(kill.parent_only and kill.after and not kill.lock for kill in beside)
        assert STEPS[0] not in [kill.place for kill in beside]
        assert not kills[-1].beside


def test_to_begin_beside_a_module_changes_no_other_kill() -> None:
    plain, beside = (draw(TOOK, "7", 16, inside=True, beside=count) for count in (0, 2))
    assert [replace(kill, beside=False) for kill in beside] == plain
    assert beside != plain


def test_an_impatient_round_waits_for_no_lock() -> None:
    assert not any(kill.lock for kill in draw(TOOK, "7", 6, inside=True) + draw(TOOK, "7", 6, inside=False))


@pytest.mark.parametrize("playbooks", [["relocate"], ["failover"], ["reprotect", "relocate"]], ids="-".join)
def test_the_full_suite_meets_every_boundary_of_an_operation_and_has_kills_to_spare(playbooks: list[str]) -> None:
    places = [Place(play, step) for play, name in enumerate(playbooks, 1) for step in steps_of(name)]
    kills = [kill for number in (1, 2) for kill in draw(dict.fromkeys(places, 3.0), "1", FULL_KILLS, inside=number > 1)]
    assert {kill.place for kill in kills if not kill.after} == set(places)
    assert len(kills) > KILLS_WANTED


def steps_of(playbook: str) -> list[str]:
    (play,) = yaml.safe_load((PLAYBOOKS / f"{playbook}.yml").read_text())
    return ["begin", *play["vars"]["begin_steps"]]
