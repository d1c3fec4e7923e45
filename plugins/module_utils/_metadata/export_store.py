# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an export needs of the place where it is kept: whole contents under keys, written at once or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol


class Store(Protocol):
    """Keys are relative paths of safe characters. Thread-safe. Errors are of our tree and hold no secret."""

    where: str

    def put(self, key: str, content: bytes) -> None:
        """Write or replace; a reader sees the old content or the whole new one."""

    def get(self, key: str) -> bytes:
        """NotFound when there is none."""

    def list(self, prefix: str) -> Mapping[str, datetime]:
        """Keys that begin with the prefix to when they were last written, by the store's own clock."""

    def delete(self, key: str) -> None:
        """What is absent already is no error."""

    def sweep(self, prefix: str, before: datetime) -> None:
        """Remove what writers left behind that were killed before then."""
