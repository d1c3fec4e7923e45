# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verbs of the real agent that run beside each other: one that a killed run left behind, and one of the next run."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.nfs.beside import (
    await_met,
    held_exportfs,
    locked,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.nfs.local_pair import Pair, Site


def field(site: Site, name: str) -> str:
    return next(line.partition("=")[2] for line in site.state().splitlines() if line.startswith(f"{name}="))


def exported(pair: Pair) -> str:
    """ro or rw, as exportfs was asked for last, at either site."""
    return (pair.root / "exportfs").read_text().split()[-1]


def state_file(site: Site) -> Path:
    return site.root / "state/payroll.state"


def test_p1_the_late_end_of_a_transfer_never_takes_a_promoted_side_back_to_the_old_epoch(
    pair: Pair, pool: ThreadPoolExecutor
) -> None:
    """East says that a transfer is complete, in the moment in which west is promoted by force."""
    before, old = state_file(pair.west).read_text(), field(pair.west, "epoch")
    pair.provider.promote(pair.group, "west", forced=True)
    promoted = state_file(pair.west).read_text()
    state_file(pair.west).write_text(before)
    with locked(pair.west, "payroll.state.lock"):
        told = pool.submit(pair.west.agent, "received", old, "2026-01-01T00:00:00Z")
        await_met(pair.west, told)
        state_file(pair.west).write_text(promoted)
    assert told.result()["error"]["reason"] == "PeerIsPrimary"
    assert pair.west.state() == promoted


def test_p3_a_final_sync_that_had_to_wait_looks_again_whether_its_side_is_still_demoted(
    pair: Pair, pool: ThreadPoolExecutor
) -> None:
    primary = pair.east.state()
    pair.provider.demote(pair.group, "east")
    with locked(pair.east, "payroll.transfer"):
        synced = pool.submit(pair.east.agent, "sync")
        await_met(pair.east, synced)
        state_file(pair.east).write_text(primary)
    assert synced.result()["error"]["reason"] == "NotSecondary"


def test_p3_a_demotion_beside_a_promotion_of_the_same_side_leaves_no_secondary_that_is_writable(
    pair: Pair, pool: ThreadPoolExecutor
) -> None:
    with held_exportfs(pair, pool, pair.east, "demote") as demoted:
        promoted = pool.submit(pair.east.agent, "promote", "orderly")
        await_met(pair.east, promoted)
    assert demoted.result() == {"changed": True}
    assert promoted.result() == {"changed": True}
    assert (field(pair.east, "role"), pair.east.exported(), exported(pair)) == ("primary", "rw", "rw")


def test_p3_a_demotion_beside_a_setup_that_was_left_behind_leaves_no_secondary_that_is_writable(
    pair: Pair, pool: ThreadPoolExecutor
) -> None:
    with held_exportfs(pair, pool, pair.east, "demote") as demoted:
        set_up = pool.submit(pair.provider.enable, pair.group, "east", "west")
        await_met(pair.east, set_up)
    assert demoted.result() == {"changed": True}
    set_up.result()
    assert (field(pair.east, "role"), pair.east.exported(), exported(pair)) == ("secondary", "ro", "ro")


def test_p1_the_source_is_not_promoted_again_while_the_promotion_of_the_target_still_runs(
    pair: Pair, pool: ThreadPoolExecutor
) -> None:
    """Which was not heard of for a minute."""
    pair.provider.demote(pair.group, "east")
    assert pair.provider.final_sync(pair.group, "east", "west").holds
    with held_exportfs(pair, pool, pair.west, "promote", "orderly") as promoted:
        # which nobody takes for secondary
        assert pair.status("west").role == "unknown"
        assert "is being changed" in pair.status("west").message
        # not Unreachable, after which the source of a move is promoted by force
        with pytest.raises(Conflict, match="is being changed") as refused:
            pair.provider.promote(pair.group, "east", forced=False)
    assert "run the same command again" in (refused.value.next_step or "")
    assert promoted.result() == {"changed": True}
    assert pair.roles() == ("secondary", "primary")
