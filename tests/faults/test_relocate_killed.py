# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Relocates, out and home, whose ansible-playbook is killed again and again."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.tests.faults.disturbed import disturb
from ansible_collections.ocpvirt.dr.tests.faults.move import RELOCATE
from ansible_collections.ocpvirt.dr.tests.faults.settings import ROUNDS
from ansible_collections.ocpvirt.dr.tests.faults.stage import Stage

pytestmark = pytest.mark.full
# the round in which one lock is waited out
PATIENT = 1


@pytest.mark.parametrize("number", ROUNDS)
def test_p5_a_relocate_that_is_killed_again_and_again_ends_as_if_nothing_had_been(stage: Stage, number: int) -> None:
    move = stage.onward()
    if move is RELOCATE:
        # what is there already needs no restore
        stage.clear(move.target)
    disturb(stage, move, number, patient=number == PATIENT)
