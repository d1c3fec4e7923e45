# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes below ansible-playbook: the modules among them, and what becomes of all of them once it was killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from ansible_collections.ocpvirt.dr.tests.integration.killed_run import command_of, descendants
from demo.cluster import wait_until

# a module looks every second whether its parents live, and ends with what it is sending
ORPHANS_END = 15
STANDS_WITHIN = 15
MODULE = "plugins.modules."
# of a thread, in /proc: stopped, or ended
GONE = "X"
STANDING = ("T", "t", "Z", GONE)


class Orphans:
    """What lives below a process. Each is known by when it began as well: its number may be given to another one."""

    def __init__(self, parent: int) -> None:
        self._parent = parent
        self._began: dict[int, str] = {}
        self._look()

    def modules(self) -> list[int]:
        """Those that look after their parents already, in a thread of their own; a shell with their name has one."""
        return [pid for pid in self._alive() if MODULE in command_of(pid) and _threads(pid) > 1]

    def hold(self) -> None:
        """Stop all of them, and those that one of them begins meanwhile."""
        send(self._began, signal.SIGSTOP)
        while new := self._look():
            send(new, signal.SIGSTOP)
        # a signal is on its way for a moment, and a processor that is busy lets the process run on until then
        wait_until("what was stopped to stand still", STANDS_WITHIN, lambda: list(filter(_moves, self._alive())))

    def go_on(self) -> None:
        send(self._alive(), signal.SIGCONT)

    def await_end(self) -> float:
        """Seconds until all are gone by themselves."""
        return wait_until(
            "the end of what a killed playbook left behind",
            ORPHANS_END,
            lambda: [command_of(pid)[:80] for pid in self._alive()],
        )

    def _look(self) -> list[int]:
        """Those that are new since the last look."""
        began = {pid: _began(pid) for pid in descendants(self._parent)}
        new = [pid for pid, at in began.items() if at and self._began.get(pid) != at]
        self._began |= {pid: began[pid] for pid in new}
        return new

    def _alive(self) -> list[int]:
        return [pid for pid, at in self._began.items() if _began(pid) == at]


def send(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        # it may have ended meanwhile
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _began(pid: int) -> str:
    """In clock ticks since the machine began; empty for a process that is gone, or a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] == "Z" else fields[19]


def _threads(pid: int) -> int:
    try:
        return len(list(Path(f"/proc/{pid}/task").iterdir()))
    except OSError:
        return 0


def _moves(pid: int) -> bool:
    """Whether a thread of it is not stopped."""
    try:
        states = [_state(stat) for stat in Path(f"/proc/{pid}/task").glob("*/stat")]
    except OSError:
        return False
    return any(state not in STANDING for state in states)


def _state(stat: Path) -> str:
    try:
        return stat.read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return GONE
