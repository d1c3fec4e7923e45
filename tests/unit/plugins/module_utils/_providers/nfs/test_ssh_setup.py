# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an ordinary server refuses to be set up with, and its copies for rehearsals, by the real agent."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict, DrError, Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.nfs.beside import note
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.nfs.local_pair import Pair


def planned(pair: Pair, **east: Any) -> Group:
    sites = {**pair.group.options["sites"], "east": {**pair.east.options(), **east}}
    return dataclasses.replace(pair.group, options={"sites": sites})


def copy_of(pair: Pair) -> Path:
    """Where a rehearsal's copy of west lies."""
    return pair.west.export.with_name("export.rehearsal")


def test_p8_an_export_keeps_the_directory_that_it_was_set_up_with(pair: Pair) -> None:
    other = pair.east.root / "other"
    other.mkdir()
    with pytest.raises(Conflict, match=r"is set up with .*/east/export, not "):
        pair.provider.enable(planned(pair, path=str(other)), "east", "west")
    assert list(other.iterdir()) == []


def test_p8_a_secondary_that_is_not_empty_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pair = Pair(tmp_path, monkeypatch, enabled=False)
    pair.west.write(b"somebody's")
    with pytest.raises(Conflict, match="not empty"):
        pair.provider.enable(pair.group, "east", "west")
    assert [file.name for file in pair.west.export.iterdir()] == ["disk.img"]


def test_p10_a_server_without_cron_is_told_so_before_anything_is_changed(pair: Pair) -> None:
    before = pair.east.state()
    with pytest.raises(DrError, match="cron is not installed"):
        pair.provider.enable(planned(pair, cron_dir=str(pair.root / "none")), "east", "west")
    assert pair.east.state() == before


def test_a_half_transfer_is_not_rehearsed(pair: Pair) -> None:
    note(pair.west, open="yes")
    with pytest.raises(Refused, match="has not completed"):
        pair.provider.clone(pair.group, "west", "rehearsal", ())
    assert not copy_of(pair).exists()


def test_a_file_system_that_is_not_mounted_is_not_rehearsed(pair: Pair) -> None:
    (pair.west.export / ".ocpvirt-dr").unlink()
    with pytest.raises(DrError, match="not mounted"):
        pair.provider.clone(pair.group, "west", "rehearsal", ())
    assert not copy_of(pair).exists()


def test_a_copy_is_told_from_an_export(pair: Pair) -> None:
    pair.provider.clone(pair.group, "west", "rehearsal", ())
    assert sorted(file.name for file in copy_of(pair).iterdir()) == [".ocpvirt-dr-clone", "disk.img"]
