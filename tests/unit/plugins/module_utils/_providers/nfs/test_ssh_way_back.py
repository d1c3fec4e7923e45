# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The site that a planned move left follows the other one at once, however late cron's first transfer is."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.guards.switch import is_clean_secondary
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.nfs.local_pair import Pair


@pytest.fixture
def demoted(pair: Pair) -> Pair:
    """East is demoted, and its final sync proven; west is not promoted yet."""
    pair.provider.demote(pair.group, "east")
    assert pair.provider.final_sync(pair.group, "east", "west").holds
    return pair


def test_p5_after_a_planned_move_nothing_is_left_for_a_reprotect(demoted: Pair) -> None:
    demoted.provider.promote(demoted.group, "west", forced=False)
    left = demoted.status("east")
    assert (left.direction, left.health) == ("incoming", "healthy")
    assert is_clean_secondary([demoted.status("west")], [left])
    assert demoted.provider.resync(demoted.group, "east") is False


def test_a_demoted_side_follows_nobody_before_the_other_is_promoted(demoted: Pair) -> None:
    left = demoted.status("east")
    assert (left.direction, left.health) == ("none", "healthy")
    assert left.sync_proof


def test_a_demoted_side_does_not_follow_what_was_promoted_by_force(demoted: Pair) -> None:
    demoted.provider.promote(demoted.group, "west", forced=True)
    assert demoted.status("east").direction == "none"
    assert not is_clean_secondary([demoted.status("west")], [demoted.status("east")])


def test_a_demoted_side_whose_peer_is_silent_is_not_said_to_follow(demoted: Pair) -> None:
    demoted.provider.promote(demoted.group, "west", forced=False)
    demoted.west.lose()
    assert demoted.status("east").direction == "none"
