# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What rsync brings to the secondary, and what keeps it from there."""

from __future__ import annotations

import json

from ansible_collections.ocpvirt.dr.tests.integration.nfs_ssh.pair import PROVIDER, Pair


def test_what_was_deleted_or_changed_follows(pair: Pair) -> None:
    (pair.east.export / "vm-1/disk with 'quotes' and $(touch x).img").unlink()
    pair.write("vm-0/disk.img", b"shorter")
    pair.push()
    assert pair.west.content() == {"vm-0/disk.img": b"shorter"}


def test_an_export_that_is_not_mounted_empties_nothing(pair: Pair) -> None:
    pair.east.export.rename(pair.east.root / "unmounted")
    pair.east.export.mkdir()
    assert "not mounted" in pair.east.agent("push").stdout
    assert pair.status("east").health == "error"
    assert len(pair.west.content()) == 2


def test_a_paused_secondary_takes_nothing_in(pair: Pair) -> None:
    group = pair.group()
    assert "takes nothing in" in PROVIDER.fence(group, "west", "east").evidence
    assert not PROVIDER.pause(group, "west")
    before = pair.west.content()
    pair.write("vm-0/disk.img", b"too late")
    assert json.loads(pair.east.agent("push").stdout)["error"]["reason"] == "Busy"
    epoch = pair.status("west").raw["epoch_id"]
    # a sender that doesn't ask first is refused too
    assert pair.west.agent("receive", epoch, "--server", ".", str(pair.west.export)).returncode == 1
    assert pair.west.content() == before
    assert PROVIDER.unfence(group, "west", "east")
    pair.push()
    assert pair.west.content() == pair.east.content()
