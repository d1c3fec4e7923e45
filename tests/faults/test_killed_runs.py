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
    RELOCATE,
    Move,
)
from ansible_collections.ocpvirt.dr.tests.faults.settings import KILLS, ROUNDS, SEED
from ansible_collections.ocpvirt.dr.tests.faults.stage import Stage

# a step may have ended before the moment that was drawn in it
SPARE = 2


@pytest.fixture(scope="module", params=ROUNDS)
def number(request: pytest.FixtureRequest) -> int:
    return int(request.param)


def disturb(stage: Stage, move: Move, number: int) -> None:
    took = stage.undisturbed[move.name].took
    inside = number > 1
    seed = f"{SEED} {move.name} {number}"
    stage.tally.seeds.append(seed)
    kills = draw(took, seed, inside, KILLS or None, more=SPARE if inside and not KILLS else 0)
    print(f"{move.name}, seed {seed!r}: {len(kills)} kills", flush=True)
    assert stage.killed(move, kills) > 0


def test_p5_a_relocate_that_is_killed_again_and_again_ends_as_if_nothing_had_been(stage: Stage, number: int) -> None:
    stage.clear("west")
    disturb(stage, RELOCATE, number)


@pytest.mark.full
def test_p5_a_failover_that_is_killed_again_and_again_ends_as_if_nothing_had_been(stage: Stage, number: int) -> None:
    # the failback after a loss has more to do, and is killed below
    stage.go(FAILBACK)
    stage.clear("west")
    stage.lose("east")
    disturb(stage, FAILOVER, number)


@pytest.mark.full
def test_p5_a_failback_after_a_loss_that_is_killed_ends_as_if_nothing_had_been(stage: Stage, number: int) -> None:
    stage.restore("east")
    disturb(stage, FAILBACK_AFTER_LOSS, number)
