# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ends a process with everything that it began.

Ansible's workers, and what their tasks run, are in groups of their own: a signal to the playbook's does not reach them.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ..._cluster.clock import Clock, Deadline

# for an end by itself, and then for one by force
GRACE = 2.0
POLL = 0.02


class Process(NamedTuple):
    pid: int
    parent: int
    group: int


def end_tree(child: subprocess.Popen[bytes], clock: Clock | None = None) -> None:
    """child: the leader of a group. Returns when nothing is left of it, or GRACE seconds after the last signal."""
    clock = clock or Clock()
    groups = _groups_below(child.pid)
    for sign in (signal.SIGTERM, signal.SIGKILL):
        for group in groups:
            _signal(group, sign)
        deadline = Deadline(clock, GRACE)
        while _left(groups, child) and not deadline.over:
            clock.sleep(POLL)
        if not _left(groups, child):
            return


def _left(groups: set[int], child: subprocess.Popen[bytes]) -> bool:
    child.poll()
    return any(process.group in groups for process in _processes())


def _groups_below(pid: int) -> set[int]:
    found = list(_processes())
    below, grown = {pid}, True
    while grown:
        members = {process.pid for process in found if process.parent in below}
        grown = not members <= below
        below |= members
    return {pid, *(process.group for process in found if process.pid in below)}


def _processes() -> Iterator[Process]:
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            # the name before it may hold spaces and parentheses
            state, parent, group = file.read_text(encoding="utf-8").rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if state != "Z":
            yield Process(int(file.parent.name), int(parent), int(group))


def _signal(group: int, sign: signal.Signals) -> None:
    try:
        os.killpg(group, sign)
    except ProcessLookupError:
        return
