# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A planned move between ordinary servers that is cut off or killed at some point, by the real agent."""

from __future__ import annotations

import os

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import DrError, Refused
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.nfs.local_pair import Pair

LAST_WORDS = os.urandom(500_000)


@pytest.fixture
def pair(pair: Pair) -> Pair:
    """East has written since it was replicated."""
    pair.east.write(LAST_WORDS)
    return pair


def move(pair: Pair) -> None:
    pair.provider.demote(pair.group, "east")
    assert pair.provider.final_sync(pair.group, "east", "west").holds
    pair.provider.promote(pair.group, "west", forced=False)


def check_moved(pair: Pair) -> None:
    assert pair.roles() == ("secondary", "primary")
    assert (pair.east.exported(), pair.west.exported()) == ("ro", "rw")
    assert pair.west.read() == LAST_WORDS
    pair.push(pair.west)
    assert (pair.status("east").health, pair.status("west").health) == ("healthy", "healthy")


def test_p3_a_final_sync_that_was_cut_off_proves_nothing_and_is_finished_by_the_next(pair: Pair) -> None:
    pair.provider.demote(pair.group, "east")
    pair.west.cut_transfers(after=100_000)
    with pytest.raises(DrError):
        pair.provider.final_sync(pair.group, "east", "west")
    assert pair.status("east").sync_proof == ""
    with pytest.raises(Refused, match="not completed"):
        pair.provider.promote(pair.group, "west", forced=False)

    pair.west.mend_transfers()
    assert pair.provider.final_sync(pair.group, "east", "west").holds
    pair.provider.promote(pair.group, "west", forced=False)
    check_moved(pair)


def test_p3_a_final_sync_of_whose_end_the_peer_was_not_told_proves_nothing(pair: Pair) -> None:
    """West holds everything and does not know it."""
    pair.provider.demote(pair.group, "east")
    pair.west.deafen(True)
    with pytest.raises(DrError):
        pair.provider.final_sync(pair.group, "east", "west")
    assert pair.west.read() == LAST_WORDS
    assert pair.status("east").sync_proof == ""
    with pytest.raises(Refused, match="not completed"):
        pair.provider.promote(pair.group, "west", forced=False)
    pair.west.deafen(False)
    move(pair)
    check_moved(pair)


def test_p5_a_final_sync_that_was_killed_before_its_proof_was_noted_is_done_by_the_next(pair: Pair) -> None:
    pair.provider.demote(pair.group, "east")
    noted = pair.east.state()
    pair.provider.final_sync(pair.group, "east", "west")
    (pair.east.root / "state/payroll.state").write_text(noted)
    with pytest.raises(Refused, match="final sync has not completed"):
        pair.provider.promote(pair.group, "west", forced=False)
    move(pair)
    check_moved(pair)


@pytest.mark.parametrize("done", ["demote", "demote sync", "demote sync promote"])
def test_p5_a_move_that_was_killed_ends_as_one_that_was_not(pair: Pair, done: str) -> None:
    """Each verb of the first run that was still done; then the same command."""
    verbs = {
        "demote": lambda: pair.provider.demote(pair.group, "east"),
        "sync": lambda: pair.provider.final_sync(pair.group, "east", "west"),
        "promote": lambda: pair.provider.promote(pair.group, "west", forced=False),
    }
    for verb in done.split():
        verbs[verb]()
    pair.provider.demote(pair.group, "east")
    if pair.status("west").role != "primary":
        assert pair.provider.final_sync(pair.group, "east", "west").holds
    pair.provider.promote(pair.group, "west", forced=False)
    check_moved(pair)


def test_p5_a_demotion_that_was_killed_before_it_was_noted_is_done_by_the_next(pair: Pair) -> None:
    """The export was read-only already, and the state still said primary."""
    noted = pair.east.state()
    pair.provider.demote(pair.group, "east")
    (pair.east.root / "state/payroll.state").write_text(noted)
    move(pair)
    check_moved(pair)


def test_p5_a_promotion_that_was_killed_before_it_was_noted_is_done_by_the_next(pair: Pair) -> None:
    """The export was writable already, and the state still said secondary."""
    pair.provider.demote(pair.group, "east")
    pair.provider.final_sync(pair.group, "east", "west")
    noted = pair.west.state()
    pair.provider.promote(pair.group, "west", forced=False)
    (pair.west.root / "state/payroll.state").write_text(noted)
    # P1: what can be written is not secondary
    seen = pair.status("west")
    assert (seen.role, seen.reachable, seen.health) == ("unknown", True, "degraded")
    assert "exported rw" in seen.message
    pair.provider.promote(pair.group, "west", forced=False)
    check_moved(pair)


def test_p3_a_demoted_side_whose_peer_holds_the_newer_copy_and_is_cut_off_is_not_promoted(pair: Pair) -> None:
    """Both are secondary, west was primary last, and does not answer."""
    move(pair)
    pair.west.write(b"newer, only at west")
    pair.provider.demote(pair.group, "west")
    assert pair.roles() == ("secondary", "secondary")
    with pytest.raises(Refused, match="final sync has not completed"):
        pair.provider.promote(pair.group, "east", forced=False)
    pair.west.lose()
    with pytest.raises(DrError) as refused:
        pair.provider.promote(pair.group, "east", forced=False)
    assert "promote by force" in (refused.value.next_step or "")
    assert (pair.status("east").role, pair.east.exported()) == ("secondary", "ro")


def test_p1_a_lost_sites_server_that_still_answers_is_set_read_only_without_its_peer(pair: Pair) -> None:
    pair.west.lose()
    assert pair.provider.demote(pair.group, "east")
    # now, and for the next boot
    assert (pair.root / "exportfs").read_text() == f"*:{pair.east.export} ro\n"
    assert pair.east.exported() == "ro"
