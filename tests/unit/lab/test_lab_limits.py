from __future__ import annotations

from pathlib import Path

import pytest
from ocpvirt_lab.limits import ENOUGH, raise_inotify


def limit(folder: Path, value: int) -> Path:
    file = folder / "max_user_instances"
    file.write_text(f"{value}\n")
    return file


def test_a_small_limit_is_raised_and_said(tmp_path: Path) -> None:
    file, said = limit(tmp_path, 128), []
    raise_inotify(said.append, file)
    assert int(file.read_text()) == ENOUGH
    assert "it was 128" in said[0]


def test_a_limit_that_is_large_enough_stays(tmp_path: Path) -> None:
    file, said = limit(tmp_path, 8192), []
    raise_inotify(said.append, file)
    assert (int(file.read_text()), said) == (8192, [])


def test_who_may_not_raise_it_is_told_how(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, said = limit(tmp_path, 128), []

    def refuse(*_arguments: object, **_named: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "write_text", refuse)
    raise_inotify(said.append, file)
    assert "sysctl -w fs.inotify.max_user_instances=" in said[0]
