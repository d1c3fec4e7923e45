# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verbs of the agent that run beside each other, each held at a point of which the test knows."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.nfs.local_pair import Pair, Site

MET_WITHIN = 20


@contextmanager
def locked(site: Site, name: str) -> Iterator[None]:
    """As by another verb there."""
    with (site.root / "state" / name).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def note(site: Site, **fields: str) -> None:
    """As a verb that went on beside the one that is tested."""
    names = dict(line.split("=", 1) for line in site.state().splitlines()) | fields
    (site.root / "state/payroll.state").write_text("".join(f"{name}={value}\n" for name, value in names.items()))


def await_met(site: Site, verb: Future[Any]) -> None:
    """Until the verb ended, or waits for what another one holds."""
    deadline = time.monotonic() + MET_WITHIN
    while not (verb.done() or _waits_for_a_lock(site)):
        assert time.monotonic() < deadline, "neither ended nor waiting"
        time.sleep(0.01)


@contextmanager
def held_exportfs(pair: Pair, pool: ThreadPoolExecutor, site: Site, *verb: str) -> Iterator[Future[Any]]:
    """A verb that has just had its exportfs, and does not go on before the end."""
    os.mkfifo(pair.root / "exportfs.held")
    holding = pair.root / "exportfs.holding"
    running = pool.submit(site.agent, *verb)
    deadline = time.monotonic() + MET_WITHIN
    while not holding.exists():
        assert time.monotonic() < deadline, "exportfs was not called"
        time.sleep(0.01)
    try:
        yield running
    finally:
        holding.write_bytes(b"")


def _waits_for_a_lock(site: Site) -> bool:
    """Whether some process waits for a lock on a file of the agent's state."""
    inodes = {f":{file.stat().st_ino} " for file in (site.root / "state").iterdir()}
    blocked = [line for line in Path("/proc/locks").read_text().splitlines() if "->" in line]
    return any(inode in line for line in blocked for inode in inodes)
