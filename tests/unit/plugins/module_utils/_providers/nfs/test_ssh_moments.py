# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the last sync of an ordinary server promises: all that was written until then is at the secondary."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.losses import known_sync
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.nfs.local_pair import Pair

SECOND = 1_700_000_000 * 1_000_000_000
# but for `date -d`, which only converts
AN_HOUR_BEHIND = """#!/bin/sh
[ "$host" != {host} ] || case $* in -d*) ;; *) set -- -d '1 hour ago' "$@" ;; esac
exec {program} "$@"
"""


@pytest.fixture
def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pair:
    return Pair(tmp_path, monkeypatch)


def write_at(pair: Pair, content: bytes, nanoseconds: int) -> None:
    """A disk keeps its size; the time is that of its newest write."""
    pair.east.write(content)
    os.utime(pair.east.export / "disk.img", ns=(nanoseconds, nanoseconds))


def test_what_was_written_in_the_second_of_the_last_transfer_arrives_with_the_next(pair: Pair) -> None:
    write_at(pair, b"before", SECOND + 100_000_000)
    pair.push()
    write_at(pair, b"behind", SECOND + 900_000_000)
    pair.push()
    assert pair.west.read() == b"behind"


def test_what_did_not_change_is_not_read_again(pair: Pair) -> None:
    write_at(pair, b"before", SECOND)
    pair.push()
    write_at(pair, b"hidden", SECOND)
    pair.push()
    assert pair.west.read() == b"before"


@pytest.mark.parametrize("behind", ["east", "west"])
def test_the_moment_of_a_resync_is_by_the_clock_of_the_side_that_sends(pair: Pair, behind: str) -> None:
    """As those of the transfers are that come before and after it; one clock is an hour behind the other."""
    pair.east.write(b"first")
    pair.push()
    pair.part()
    pair.provider.demote(pair.group, "east")
    double = pair.root / "bin/date"
    double.write_text(AN_HOUR_BEHIND.format(host=pair.root / behind, program=shutil.which("date")))
    double.chmod(0o755)
    before = datetime.now(UTC).replace(microsecond=0)
    pair.provider.resync(pair.group, "east")
    double.unlink()
    sent = before - timedelta(hours=1) if behind == "west" else before
    last_sync = pair.status("east").last_sync
    assert last_sync
    assert sent <= last_sync < sent + timedelta(minutes=30)


def test_p10_a_loss_is_said_with_the_writes_that_may_have_arrived_after_its_moment(pair: Pair) -> None:
    """rsync reads a file at some moment after the beginning of the transfer."""
    pair.east.write(b"first")
    pair.push()
    seen = pair.status("west")
    assert (seen.last_sync_by, seen.last_sync_source) == ("rsync", "start of the last whole transfer")
    assert known_sync(seen, None, None).told == "rsync of west says so, and may be late"


def test_a_copy_that_has_no_last_sync_has_nobody_who_tells_it(pair: Pair) -> None:
    seen = pair.status("west")
    assert (seen.last_sync, seen.last_sync_by, seen.last_sync_source) == (None, "", "")
