# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps a transfer or a resync from overwriting what counts, by the real agent."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import DrError, Refused
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.nfs.beside import await_met, locked
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.nfs.local_pair import Pair

MOMENT = "2026-01-01T00:00:00Z"


@pytest.fixture
def parted(pair: Pair) -> Pair:
    """West was promoted by force and written to; east is demoted."""
    pair.part()
    pair.west.write(b"new life")
    pair.provider.demote(pair.group, "east")
    return pair


def test_p1_a_resync_from_a_side_that_is_no_primary_is_refused(parted: Pair) -> None:
    parted.provider.demote(parted.group, "west")
    with pytest.raises(Refused, match="there is no primary to take the content from"):
        parted.provider.resync(parted.group, "east")
    assert parted.east.read() == b"first"


@pytest.mark.parametrize("site", ["east", "west"])
def test_a_resync_beside_a_file_system_that_is_not_mounted_empties_nothing(parted: Pair, site: str) -> None:
    """An empty directory would be the content of both, or the copy would fill another file system."""
    (parted.root / site / "export/.ocpvirt-dr").unlink()
    with pytest.raises(DrError, match="not mounted"):
        parted.provider.resync(parted.group, "east")
    assert (parted.east.read(), parted.west.read()) == (b"first", b"new life")


def test_a_resync_waits_for_a_transfer_that_comes_in(parted: Pair, pool: ThreadPoolExecutor) -> None:
    with locked(parted.east, "payroll.transfer"):
        resynced = pool.submit(parted.provider.resync, parted.group, "east")
        await_met(parted.east, resynced)
        assert parted.east.read() == b"first"
        assert not resynced.done()
    assert resynced.result()
    assert parted.east.read() == b"new life"


def test_p1_a_diverged_primary_cannot_be_written_from_its_resync_on(pair: Pair) -> None:
    pair.part()
    assert pair.east.exported() == "rw"
    assert pair.provider.resync(pair.group, "east")
    assert (pair.east.exported(), pair.status("east").role) == ("ro", "secondary")


def test_p1_a_transfer_of_another_epoch_is_nobodys_content(pair: Pair) -> None:
    before = pair.west.state()
    assert pair.west.agent("received", "1-other", MOMENT)["error"]["reason"] == "Diverged"
    assert pair.west.state() == before


def test_a_transfer_that_ends_under_a_pause_is_not_taken_in(pair: Pair) -> None:
    pair.provider.pause(pair.group, "west")
    epoch = str(pair.status("west").raw["epoch_id"])
    assert pair.west.agent("received", epoch, MOMENT)["error"]["reason"] == "Busy"
    assert pair.east.agent("push")["error"]["reason"] == "Busy"


def test_p3_a_demoted_side_whose_writes_were_never_sent_takes_nothing_in(pair: Pair) -> None:
    pair.provider.demote(pair.group, "east")
    epoch = str(pair.status("east").raw["epoch_id"])
    assert pair.east.agent("received", epoch, MOMENT)["error"]["reason"] == "NotSynced"


def test_a_pause_waits_for_the_transfer_that_comes_in(pair: Pair, pool: ThreadPoolExecutor) -> None:
    with locked(pair.west, "payroll.transfer"):
        paused = pool.submit(pair.provider.pause, pair.group, "west")
        await_met(pair.west, paused)
        assert not paused.done()
    assert paused.result()


def test_a_primary_that_is_paused_sends_nothing(pair: Pair) -> None:
    pair.provider.pause(pair.group, "east")
    assert pair.east.agent("push") == {"pushed": False, "why": "paused"}


@pytest.mark.parametrize("site", ["east", "west"])
def test_a_transfer_beside_a_file_system_that_is_not_mounted_changes_nothing(pair: Pair, site: str) -> None:
    (pair.root / site / "export/.ocpvirt-dr").unlink()
    pair.east.write(b"second")
    assert "not mounted" in pair.east.agent("push")["error"]["message"]
    assert pair.west.read() == b"first"


def test_cron_sends_once_an_interval(pair: Pair) -> None:
    pair.east.write(b"second")
    pair.east.tick()
    assert pair.west.read() == b"first"
