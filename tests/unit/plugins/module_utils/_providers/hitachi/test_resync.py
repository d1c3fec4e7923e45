# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies that hitachi lets follow again, and those that it never replaces."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused, TerminalState, Timeout
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.hitachi.world import (
    PAIRED,
    World,
    killed_when,
    paired_world,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.killing import Killed
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.planned_switch import switch


@pytest.fixture(params=PAIRED)
def made(request: pytest.FixtureRequest) -> World:
    return paired_world(request.param)


def test_p5_no_word_is_left_of_a_resync_that_was_killed_when_it_was_done(made: World) -> None:
    made.forced()
    killed_when(made, "west", "swap-resync")
    with pytest.raises(Killed):
        made.provider.resync(made.group, "east")
    made.wait()
    made.arrays.copies_for_hours = True
    for pair in made.arrays.pairs.values():
        pair.status = "COPY" if pair.p == "west" else pair.status
    made.provider.resync(made.group, "east")
    assert (made.desired("east"), made.desired("west")) == ({"pair"}, {"pair"})
    assert made.provider.resync(made.group, "east") is False


def test_p5_a_site_that_has_not_looked_since_the_pair_was_turned_round_is_waited_for(made: World) -> None:
    """Both sites show a P-VOL until then."""
    made.forced()
    killed_when(made, "west", "swap-resync")
    with pytest.raises(Killed):
        made.provider.resync(made.group, "east")
    made.wait(6)
    made.provider.resync(made.group, "east")
    assert made.roles() == ("secondary", "primary")


def test_a_copy_that_has_taken_over_is_not_replaced_and_the_refusal_says_who_could(made: World) -> None:
    made.forced()
    with pytest.raises(Refused, match="to keep what east holds: delete the pair on the array, and make it anew"):
        made.provider.resync(made.group, "west")
    assert made.roles() == ("primary", "primary")


def test_p1_a_healthy_source_is_never_resynchronised(made: World) -> None:
    with pytest.raises(Refused, match="promote west first"):
        made.provider.resync(made.group, "east")
    assert made.apis["west"].asked() == []


def test_a_resync_over_a_path_that_is_cut_ends_with_the_last_state(made: World) -> None:
    made.forced()
    made.arrays.linked = False
    with pytest.raises((Timeout, TerminalState), match="the remote path is blocked"):
        made.provider.resync(made.group, "east")
    made.arrays.linked = True
    assert made.provider.resync(made.group, "east") is True
    assert made.roles() == ("secondary", "primary")


def test_a_resync_that_copies_for_hours_is_not_waited_for(made: World) -> None:
    made.arrays.copies_for_hours = True
    made.forced()
    began = made.time.seconds
    assert made.provider.resync(made.group, "east") is True
    assert made.time.seconds - began < 120
    assert made.provider.resync(made.group, "east") is False
    assert made.roles() == ("secondary", "primary")
    assert made.provider.observe(made.group, "east").health == "degraded"


def test_a_copy_that_was_split_off_follows_again(made: World) -> None:
    switch(made, "east", "west")
    made.wait()
    for name in made.arrays.pairs:
        made.arrays.execute("west", "split", name)
    made.wait()
    assert made.provider.resync(made.group, "east") is True
    assert made.roles() == ("secondary", "primary")
