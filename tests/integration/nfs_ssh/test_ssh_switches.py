# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planned and forced changes of role between two servers that ssh commands."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from datetime import datetime

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused, Unreachable
from ansible_collections.ocpvirt.dr.tests.integration.nfs_ssh.pair import PROVIDER, Pair


def test_a_planned_move_and_back(pair: Pair) -> None:
    group = pair.group()
    pair.write("vm-0/disk.img", b"last words")
    with pytest.raises(Refused, match="demote it first"):
        PROVIDER.promote(group, "west", forced=False)
    with pytest.raises(Refused, match="proves nothing"):
        PROVIDER.final_sync(group, "east", "west")

    assert PROVIDER.demote(group, "east")
    assert not PROVIDER.demote(group, "east")
    assert (pair.east.exported(), pair.status("east").role) == ("ro", "secondary")
    assert json.loads(pair.east.agent("push").stdout) == {"pushed": False, "why": "not primary"}
    with pytest.raises(Refused, match="final sync has not completed"):
        PROVIDER.promote(group, "west", forced=False)
    assert pair.west.exported() == "ro"

    proof = PROVIDER.final_sync(group, "east", "west")
    assert proof.holds
    assert (proof.volumes, proof.bytes) == (2, len(b"last words") + len(b"disk"))
    assert PROVIDER.promote(group, "west", forced=False)
    assert not PROVIDER.promote(group, "west", forced=False)
    assert pair.west.exported() == "rw"
    assert pair.west.content() == pair.east.content()

    pair.write("vm-0/disk.img", b"written at west", pair.west)
    pair.push(pair.west)
    assert pair.east.content() == pair.west.content()
    assert (pair.status("east").health, pair.status("west").health) == ("healthy", "healthy")
    assert pair.status("east").direction == "incoming"


def test_p3_without_a_proof_the_source_is_promoted_again(pair: Pair) -> None:
    PROVIDER.demote(pair.group(), "east")
    assert PROVIDER.promote(pair.group(), "east", forced=False)
    assert (pair.east.exported(), pair.status("east").role) == ("rw", "primary")
    pair.push()


def test_a_final_sync_finds_what_size_and_time_hide(pair: Pair) -> None:
    disk = pair.east.export / "vm-0/disk.img"
    times = disk.stat()
    changed = bytearray(disk.read_bytes())
    changed[1_000_000] ^= 1
    disk.write_bytes(changed)
    os.utime(disk, ns=(times.st_atime_ns, times.st_mtime_ns))
    PROVIDER.demote(pair.group(), "east")
    assert PROVIDER.final_sync(pair.group(), "east", "west").holds
    assert pair.west.content() == pair.east.content()


def test_a_lost_site_is_promoted_by_force_only(pair: Pair) -> None:
    pair.east.stop()
    with pytest.raises(Unreachable):
        PROVIDER.promote(pair.group(), "west", forced=False)
    arrived = pair.status("west").last_sync
    assert PROVIDER.promote(pair.group(), "west", forced=True)
    status = pair.status("west")
    assert (status.role, status.raw["epoch"], status.raw["peer_reachable"]) == ("primary", 2, False)
    assert datetime.fromisoformat(status.raw["recovery_point"]) == arrived
    assert pair.west.exported() == "rw"


def test_a_forced_promotion_ends_a_transfer_that_hangs(pair: Pair) -> None:
    """A source that stops in the middle of a transfer never writes to what was promoted."""
    before = pair.west.content()
    pair.write("vm-0/disk.img", os.urandom(50_000_000))
    state = pair.east.root / "state"
    push = subprocess.Popen(["sh", state / "agent", state, "push", "payroll"], start_new_session=True)
    staged = pair.west.export
    deadline = time.monotonic() + 20
    while not any(".~tmp~" in str(path) or path.name.startswith(".disk.img") for path in staged.rglob("*")):
        assert push.poll() is None, "the transfer ended before it could be stopped"
        assert time.monotonic() < deadline
    os.killpg(push.pid, signal.SIGSTOP)
    try:
        assert PROVIDER.promote(pair.group(), "west", forced=True)
        assert pair.west.content() == before
        assert "a transfer was open" in pair.status("west").message
    finally:
        os.killpg(push.pid, signal.SIGCONT)
    assert push.wait(30) == 1
    assert pair.west.content() == before
