# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a final sync between ordinary servers proves, and what it does not, by the real agent."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import DrError, Refused
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.nfs.local_pair import Pair

# what follows the program's own work, where a condition holds
FOLLOWED = """#!/bin/sh
if {condition}; then {program} "$@"; {then}; else exec {program} "$@"; fi
"""


@pytest.fixture
def demoted(pair: Pair) -> Pair:
    pair.provider.demote(pair.group, "east")
    return pair


@pytest.fixture
def follow(pair: Pair) -> Callable[[str, str, str], None]:
    def follow_with(name: str, condition: str, then: str) -> None:
        double = pair.root / "bin" / name
        program = shutil.which(name, path="/usr/bin:/bin")
        double.write_text(FOLLOWED.format(program=program, condition=condition, then=then))
        double.chmod(0o755)

    return follow_with


def vanish(follow: Callable[[str, str, str], None]) -> None:
    """As where a file of a live tree was removed while rsync looked at it."""
    follow("rsync", "[ $1 != --server ]", "exit 24")


def test_p3_copies_that_differ_prove_nothing(demoted: Pair, follow: Callable[[str, str, str], None]) -> None:
    follow("sha256sum", f'[ "$host" = {demoted.west.root} ]', "printf 'bad block\\n'")
    proof = demoted.provider.final_sync(demoted.group, "east", "west")
    assert not proof.holds
    assert proof.source != proof.target
    with pytest.raises(Refused, match="has not completed"):
        demoted.provider.promote(demoted.group, "west", forced=False)


def test_p3_files_that_vanish_under_a_final_sync_prove_nothing(
    demoted: Pair, follow: Callable[[str, str, str], None]
) -> None:
    """Nobody writes any more: who removes them is not one of ours."""
    vanish(follow)
    with pytest.raises(DrError, match="rsync ended with 24"):
        demoted.provider.final_sync(demoted.group, "east", "west")


def test_files_that_vanish_under_a_transfer_are_no_failure_of_it(
    pair: Pair, follow: Callable[[str, str, str], None]
) -> None:
    vanish(follow)
    pair.push()


def test_p3_a_change_that_size_and_time_hide_is_sent_with_the_final_sync(demoted: Pair) -> None:
    disk = demoted.east.export / "disk.img"
    times = disk.stat()
    disk.write_bytes(b"FIRST")
    os.utime(disk, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert demoted.provider.final_sync(demoted.group, "east", "west").holds
    assert demoted.west.read() == b"FIRST"


def test_what_a_file_system_check_has_found_is_each_sides_own(demoted: Pair) -> None:
    for site in (demoted.east, demoted.west):
        (site.export / "lost+found").mkdir()
        (site.export / "lost+found/#12").write_text(site.name)
    proof = demoted.provider.final_sync(demoted.group, "east", "west")
    assert (proof.holds, proof.volumes) == (True, 1)
    assert demoted.west.read("lost+found/#12") == b"west"


def test_p3_a_copy_that_receives_has_no_final_sync_to_send(pair: Pair) -> None:
    with pytest.raises(Refused, match="asked of the peer"):
        pair.provider.final_sync(pair.group, "west", "east")


def test_a_primary_is_not_cleaned_of_what_only_a_copy_has_no_use_for(pair: Pair) -> None:
    staged = pair.east.export / ".~tmp~"
    staged.mkdir()
    assert pair.east.agent("digest", "of-copy")["error"]["reason"] == "PeerIsPrimary"
    assert staged.exists()


def test_links_and_holes_of_disks_arrive_as_they_are(pair: Pair) -> None:
    with (pair.east.export / "sparse.img").open("wb") as disk:
        disk.truncate(50_000_000)
    os.link(pair.east.export / "disk.img", pair.east.export / "again.img")
    pair.push()
    there = pair.west.export
    assert (there / "sparse.img").stat().st_blocks * 512 < 1_000_000
    assert (there / "again.img").samefile(there / "disk.img")
