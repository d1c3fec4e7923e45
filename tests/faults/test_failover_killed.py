# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Failovers, and failbacks to the site that came back, killed again and again; each goes on from the one before it."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.tests.faults.disturbed import disturb
from ansible_collections.ocpvirt.dr.tests.faults.move import FAILBACK_AFTER_LOSS, FAILOVER
from ansible_collections.ocpvirt.dr.tests.faults.settings import ROUNDS
from ansible_collections.ocpvirt.dr.tests.faults.stage import Stage

pytestmark = pytest.mark.full
# in which round one lock is waited out: of a lost source's failover while nothing is recorded yet
PATIENT = {FAILOVER: 2, FAILBACK_AFTER_LOSS: 1}


@pytest.fixture(scope="module")
def known(stage: Stage) -> Stage:
    """At its home, after each was made once without a fault."""
    for move in (FAILOVER, FAILBACK_AFTER_LOSS):
        stage.prepare(move)
        stage.go(move)
    return stage


@pytest.fixture(scope="module", params=ROUNDS)
def number(request: pytest.FixtureRequest) -> int:
    return int(request.param)


def test_p5_a_failover_that_is_killed_again_and_again_ends_as_if_nothing_had_been(known: Stage, number: int) -> None:
    known.prepare(FAILOVER)
    disturb(known, FAILOVER, number, patient=PATIENT[FAILOVER] == number)


def test_p5_a_failback_that_is_killed_again_and_again_ends_as_if_nothing_had_been(known: Stage, number: int) -> None:
    known.prepare(FAILBACK_AFTER_LOSS)
    disturb(known, FAILBACK_AFTER_LOSS, number, patient=PATIENT[FAILBACK_AFTER_LOSS] == number)
