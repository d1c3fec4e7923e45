# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = """
name: progress
type: notification
short_description: Prints a line whenever long work of a run moves on
version_added: 0.1.0
description:
  - Follows the side channel that the modules of this collection write while they work.
  - Prints what changed since the last look, one line per stage, of the playbook's own run.
  - Without it the job log speaks at the end of each round of a long module.
requirements:
  - Enabled in C(callbacks_enabled).
options:
  interval:
    description: Seconds between two looks at the side channel.
    type: int
    default: 1
    ini: [{section: callback_ocpvirt_dr_progress, key: interval}]
    env: [{name: OCPVIRT_DR_PROGRESS_INTERVAL}]
author:
  - The ocpvirt.dr authors (@ocpvirt)
"""

import json
import threading
import time
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

from ..module_utils._operations.run.progress import progress_directory


class CallbackModule(CallbackBase):
    """Follows the progress files of the runs that tasks of this playbook began or went on with.

    Others write to the same folder: a user may run many plans at once.
    """

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "ocpvirt.dr.progress"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._ended = threading.Event()
        self._read: dict[Path, int] = {}
        self._runs: list[str] = []

    def v2_playbook_on_start(self, playbook: Any) -> None:
        # what stands there already belongs to earlier runs
        self._read = {path: path.stat().st_size for path in progress_directory().glob("*.jsonl")}
        threading.Thread(target=self._follow, name="progress", daemon=True).start()

    def v2_runner_on_ok(self, result: Any) -> None:
        run_id = result._result.get("run_id")
        if isinstance(run_id, str) and run_id and run_id not in self._runs:
            # another object, not another item: the thread may be reading it
            self._runs = [*self._runs, run_id]

    def v2_playbook_on_stats(self, stats: Any) -> None:
        self._ended.set()
        self._print_new()

    def _follow(self) -> None:
        while not self._ended.wait(self.get_option("interval")):
            self._print_new()

    def _print_new(self) -> None:
        for path in [progress_directory() / f"{run_id}.jsonl" for run_id in self._runs]:
            start = self._read.get(path, 0)
            if not path.exists():
                continue
            with path.open("rb") as file:
                file.seek(start)
                new = file.read()
            # the last line may be half written
            whole = new[: new.rfind(b"\n") + 1]
            self._read[path] = start + len(whole)
            # only the newest line of each stage: the ones before it are history already
            newest = {event["stage"]: event for event in map(json.loads, whole.splitlines())}
            for event in newest.values():
                self._display.display(progress_line(event))


def progress_line(event: dict[str, Any]) -> str:
    """One event as a person reads it."""
    clock = time.strftime("%H:%M:%S")
    parts = [f"{event['done']}/{event['total']}"]
    if event["in_flight"]:
        parts.append(f"{event['in_flight']} in flight")
    if event["waiting_for"]:
        parts.append(f"waiting for {event['waiting_for']}")
    return f"{clock}  {event['stage']}: {', '.join(parts)}"
