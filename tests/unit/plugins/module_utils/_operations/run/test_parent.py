# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real process trees: a playbook, its worker, the module. The word that marks a process is in its command line."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.run import parent

DEADLINE = 10.0
PROGRAM = """
import os, subprocess, sys, threading

def say(*words):
    # in one piece: two of them may end at once
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())

role = sys.argv[1]
say(role, os.getpid())
below = os.environ["BELOW"].split()
if below:
    os.environ["BELOW"] = " ".join(below[1:])
    child = subprocess.Popen([sys.executable, __file__, below[0]])
    say(below[0], "ended", child.wait())
else:
    from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.run import parent

    parent.POLL = 0.02
    parent.end_with_parent()
    say("watching")
    threading.Event().wait()
"""
COLLECTIONS = Path(parent.__file__).absolute()
while COLLECTIONS.name != "collections":
    COLLECTIONS = COLLECTIONS.parent


class Tree:
    """Processes, one below the other, by their roles."""

    def __init__(self, program: Path, *roles: str) -> None:
        self.pids: dict[str, int] = {}
        self._process = subprocess.Popen(
            [sys.executable, str(program), roles[0]],
            stdout=subprocess.PIPE,
            # of two lines that come at once the second stays in the pipe, where select sees it
            bufsize=0,
            env={**os.environ, "PYTHONPATH": str(COLLECTIONS), "BELOW": " ".join(roles[1:])},
        )
        while (line := self.line()) != "watching":
            role, pid = line.split()
            self.pids[role] = int(pid)

    def line(self) -> str:
        assert self._process.stdout is not None
        readable, _writable, _failed = select.select([self._process.stdout], [], [], DEADLINE)
        assert readable, "nothing was said in time"
        return self._process.stdout.readline().decode().strip()

    def kill(self, role: str) -> None:
        os.kill(self.pids[role], signal.SIGKILL)

    def ends(self, role: str, within: float = DEADLINE) -> bool:
        try:
            descriptor = os.pidfd_open(self.pids[role])
        except ProcessLookupError:
            return True
        try:
            return bool(select.select([descriptor], [], [], within)[0])
        finally:
            os.close(descriptor)

    def close(self) -> None:
        for role in self.pids:
            try:
                self.kill(role)
            except ProcessLookupError:
                continue
        self._process.communicate(timeout=DEADLINE)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    # of a user who is called ansible
    path = tmp_path / "ansible" / "tree.py"
    path.parent.mkdir()
    path.write_text(PROGRAM, encoding="utf-8")
    return path


@pytest.fixture
def tree(program: Path) -> Iterator[Tree]:
    tree = Tree(program, "shell", "ansible-playbook", "worker", "module")
    yield tree
    tree.close()


def test_p5_a_module_ends_when_its_playbook_is_killed(tree: Tree) -> None:
    tree.kill("ansible-playbook")
    assert tree.ends("module")


def test_p5_a_module_ends_when_its_direct_parent_is_killed(tree: Tree) -> None:
    tree.kill("worker")
    assert tree.ends("module")


def test_p5_its_exit_status_says_that_it_was_ended(tree: Tree) -> None:
    tree.kill("ansible-playbook")
    said = {tree.line(), tree.line()}
    assert said == {"ansible-playbook ended -9", f"module ended {parent.ORPHANED}"}


def test_p5_a_module_goes_on_when_only_the_shell_above_its_playbook_ends(tree: Tree) -> None:
    tree.kill("shell")
    assert not tree.ends("module", within=0.3)


def test_p5_a_playbook_that_is_dead_and_not_yet_collected_counts_as_gone() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert parent._started(process.pid) is None


def test_p5_a_module_that_was_told_of_a_playbook_that_is_gone_sends_nothing() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as playbook:
        name = parent.named(playbook.pid)
        playbook.kill()
    words = [sys.executable, "-c", f"from {parent.__name__} import end_with_parent; end_with_parent(); print('sent')"]
    environment = {**os.environ, "PYTHONPATH": str(COLLECTIONS), parent.PLAYBOOK: name}
    ended = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (parent.ORPHANED, "")


def test_p5_the_playbook_that_a_module_was_told_of_is_its_own_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not that of a playbook which it starts in its turn."""
    monkeypatch.setenv(parent.PLAYBOOK, parent.named(os.getpid()))
    assert parent._handed_down() == [(os.getpid(), parent._started(os.getpid()))]
    assert parent._handed_down() == []
