# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What doubles that move data themselves do with directories that somebody writes to meanwhile."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from ansible_collections.ocpvirt.dr.tests.integration.products.copies import copy_of, make_equal


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copies are made beside it, where nothing else is."""
    (tmp_path / "copies").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "copies"))
    made = tmp_path / "volume"
    made.mkdir()
    (made / "text").write_text("first")
    return made


def test_a_file_that_goes_under_a_copy_makes_it_a_copy_to_be_made_again(folder: Path) -> None:
    # listed, and not there when it is read: as one that was removed between the two
    (folder / "gone").symlink_to("nowhere")
    with pytest.raises(RuntimeError, match=r"volume.*meanwhile"):
        copy_of(folder, "mover")
    assert list((folder.parent / "copies").iterdir()) == []
    (folder / "gone").unlink()
    assert (copy_of(folder, "mover") / "text").read_text() == "first"


def test_a_target_becomes_what_was_copied_and_nothing_else(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    (target / "old").mkdir(parents=True)
    (target / "old" / "text").write_text("of before")
    make_equal(copy_of(folder, "mover"), target)
    assert [file.name for file in target.rglob("*")] == ["text"]
    assert (target / "text").read_text() == "first"
