# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A promotion on an ordinary server is refused for each reason that there is, by the real agent."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import DrError, Refused, TerminalState
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.nfs.beside import await_met, locked, note
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.nfs.local_pair import Pair


@pytest.fixture
def synced(pair: Pair) -> Pair:
    """East is demoted, and its final sync proven."""
    pair.provider.demote(pair.group, "east")
    assert pair.provider.final_sync(pair.group, "east", "west").holds
    return pair


def refusal(pair: Pair, site: str, forced: bool = False) -> str:
    """What was seen; the side stays as it is."""
    asked = {"east": pair.east, "west": pair.west}[site]
    before = asked.state()
    with pytest.raises(Refused) as refused:
        pair.provider.promote(pair.group, site, forced)
    assert (asked.state(), asked.exported()) == (before, "ro")
    return refused.value.seen or ""


def test_p1_a_copy_is_not_promoted_beside_its_primary(pair: Pair) -> None:
    assert "demote it first" in refusal(pair, "west")


def test_p3_a_copy_that_nothing_has_reached_is_not_promoted(pair: Pair) -> None:
    pair.provider.demote(pair.group, "east")
    note(pair.west, epoch="", last_sync="")
    assert "nothing has reached this side yet" in refusal(pair, "west")


def test_p3_a_copy_whose_newer_final_sync_was_cut_off_is_not_promoted(synced: Pair) -> None:
    """East would agree: it has the proof of the older one."""
    synced.east.write(os.urandom(500_000))
    synced.west.cut_transfers(after=100_000)
    with pytest.raises(DrError):
        synced.provider.final_sync(synced.group, "east", "west")
    assert "has not completed" in refusal(synced, "west")


def test_p1_a_part_of_a_split_brain_is_not_promoted_beside_a_part_that_is_silent(pair: Pair) -> None:
    """Where the peer is only silent, the source of a move is promoted again by force."""
    pair.part()
    pair.provider.demote(pair.group, "east")
    pair.east.tick()
    pair.west.lose()
    with pytest.raises(TerminalState, match="resync it first"):
        pair.provider.promote(pair.group, "east", forced=False)


@pytest.mark.parametrize("site", ["east", "west"])
def test_p1_of_two_demoted_parts_of_a_split_brain_none_is_promoted(pair: Pair, site: str) -> None:
    pair.part()
    for demoted in ("east", "west"):
        pair.provider.demote(pair.group, demoted)
    with pytest.raises(TerminalState, match="the other side in"):
        pair.provider.promote(pair.group, site, forced=False)


@pytest.mark.parametrize("forced", [False, True])
def test_an_export_whose_file_system_is_not_mounted_is_not_promoted(synced: Pair, forced: bool) -> None:
    (synced.west.export / ".ocpvirt-dr").unlink()
    with pytest.raises(DrError, match="not mounted"):
        synced.provider.promote(synced.group, "west", forced)
    assert synced.west.exported() == "ro"


@pytest.mark.parametrize(
    ("mode", "meanwhile", "reason"),
    [
        ("orderly", {"open": "yes"}, "Busy"),
        ("orderly", {"snapshot": "other"}, "Busy"),
        ("force", {"resyncing": "yes"}, "HalfResynced"),
        ("force", {"epoch": ""}, "NoCopy"),
    ],
)
def test_p3_a_promotion_looks_again_once_nothing_comes_in_any_more(
    synced: Pair, pool: ThreadPoolExecutor, mode: str, meanwhile: dict[str, str], reason: str
) -> None:
    with locked(synced.west, "payroll.transfer"):
        promoted = pool.submit(synced.west.agent, "promote", mode)
        await_met(synced.west, promoted)
        note(synced.west, **meanwhile)
    assert promoted.result()["error"]["reason"] == reason
    assert synced.west.exported() == "ro"


def test_a_forced_promotion_keeps_nothing_of_a_transfer_that_was_cut_off(pair: Pair) -> None:
    pair.east.write(os.urandom(100_000), "new.img")
    pair.east.write(os.urandom(500_000), "next.img")
    pair.west.cut_transfers(after=300_000)
    assert "error" in pair.east.agent("push")
    assert (pair.west.export / ".~tmp~").exists()
    pair.provider.promote(pair.group, "west", forced=True)
    assert sorted(file.name for file in pair.west.export.iterdir()) == [".ocpvirt-dr", "disk.img"]


def test_what_was_promoted_by_force_has_sent_nothing_and_needs_no_resync(pair: Pair) -> None:
    arrived = pair.status("west").last_sync
    pair.part()
    seen = pair.status("west")
    assert (seen.health, seen.last_sync) == ("degraded", None)
    assert arrived
    assert seen.raw["recovery_point"] == arrived.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert pair.status("east").health == "diverged"
