# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A killed ansible-playbook leaves its module processes behind; this ends them (P5).

What forked a module's worker is no ancestor any more once it was killed, and by a look from below nobody can tell that
it ever was. So the action plugin, which runs in the worker, names it to the module.
"""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

POLL = 1.0
# the exit status of a process that SIGTERM ended
ORPHANED = 143
# a module's environment variable: the process of its playbook, as `named` writes it
PLAYBOOK = "OCPVIRT_DR_PLAYBOOK"


def end_with_parent() -> None:
    """End this process when its playbook or one of the Ansible processes above it is gone."""
    watched = _ansible_ancestors() + _handed_down()
    # before anything is sent
    _end_without(watched)
    threading.Thread(target=_watch, args=(watched,), name="parent-watch", daemon=True).start()


def end_without(parent: int) -> None:
    """End this process at once, if the one that forked it is gone: whatever it begins now is for nobody."""
    if os.getppid() != parent:
        os._exit(ORPHANED)


def named(pid: int) -> str:
    """A process that nobody takes for a later one with its number; empty where there is no /proc."""
    started = _started(pid)
    return f"{pid}:{started}" if started else ""


def _handed_down() -> list[tuple[int, str]]:
    # not for a playbook that this process starts in its turn
    pid, _colon, started = os.environ.pop(PLAYBOOK, "").partition(":")
    return [(int(pid), started)] if started else []


def _watch(watched: list[tuple[int, str]]) -> None:
    while True:
        _end_without(watched)
        time.sleep(POLL)


def _end_without(watched: list[tuple[int, str]]) -> None:
    if any(_started(pid) != started for pid, started in watched):
        # threads may be in the middle of requests: nothing more may be sent
        os._exit(ORPHANED)


def _ansible_ancestors() -> list[tuple[int, str]]:
    """The direct parent, and those above it up to the topmost that runs Ansible: pid and start time."""
    chain: list[tuple[int, str]] = []
    keep = 1
    pid = os.getppid()
    while pid > 1:
        started = _started(pid)
        if started is None:
            break
        chain.append((pid, started))
        if _runs_ansible(pid):
            keep = len(chain)
        pid = int(_fields(pid)[1])
    return chain[:keep]


def _runs_ansible(pid: int) -> bool:
    """By the name of the program or its script: a folder such as /home/ansible says nothing."""
    words = _read(pid, "cmdline").split(b"\0")[:3]
    return any(word.rpartition(b"/")[2].startswith(b"ansible") for word in words)


def _started(pid: int) -> str | None:
    fields = _fields(pid)
    # a zombie does nothing any more; its parent may be slow to notice
    return fields[19] if len(fields) > 19 and fields[0] != "Z" else None


def _fields(pid: int) -> list[str]:
    """/proc/PID/stat from the state on; the name before it may hold spaces and parentheses."""
    return _read(pid, "stat").decode(errors="replace").rpartition(")")[2].split()


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""
