# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An export in a directory of the controller: a share, or a volume of the execution environment."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from .._errors import DrError, Failed, NotFound, Refused

# unfinished files
_WRITING = ".writing-"
_FILE_MODE = 0o600
_DIRECTORY_MODE = 0o700


class DirectoryStore:
    """The directory itself must be there: an empty mount point must not be taken for an empty store."""

    def __init__(self, directory: str) -> None:
        self._root = Path(directory)
        self.where = f"the directory {directory}"

    def put(self, key: str, content: bytes) -> None:
        path = self._path(key)
        with self._named("write", path):
            self._make_parents(path)
            unfinished = path.with_name(f"{_WRITING}{secrets.token_hex(8)}")
            try:
                _write(unfinished, content)
                unfinished.replace(path)
            except OSError:
                unfinished.unlink(missing_ok=True)
                raise
            _sync_directory(path.parent)

    def get(self, key: str) -> bytes:
        path = self._path(key)
        with self._named("read", path):
            return path.read_bytes()

    def list(self, prefix: str) -> dict[str, datetime]:
        found = {}
        with self._named("list", self._root):
            for path in self._files(prefix):
                key = path.relative_to(self._root).as_posix()
                if key.startswith(prefix) and not path.name.startswith(_WRITING):
                    found[key] = _modified(path)
        return {key: moment for key, moment in found.items() if moment is not None}

    def delete(self, key: str) -> None:
        path = self._path(key)
        with self._named("delete", path):
            path.unlink(missing_ok=True)

    def sweep(self, prefix: str, before: datetime) -> None:
        with self._named("list", self._root):
            for path in self._files(prefix):
                moment = _modified(path)
                if path.name.startswith(_WRITING) and moment is not None and moment < before:
                    path.unlink(missing_ok=True)

    def _files(self, prefix: str) -> Iterator[Path]:
        """Files of the deepest folder that the prefix names, and below."""
        self._check_root()
        top = self._path(prefix) if prefix.endswith("/") else self._path(prefix).parent
        for folder, _folders, names in os.walk(top, onerror=_raise):
            yield from (Path(folder, name) for name in names)

    def _make_parents(self, path: Path) -> None:
        self._check_root()
        made = []
        for folder in reversed(path.relative_to(self._root).parents[:-1]):
            try:
                (self._root / folder).mkdir(mode=_DIRECTORY_MODE)
            except FileExistsError:
                continue
            made.append(self._root / folder)
        for folder in made:
            _sync_directory(folder.parent)

    def _check_root(self) -> None:
        if not self._root.is_dir():
            raise Refused(
                "open the store of captures",
                on=self.where,
                seen="it is not there" if not self._root.exists() else "it is no directory",
                wanted="a directory",
                next_step="mount or create it on the controller, or correct metadata.export.directory",
            )

    def _path(self, key: str) -> Path:
        return self._root / key

    @contextmanager
    def _named(self, verb: str, path: Path) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._error(verb, path, error) from error

    def _error(self, verb: str, path: Path, error: OSError) -> DrError:
        kind = NotFound if isinstance(error, FileNotFoundError) else Failed
        return kind(
            f"{verb} in the store of captures",
            on=str(path),
            seen=(error.strerror or str(error)).lower(),
            next_step="look at that file and at the room and rights in the directory, then start again",
        )


def _write(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(path: Path) -> None:
    """So that a name outlives a power failure as its content does."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _modified(path: Path) -> datetime | None:
    """None when it vanished meanwhile."""
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except FileNotFoundError:
        return None


def _raise(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error
