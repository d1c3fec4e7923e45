# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies of a secondary for rehearsals, on a server that ssh commands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict
from ansible_collections.ocpvirt.dr.tests.integration.nfs_ssh.pair import PROVIDER, Pair


def volume(pair: Pair) -> dict[str, Any]:
    return {"metadata": {"name": "pv-0"}, "spec": {"nfs": {"server": "192.0.2.10", "path": f"{pair.west.export}/vm-0"}}}


def test_p8_a_copy_for_a_rehearsal_is_written_beside_a_secondary_that_replication_goes_on_with(pair: Pair) -> None:
    before = pair.status("west")
    made = PROVIDER.clone(pair.group(), "west", "rehearsal", [volume(pair)])
    assert made.taken == before.last_sync
    (copy,) = (Path(source["nfs"]["path"]) for source in made.sources.values())
    assert (copy / "disk.img").read_bytes() == (pair.east.export / "vm-0/disk.img").read_bytes()
    assert not PROVIDER.covers(pair.group(), "west", {"spec": made.sources["pv-0"]})
    assert (pair.west.root / "exported").read_text().splitlines()[-1] == f"*:{copy.parent} rw"

    (copy / "disk.img").write_bytes(b"rehearsed")
    pair.write("vm-0/disk.img", b"production")
    pair.push()
    assert pair.west.content()["vm-0/disk.img"] == b"production"
    again = PROVIDER.clone(pair.group(), "west", "rehearsal", [volume(pair)])
    assert (again, (copy / "disk.img").read_bytes()) == (made, b"rehearsed")

    assert PROVIDER.unclone(pair.group(), "west", "rehearsal")
    assert not copy.parent.exists()
    assert (pair.west.root / "exported").read_text().splitlines()[-1] == f"*:{copy.parent} gone"
    assert not PROVIDER.unclone(pair.group(), "west", "rehearsal")
    assert pair.west.content()["vm-0/disk.img"] == b"production"
    # nor is it exported at the next boot
    assert [file.name for file in (pair.west.root / "exports.d").iterdir()] == ["ocpvirt-dr-payroll.exports"]


def test_p5_a_copy_that_was_cut_off_is_made_anew(pair: Pair) -> None:
    half = pair.west.export.with_name("export.rehearsal.new")
    half.mkdir()
    (half / ".ocpvirt-dr-clone").touch()
    (half / "vm-0").write_text("half")
    PROVIDER.clone(pair.group(), "west", "rehearsal", [])
    assert (pair.west.export.with_name("export.rehearsal") / "vm-0/disk.img").exists()
    assert not half.exists()


def test_p8_a_folder_of_somebody_else_is_neither_used_nor_removed(pair: Pair) -> None:
    theirs = pair.west.export.with_name("export.rehearsal")
    theirs.mkdir()
    for verb in (
        lambda: PROVIDER.clone(pair.group(), "west", "rehearsal", []),
        lambda: PROVIDER.unclone(pair.group(), "west", "rehearsal"),
    ):
        with pytest.raises(Conflict, match="no clone of export"):
            verb()
    assert theirs.exists()
