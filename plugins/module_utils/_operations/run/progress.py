# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The side channel: JSON lines about long work, in a file named by the run, for the progress callback."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from ..._cluster.clock import Clock
from ..._errors import Refused

DIRECTORY = "OCPVIRT_DR_PROGRESS_DIR"


def progress_directory() -> Path:
    """Where progress files are."""
    default = Path(tempfile.gettempdir()) / f"ocpvirt-dr-{os.getuid()}"
    return Path(os.environ.get(DIRECTORY) or default)


def own_progress_directory() -> Path:
    """The same, made if it is absent; refused when it belongs to somebody else, who could read or redirect it."""
    directory = progress_directory()
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if directory.is_symlink() or directory.stat().st_uid != os.getuid():
        raise Refused(
            "write progress",
            on=str(directory),
            seen="a symbolic link, or a folder of another user",
            wanted="a folder of this user",
            next_step=f"set {DIRECTORY} to one",
        )
    return directory


class Progress:
    """Writes lines {time, run, stage, done, total, in_flight, waiting_for}; equal ones in a row only once."""

    def __init__(self, run_id: str, clock: Clock) -> None:
        self._run_id = run_id
        self._clock = clock
        self._path = own_progress_directory() / f"{run_id}.jsonl"
        self._last: dict[str, Any] = {}

    def emit(self, stage: str, done: int, total: int, in_flight: int = 0, waiting_for: str = "") -> None:
        line = {"stage": stage, "done": done, "total": total, "in_flight": in_flight, "waiting_for": waiting_for}
        if line == self._last:
            return
        self._last = line
        stamped = {"time": self._clock.now().isoformat(timespec="milliseconds"), "run": self._run_id, **line}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(stamped) + "\n")
