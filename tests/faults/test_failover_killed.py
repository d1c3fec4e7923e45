# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Failovers, and failbacks to the site that came back, killed again and again; each goes on from the one before it."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.tests.faults.disturbed import disturb
from ansible_collections.ocpvirt.dr.tests.faults.operations import MARKS
from ansible_collections.ocpvirt.dr.tests.faults.settings import ROUNDS
from ansible_collections.ocpvirt.dr.tests.faults.stage import Stage

pytestmark = MARKS
# in which round one lock is waited out: of a lost source's failover while nothing is recorded yet
PATIENT = {"failover": 2, "failback": 1}


@pytest.fixture(scope="module", params=ROUNDS)
def number(request: pytest.FixtureRequest) -> int:
    return int(request.param)


def test_p5_a_failover_that_is_killed_again_and_again_ends_as_if_nothing_had_been(stage: Stage, number: int) -> None:
    disturb(stage, stage.before("failover"), number, patient=PATIENT["failover"] == number)


def test_p5_a_failback_that_is_killed_again_and_again_ends_as_if_nothing_had_been(stage: Stage, number: int) -> None:
    disturb(stage, stage.before("failback"), number, patient=PATIENT["failback"] == number)
