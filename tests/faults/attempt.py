# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-playbook as a process that is followed step by step, and killed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path

from ansible_collections.ocpvirt.dr.tests.faults.kills import Place
from ansible_collections.ocpvirt.dr.tests.faults.orphans import ORPHANS_END, Orphans, send
from ansible_collections.ocpvirt.dr.tests.integration.killed_run import descendants

PATIENCE = 600
# between two modules are tasks that need none
MODULE_COMES, LOOK = 5.0, 0.05
# the role `step` only calls the role of each step
STEP = re.compile(r"TASK \[ocpvirt\.dr\.(?!step )(\w+) : ")
PLAY = re.compile(r"PLAY \[")


class Attempt:
    """Begins at once. begun: when each step of each play began."""

    def __init__(self, playbook: str, log: Path, *options: str, environment: Mapping[str, str] | None = None) -> None:
        self.begun: list[tuple[float, Place]] = []
        self.lines: list[str] = []
        self._log = log
        self._play = 0
        self._moved = threading.Condition()
        command = ["ansible-playbook", f"ocpvirt.dr.{playbook}", *options]
        self._write(f"$ {' '.join(command)}\n")
        self.process = subprocess.Popen(
            command,
            env={**os.environ, **(environment or {}), "PYTHONUNBUFFERED": "1", "ANSIBLE_LOCALHOST_WARNING": "false"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._follow, daemon=True)
        self._reader.start()

    @property
    def output(self) -> str:
        return "".join(self.lines)

    @property
    def newest(self) -> Place | None:
        """The step that began last; where a kill met it, once it is dead."""
        return self.begun[-1][1] if self.begun else None

    def reaches(self, place: Place, after: float = 0.0, later: Collection[Place] = ()) -> bool:
        """Wait until so many seconds after a step began; False when the playbook ended before that.

        later: steps that come after it: once one of them begins, this one was left out, or did not last as long. A
        resumed attempt is quicker than an undisturbed one, and would outrun all kills that are still to come.
        """
        wanted = {place, *later}
        with self._moved:
            self._moved.wait_for(lambda: self._has(wanted) or self._over(), PATIENCE)
        if not self._has(wanted):
            assert self._over(), f"{place} was not reached within {PATIENCE} s, see {self._log}"
            return False
        with self._moved:
            self._moved.wait_for(lambda: self._has(later) or self._over(), after)
        return self.process.poll() is None

    @property
    def killed(self) -> bool:
        """Whether a kill met it alive."""
        return self.process.poll() == -signal.SIGKILL

    def wait(self) -> int:
        """Its exit code; killed if it does not end at all."""
        try:
            code = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        self._reader.join(ORPHANS_END)
        return code

    def kill(self) -> None:
        """Every process of it, wherever Ansible put it: all are stopped first, so that none sees another die."""
        if self._over():
            return
        stopped: set[int] = set()
        while new := {self.process.pid, *descendants(self.process.pid)} - stopped:
            send(new, signal.SIGSTOP)
            stopped |= new
        send(stopped, signal.SIGKILL)
        self.process.wait(ORPHANS_END)
        self._reader.join(ORPHANS_END)
        self._write("\n*** killed, with all its processes ***\n")

    def kill_parent(self) -> float:
        """Only ansible-playbook itself; seconds until the processes that it left behind were gone."""
        left = Orphans(self.process.pid)
        self._lose_parent()
        took = left.await_end()
        self._reader.join(ORPHANS_END)
        return took

    def leave_module(self) -> Orphans | None:
        """Only ansible-playbook itself, as soon as a module works for it; what it leaves is held up until `go_on`.

        None when no module came: then nothing was killed.
        """
        until = time.monotonic() + MODULE_COMES
        while not self._over() and time.monotonic() < until:
            left = Orphans(self.process.pid)
            if left.modules():
                left.hold()
                # it may have ended before it was stopped
                if left.modules():
                    self._lose_parent()
                    return left
                left.go_on()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(LOOK)
        return None

    def _lose_parent(self) -> None:
        # not by its number, which another process may have if this one has ended
        self.process.kill()
        self.process.wait(PATIENCE)
        self._write("\n*** killed, only the parent ***\n")

    def _follow(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            self._write(line)
            with self._moved:
                self._play += bool(PLAY.match(line))
                found = STEP.match(line)
                place = Place(self._play, found[1]) if found else None
                if place and not self._has({place}):
                    self.begun.append((time.time(), place))
                self._moved.notify_all()
        self.process.wait()
        with self._moved:
            self._moved.notify_all()

    def _has(self, places: Collection[Place]) -> bool:
        return any(seen in places for _at, seen in self.begun)

    def _over(self) -> bool:
        return self.process.poll() is not None

    def _write(self, text: str) -> None:
        with self._log.open("a", encoding="utf-8") as file:
            file.write(text)
