# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.waiting import LONGEST_POLL, wait_for
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import TerminalState, Timeout
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import SimulatedTime


@pytest.fixture
def time() -> SimulatedTime:
    return SimulatedTime()


def test_what_is_there_already_is_not_waited_for(time: SimulatedTime) -> None:
    assert wait_for(time.clock(), 60, lambda: ("done", ""), "wait", "west", "Restore/r") == "done"
    assert time.seconds == 0


def test_a_wait_ends_soon_after_the_value_is_there(time: SimulatedTime) -> None:
    wait_for(time.clock(), 600, lambda: (time.seconds >= 100, "New"), "wait", "west", "Restore/r")
    assert 100 <= time.seconds <= 100 + LONGEST_POLL


def test_p10_a_wait_that_ends_without_it_shows_the_last_state_and_how_long_it_took(time: SimulatedTime) -> None:
    with pytest.raises(Timeout) as error:
        wait_for(time.clock(), 30, lambda: (None, f"at {time.seconds:.0f} s"), "wait", "west", "Restore/r", "look")
    assert str(error.value) == "wait on Restore/r at site west; seen: at 30 s; waited 30 s; next: look"


def test_a_terminal_state_ends_the_wait_at_once(time: SimulatedTime) -> None:
    def failed() -> tuple[None, str]:
        raise TerminalState("wait", seen="phase Failed")

    with pytest.raises(TerminalState):
        wait_for(time.clock(), 600, failed, "wait", "west", "Restore/r")
    assert time.seconds == 0
