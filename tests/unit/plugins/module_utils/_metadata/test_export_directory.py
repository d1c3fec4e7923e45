# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An export in a directory: whole files or none, for nobody else's eyes."""

from __future__ import annotations

import errno
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Failed, NotFound, Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._metadata import export_directory
from ansible_collections.ocpvirt.dr.plugins.module_utils._metadata.export_directory import DirectoryStore
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._metadata.export_world import (
    Site,
    east,
    export_plan,
)

KEY = "payroll/blobs/ab/abc.json.gz"


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    return DirectoryStore(str(tmp_path))


def test_what_is_put_is_read_listed_replaced_and_deleted(store: DirectoryStore) -> None:
    store.put(KEY, b"1")
    store.put(KEY, b"2")
    assert store.get(KEY) == b"2"
    assert list(store.list("payroll/blobs/")) == [KEY]
    assert list(store.list(KEY)) == [KEY]
    assert abs(store.list("payroll/")[KEY] - datetime.now(UTC)) < timedelta(minutes=5)
    store.delete(KEY)
    store.delete(KEY)
    assert store.list("payroll/") == {}
    with pytest.raises(NotFound, match="no such file"):
        store.get(KEY)


def test_a_whole_capture_goes_through_it(store: DirectoryStore) -> None:
    from ansible_collections.ocpvirt.dr.plugins.module_utils._metadata.export import ExportSource

    exported = ExportSource(export_plan(keep="14d"), store)
    name = exported.capture(east(), 60)
    exported.prune()
    assert [info.name for info in exported.catalog(Site("west"))] == [name]
    assert len(exported.manifests(Site("west"), name).objects) == 9


def test_others_on_the_controller_cannot_read_it(store: DirectoryStore, tmp_path: Path) -> None:
    store.put(KEY, b"secret")
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "payroll").rglob("*")}
    assert modes == {"blobs": 0o700, "ab": 0o700, "abc.json.gz": 0o600}
    assert (tmp_path / "payroll").stat().st_mode & 0o777 == 0o700


def test_an_empty_mount_point_is_no_empty_store(tmp_path: Path) -> None:
    store = DirectoryStore(str(tmp_path / "share"))
    for call in (
        lambda: store.put(KEY, b""),
        lambda: store.list("payroll/"),
        lambda: store.sweep("", datetime.now(UTC)),
    ):
        with pytest.raises(Refused, match="mount or create it"):
            call()
    assert not (tmp_path / "share").exists()


def test_a_full_disk_leaves_the_old_content_and_no_leftover(
    store: DirectoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put(KEY, b"old")

    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Failed, match="no space left on device"):
        store.put(KEY, b"new")
    assert store.get(KEY) == b"old"
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["abc.json.gz"]


def test_what_a_killed_writer_left_is_no_content_and_is_swept_when_old(
    store: DirectoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def killed(_path: Path, _target: Path) -> None:
        raise Killed

    store.put(KEY, b"old")
    with monkeypatch.context() as patch:
        patch.setattr(export_directory.Path, "replace", killed)
        with pytest.raises(Killed):
            store.put(KEY, b"half")
    assert (store.get(KEY), list(store.list("payroll/"))) == (b"old", [KEY])
    now = datetime.now(UTC)
    store.sweep("payroll/", now - timedelta(days=1))
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 2
    store.sweep("payroll/", now + timedelta(hours=1))
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["abc.json.gz"]


def test_a_file_in_the_place_of_a_folder_is_an_error_with_its_path(store: DirectoryStore, tmp_path: Path) -> None:
    (tmp_path / "payroll").write_text("")
    with pytest.raises(Failed, match="payroll"):
        store.put(KEY, b"")
