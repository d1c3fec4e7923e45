# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A text on an export of the lab, written beside its server: as a new file each time, which every scan finds."""

from __future__ import annotations

import time
from pathlib import Path


def put(folder: Path, text: str) -> None:
    earlier = _texts(folder)
    (folder / f"text-{time.time_ns()}").write_text(text)
    for file in earlier:
        file.unlink()


def get(folder: Path) -> str:
    """The newest one; empty when there is none."""
    found = _texts(folder)
    return found[-1].read_text() if found else ""


def _texts(folder: Path) -> list[Path]:
    return sorted(folder.glob("text-*"))
