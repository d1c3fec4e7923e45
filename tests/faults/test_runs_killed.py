# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Moves whose ansible-playbook is killed again and again; each test goes on from the one before it, in rounds."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.tests.faults.kills import draw
from ansible_collections.ocpvirt.dr.tests.faults.move import (
    FAILBACK,
    FAILBACK_AFTER_LOSS,
    FAILOVER,
    HOME,
    RELOCATE,
    Move,
)
from ansible_collections.ocpvirt.dr.tests.faults.settings import FULL, KILLS, ROUNDS, SEED
from ansible_collections.ocpvirt.dr.tests.faults.stage import Stage

CYCLE = (RELOCATE, FAILBACK, FAILOVER, FAILBACK_AFTER_LOSS) if FULL else ()
# of moves with less than one kill in each step: both of one operation, in three rounds, are its thirty
LIMITS = {FAILBACK: 4, FAILBACK_AFTER_LOSS: 7}
# a step may have ended before the moment that was drawn in it
SPARE = {FAILOVER: 1}
# in which round one lock is waited out
PATIENT = {RELOCATE: 1, FAILOVER: 2, FAILBACK_AFTER_LOSS: 3} if FULL else {}


@pytest.fixture(scope="module")
def known(stage: Stage) -> Stage:
    """At its home, after each move was made once without a fault."""
    if not FULL:
        stage.onward()
    if stage.at != RELOCATE.source:
        stage.go(HOME)
    for move in CYCLE:
        stage.prepare(move)
        stage.go(move)
    return stage


@pytest.fixture(scope="module", params=ROUNDS)
def number(request: pytest.FixtureRequest) -> int:
    return int(request.param)


def disturb(stage: Stage, move: Move, number: int) -> None:
    stage.prepare(move)
    inside = number > 1
    seed = f"{SEED} {move.name} {number}"
    stage.tally.seeds.append(seed)
    limit = KILLS or LIMITS.get(move)
    more = SPARE.get(move, 0) if inside else 0
    kills = draw(stage.undisturbed[move.name].took, seed, inside, limit, more, patient=PATIENT.get(move) == number)
    print(f"{move.name}, seed {seed!r}: {len(kills)} kills", flush=True)
    assert stage.killed(move, kills) > 0


def test_p5_a_relocate_that_is_killed_again_and_again_ends_as_if_nothing_had_been(known: Stage, number: int) -> None:
    disturb(known, RELOCATE, number)


@pytest.mark.full
def test_p5_a_failback_that_is_killed_ends_as_if_nothing_had_been(known: Stage, number: int) -> None:
    disturb(known, FAILBACK, number)


@pytest.mark.full
def test_p5_a_failover_that_is_killed_again_and_again_ends_as_if_nothing_had_been(known: Stage, number: int) -> None:
    disturb(known, FAILOVER, number)


@pytest.mark.full
def test_p5_a_failback_after_a_loss_that_is_killed_ends_as_if_nothing_had_been(known: Stage, number: int) -> None:
    disturb(known, FAILBACK_AFTER_LOSS, number)
