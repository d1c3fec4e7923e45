# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was begun by a process that is ended, real processes."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.tasks.process_tree import end_tree
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.tasks.fifo import told

# A worker is the leader of a session, as Ansible's are; it tells its pid once it is as deaf as it will be.
TREE = """
import os, signal, sys, time
if {deaf}:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    with open(sys.argv[1], "w") as told:
        told.write(str(os.getpid()))
time.sleep(300)
"""


@pytest.mark.parametrize("deaf", [False, True], ids=["asked", "forced"])
def test_workers_in_sessions_of_their_own_are_gone_when_it_returns(tmp_path: Path, deaf: bool) -> None:
    ready = tmp_path / "ready"
    os.mkfifo(ready)
    child = subprocess.Popen([sys.executable, "-c", TREE.format(deaf=deaf), str(ready)], start_new_session=True)
    worker = os.pidfd_open(int(told(ready)))
    end_tree(child)
    assert child.returncode is not None
    assert select.select([worker], [], [], 0)[0] == [worker]


def test_a_process_that_ended_by_itself_is_no_error() -> None:
    child = subprocess.Popen([sys.executable, "-c", "pass"], start_new_session=True)
    child.wait()
    end_tree(child)
    assert child.returncode == 0
