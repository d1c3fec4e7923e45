# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An attempt is followed and killed: with a stand-in for ansible-playbook, whose module is in a session of its own."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
from ansible_collections.ocpvirt.dr.tests.faults import attempt as attempts
from ansible_collections.ocpvirt.dr.tests.faults import orphans
from ansible_collections.ocpvirt.dr.tests.faults.attempt import Attempt
from ansible_collections.ocpvirt.dr.tests.faults.kills import Place
from ansible_collections.ocpvirt.dr.tests.integration.killed_run import command_of, descendants
from demo.cluster import wait_until

BEGIN, SYNC, AGAIN = Place(1, "begin"), Place(1, "sync"), Place(2, "begin")
STORY = """
echo 'PLAY [Clean it] ***'
echo 'TASK [ocpvirt.dr.begin : Begin] ***'
echo 'TASK [Do the step] ***'
echo 'TASK [ocpvirt.dr.step : Run the hooks before the step] ***'
echo 'TASK [ocpvirt.dr.sync : Demote] ***'
echo 'TASK [ocpvirt.dr.sync : Prove] ***'
echo 'PLAY [Move it] ***'
echo 'TASK [ocpvirt.dr.begin : Begin] ***'
echo 'PLAY RECAP ***'
"""


@pytest.fixture
def playbook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Its text follows the first line of the file; a test adds it."""
    path = tmp_path / "ansible-playbook"
    path.write_text("#!/bin/bash\n")
    path.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return path


# a module has a thread that looks after its parents, and ends by itself
MODULE = (
    "python3 -c 'import threading, time; threading.Thread(target=time.sleep, args=(1,)).start()' a.plugins.modules.b"
)


def begun(playbook: Path, text: str) -> Attempt:
    playbook.write_text(playbook.read_text() + text)
    return Attempt("relocate", playbook.with_name("log"))


def module(attempt: Attempt) -> int:
    """The process that the stand-in left in another session."""
    assert attempt.reaches(AGAIN)

    def modules() -> list[int]:
        return [pid for pid in descendants(attempt.process.pid) if command_of(pid).startswith("sleep")]

    # what the stand-in says may be read before the process that it forked has become another program
    wait_until("the module", 30, lambda: [] if modules() else ["sleep"])
    (pid,) = modules()
    return pid


def test_each_step_of_each_play_is_seen_once(playbook: Path) -> None:
    attempt = begun(playbook, STORY)
    assert attempt.wait() == 0
    assert [place for _at, place in attempt.begun] == [BEGIN, SYNC, AGAIN]


def test_a_moment_after_the_end_is_not_reached(playbook: Path) -> None:
    attempt = begun(playbook, STORY)
    assert attempt.reaches(BEGIN, 60) is False
    assert attempt.reaches(Place(2, "sync")) is False


def test_a_step_that_is_left_out_is_passed_once_a_later_one_begins(playbook: Path) -> None:
    attempt = begun(playbook, f"{STORY} sleep 600")
    assert attempt.reaches(Place(1, "resync"), later=[Place(1, "end"), AGAIN]) is True
    attempt.kill()


def test_a_moment_that_a_step_does_not_last_is_where_the_next_one_begins(playbook: Path) -> None:
    attempt = begun(playbook, f"{STORY} sleep 600")
    began = time.monotonic()
    assert attempt.reaches(BEGIN, 300, later=[SYNC, AGAIN]) is True
    assert time.monotonic() - began < 60
    attempt.kill()


def test_kill_leaves_no_process_in_whatever_session(playbook: Path) -> None:
    attempt = begun(playbook, f"setsid sleep 600 & {STORY} wait")
    left = module(attempt)
    attempt.kill()
    assert command_of(left) == ""
    assert attempt.process.returncode == -signal.SIGKILL


def test_killing_only_the_parent_waits_for_the_module_that_ends_by_itself(playbook: Path) -> None:
    attempt = begun(playbook, f"setsid sleep 2 & {STORY} wait")
    left = module(attempt)
    assert attempt.kill_parent() > 0
    assert command_of(left) == ""


def test_p5_a_module_that_outlives_its_parent_is_told(playbook: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orphans, "ORPHANS_END", 1)
    attempt = begun(playbook, f"setsid sleep 600 & {STORY} wait")
    left = module(attempt)
    with pytest.raises(TimeoutError, match="sleep 600"):
        attempt.kill_parent()
    os.kill(left, signal.SIGKILL)


def test_a_module_that_is_left_behind_stands_still_until_it_may_go_on(playbook: Path) -> None:
    attempt = begun(playbook, f"setsid {MODULE} & {STORY} wait")
    left = attempt.leave_module()
    assert left is not None
    assert attempt.killed
    (pid,) = left.modules()
    states = [stat.read_text().rpartition(")")[2].split()[0] for stat in Path(f"/proc/{pid}/task").glob("*/stat")]
    assert set(states) == {"T"}
    left.go_on()
    assert left.await_end() < orphans.ORPHANS_END
    assert left.modules() == []


def test_without_a_module_nothing_is_killed(playbook: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell with a module's name among its words is none."""
    monkeypatch.setattr(attempts, "MODULE_COMES", 0.5)
    attempt = begun(playbook, f"setsid bash -c 'sleep 600; true' a.plugins.modules.b & {STORY} wait")
    assert attempt.reaches(AGAIN)
    assert attempt.leave_module() is None
    assert attempt.process.poll() is None
    attempt.kill()


def test_a_playbook_that_has_ended_is_not_killed(playbook: Path) -> None:
    attempt = begun(playbook, STORY)
    attempt.wait()
    assert attempt.leave_module() is None
    attempt.kill()
    attempt.kill_parent()
    assert not attempt.killed
