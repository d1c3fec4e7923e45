# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a transfer that was cut off has left at the secondary is in nobody's way, by the real agent."""

from __future__ import annotations

import os

import pytest
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.nfs.local_pair import Pair


@pytest.fixture
def cut(pair: Pair) -> Pair:
    """A transfer ended after it had received one new disk wholly, and put nothing in place."""
    pair.east.write(os.urandom(100_000), "gone.img")
    pair.east.write(os.urandom(500_000), "later.img")
    pair.west.cut_transfers(after=300_000)
    assert "error" in pair.east.agent("push")
    pair.west.mend_transfers()
    assert (pair.west.export / ".~tmp~/gone.img").exists()
    return pair


def test_a_disk_that_was_removed_after_a_cut_transfer_does_not_stop_a_planned_move(cut: Pair) -> None:
    (cut.east.export / "gone.img").unlink()
    cut.push()
    cut.provider.demote(cut.group, "east")
    assert cut.provider.final_sync(cut.group, "east", "west").holds
    cut.provider.promote(cut.group, "west", forced=False)
    assert sorted(path.name for path in cut.west.export.iterdir()) == [".ocpvirt-dr", "disk.img", "later.img"]
