# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.run.progress import Progress, progress_directory
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import SimulatedTime


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OCPVIRT_DR_PROGRESS_DIR", str(tmp_path / "progress"))
    return tmp_path / "progress"


def lines(directory: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (directory / "r-1.jsonl").read_text(encoding="utf-8").splitlines()]


def test_a_line_says_when_which_run_and_how_far(directory: Path) -> None:
    Progress("r-1", SimulatedTime().clock()).emit("start: databases", 3, 24, 8, "payroll/db-0")
    assert lines(directory) == [
        {
            "time": "2026-03-01T12:00:00.000+00:00",
            "run": "r-1",
            "stage": "start: databases",
            "done": 3,
            "total": 24,
            "in_flight": 8,
            "waiting_for": "payroll/db-0",
        }
    ]


def test_equal_lines_in_a_row_are_written_once(directory: Path) -> None:
    progress = Progress("r-1", SimulatedTime().clock())
    for done in (1, 1, 1, 2, 2, 1):
        progress.emit("start", done, 24)
    assert [line["done"] for line in lines(directory)] == [1, 2, 1]


def test_modules_of_one_run_write_to_one_file(directory: Path) -> None:
    for stage in ("begin", "capture"):
        Progress("r-1", SimulatedTime().clock()).emit(stage, 1, 1)
    assert [line["stage"] for line in lines(directory)] == ["begin", "capture"]


def test_the_folder_is_of_this_user_alone(directory: Path) -> None:
    Progress("r-1", SimulatedTime().clock())
    assert directory.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_is_a_link_is_refused(directory: Path, tmp_path: Path) -> None:
    directory.symlink_to(tmp_path)
    with pytest.raises(Refused, match="OCPVIRT_DR_PROGRESS_DIR"):
        Progress("r-1", SimulatedTime().clock())


def test_a_folder_of_another_user_is_refused(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory.mkdir()
    monkeypatch.setattr(os, "getuid", lambda: directory.stat().st_uid + 1)
    with pytest.raises(Refused, match="a folder of another user"):
        Progress("r-1", SimulatedTime().clock())


def test_without_the_variable_the_folder_is_named_after_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OCPVIRT_DR_PROGRESS_DIR", raising=False)
    assert progress_directory().name == f"ocpvirt-dr-{os.getuid()}"
