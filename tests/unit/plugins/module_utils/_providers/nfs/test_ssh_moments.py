# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the last sync of an ordinary server promises: all that was written until then is at the secondary."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.nfs.local_pair import Pair

SECOND = 1_700_000_000 * 1_000_000_000


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
