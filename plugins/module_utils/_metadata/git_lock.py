# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run at a time in a checkout, and a checkout that a killed run left in the middle of something is mended (P5)."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .._cluster.clock import Clock, Deadline
from .._errors import Failed, Timeout
from .git_program import Git

# another plan's push may take so long
PATIENCE = 300.0
POLL = 0.5
NAME = "ocpvirt-dr.lock"
BUSY = b"busy\n"
# what git leaves when it is killed
STALE = ("index.lock", "HEAD.lock")
REBASING = ("rebase-merge", "rebase-apply")


@contextmanager
def on_disk(folder: str) -> Iterator[None]:
    """What the disk refuses is told as an error of the checkout."""
    try:
        yield
    except OSError as error:
        raise Failed(
            "read and write the checkout of Git",
            on=folder,
            seen=f"{error.strerror}: {error.filename}",
            wanted="a folder in which the user of the playbook may write",
            next_step="correct it there, then start again",
        ) from error


def git_path(git: Git, name: str) -> Path:
    """Of a file that git keeps of this checkout."""
    return Path(git.folder, git.run("rev-parse", "--git-path", name).strip())


@contextmanager
def held(git: Git, branch: str, clock: Clock) -> Iterator[None]:
    """Until the block ends, and until every git that it started has: they keep the file open."""
    path = git_path(git, NAME)
    with on_disk(git.folder):
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _take(git, handle, clock)
        git.held = handle
        if os.pread(handle, len(BUSY), 0):
            _mend(git, branch)
        os.pwrite(handle, BUSY, 0)
        try:
            yield
        finally:
            os.truncate(handle, 0)
    finally:
        git.held = None
        os.close(handle)


def _take(git: Git, handle: int, clock: Clock) -> None:
    deadline = Deadline(clock, PATIENCE)
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        if deadline.over:
            raise Timeout(
                "use the checkout",
                on=git.folder,
                seen="another run of a plan works in it, or a git that a killed run has left behind",
                waited=deadline.elapsed,
                next_step="let it end, or end it, then start again",
            )
        clock.sleep(POLL)


def _mend(git: Git, branch: str) -> None:
    """The run before was killed, and no git of it works any more: whatever is locked here was locked by it."""
    for name in (*STALE, f"refs/heads/{branch}.lock"):
        git_path(git, name).unlink(missing_ok=True)
    if any(git_path(git, name).exists() for name in REBASING):
        git.run("rebase", "--abort")
