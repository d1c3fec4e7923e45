# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that a provider runs where the playbook runs: with a deadline, without a shell."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from .._errors import Failed, Unreachable

AFTER_KILL = 1.0


@dataclass(frozen=True)
class Answer:
    """What a program left: its exit status and its output."""

    code: int
    stdout: bytes
    stderr: bytes

    @property
    def last_words(self) -> str:
        """The last line of what it said, errors first."""
        for output in (self.stderr, self.stdout):
            lines = output.decode(errors="replace").strip().splitlines()
            if lines:
                return lines[-1][:300]
        return "nothing"


# (words, seconds, standard input) to answer
Runner = Callable[[Sequence[str], float, bytes], Answer]


def run_command(words: Sequence[str], seconds: float, stdin: bytes = b"") -> Answer:
    """Run a program to its end. No answer within the seconds: Unreachable; no such program: Failed."""
    pipe = subprocess.PIPE
    try:
        process = subprocess.Popen(list(words), stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True)
    except FileNotFoundError as error:
        hint = f"install {words[0]} where the playbook runs, or correct the plan"
        raise Failed(f"run {words[0]}", seen="there is no such program", next_step=hint) from error
    try:
        stdout, stderr = process.communicate(stdin, seconds)
    except BaseException as error:
        _end(process)
        if isinstance(error, subprocess.TimeoutExpired):
            raise Unreachable(f"run {words[0]}", seen="no answer", waited=seconds) from error
        raise
    return Answer(process.returncode, stdout, stderr)


def _end(process: subprocess.Popen[bytes]) -> None:
    """With what it started, which holds its pipes. What left its session, as the master of ssh, is not waited for."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(subprocess.TimeoutExpired):
        process.communicate(timeout=AFTER_KILL)
