# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy on an ordinary server is promoted by force only where it is whole, by the real agent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import DrError, Refused
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.nfs.local_pair import Pair


@pytest.fixture
def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pair:
    return Pair(tmp_path, monkeypatch)


def refused_promotion(pair: Pair) -> Refused:
    """Of west, which it leaves as it was."""
    before = pair.west.state()
    with pytest.raises(Refused) as refused:
        pair.provider.promote(pair.group, "west", forced=True)
    assert (pair.west.state(), pair.west.exported()) == (before, "ro")
    return refused.value


def test_p10_a_copy_that_never_arrived_is_not_promoted_by_force(pair: Pair) -> None:
    pair.east.write(b"never sent")
    pair.east.lose()
    refusal = refused_promotion(pair)
    assert "no whole copy" in (refusal.seen or "")
    assert "restore" in (refusal.next_step or "")
    assert "first copy" in (refusal.next_step or "")


def test_a_first_copy_that_was_cut_off_is_not_promoted_by_force(pair: Pair) -> None:
    pair.east.write(os.urandom(500_000))
    pair.west.cut_transfers(after=300_000)
    assert "error" in pair.east.agent("push")
    pair.east.lose()
    assert "no whole copy" in (refused_promotion(pair).seen or "")


def test_p10_a_resync_that_was_cut_off_is_not_promoted_by_force(pair: Pair) -> None:
    pair.east.write(os.urandom(500_000))
    pair.push()
    pair.part()
    pair.provider.demote(pair.group, "west")
    pair.provider.promote(pair.group, "east", forced=True)
    pair.east.write(os.urandom(500_000))
    pair.east.cut_transfers(after=100_000)
    with pytest.raises(DrError):
        pair.provider.resync(pair.group, "west")
    pair.east.lose()
    refusal = refused_promotion(pair)
    assert "resync" in (refusal.seen or "")
    assert "restore" in (refusal.next_step or "")


def test_a_resync_that_was_cut_off_is_promoted_once_its_repetition_arrived(pair: Pair) -> None:
    pair.east.write(b"first")
    pair.push()
    pair.part()
    pair.west.write(b"life at west")
    pair.west.cut_transfers(after=10)
    with pytest.raises(DrError):
        pair.provider.resync(pair.group, "east")
    pair.west.mend_transfers()
    assert pair.provider.resync(pair.group, "east")
    pair.west.lose()
    assert pair.provider.promote(pair.group, "east", forced=True)
    assert pair.east.read() == b"life at west"


def test_p4_a_normal_transfer_that_was_cut_off_is_promoted_and_says_so(pair: Pair) -> None:
    pair.east.write(b"whole")
    pair.push()
    pair.east.write(os.urandom(500_000))
    pair.west.cut_transfers(after=100_000)
    assert "error" in pair.east.agent("push")
    pair.east.lose()
    assert pair.provider.promote(pair.group, "west", forced=True)
    # rsync puts files in place at the end only
    assert pair.west.read() == b"whole"
    assert "two moments" in pair.status("west").message


def test_p4_a_demoted_source_is_promoted_by_force_though_nothing_ever_arrived_there(pair: Pair) -> None:
    pair.east.write(b"the only one")
    pair.provider.demote(pair.group, "east")
    pair.west.lose()
    assert pair.provider.promote(pair.group, "east", forced=True)
    assert pair.roles()[0] == "primary"


def test_p5_the_pause_that_a_killed_promotion_left_is_ended(pair: Pair) -> None:
    pair.east.write(b"one")
    pair.push()
    pair.east.lose()
    pair.provider.promote(pair.group, "west", forced=True)
    pair.west.agent("pause")
    pair.provider.end_forced_all([pair.group], "west")
    assert pair.status("west").raw["paused"] is False
