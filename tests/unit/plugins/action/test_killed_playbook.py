# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real ansible-playbook is killed when its worker has been forked and its module has not begun: nothing goes on."""

from __future__ import annotations

import os
import select
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
import yaml

DEADLINE = 30.0
# who says its pid, and kills the playbook if it is the one to do so; only then it goes on
STRIKE = """
import os, select, signal

def come(role, pid):
    folder = os.environ["STRIKE_FOLDER"]
    with open(f"{folder}/said", "w") as said:
        said.write(f"{role} {pid}\\n")
    if os.environ["STRIKE_BY"] == role:
        with open(f"{folder}/playbook") as playbook:
            killed = int(playbook.read())
        watched = os.pidfd_open(killed)
        os.kill(killed, signal.SIGKILL)
        select.select([watched], [], [])
"""
# run by a lookup while the worker reads the arguments of its task
WORKER = "import os, strike\nstrike.come('worker', os.getppid())\nprint(os.environ['STRIKE_FOLDER'] + '/plan')\n"
# run by Python itself when it starts for the module
MODULE = "import os, strike\nstrike.come('module', os.getpid())\n"


class Playbook:
    """Its one module reads a plan that never comes. strike_by: who kills the playbook, the worker or the module."""

    def __init__(self, folder: Path, strike_by: str, python: str) -> None:
        code = folder / "code"
        code.mkdir()
        for name, text in (("strike", STRIKE), ("worker", WORKER), ("sitecustomize", MODULE)):
            (code / f"{name}.py").write_text(text)
        self._plan = folder / "plan"
        os.mkfifo(self._plan)
        os.mkfifo(folder / "said")
        # for both ends: so nobody waits for the other
        self._said = os.open(folder / "said", os.O_RDWR)
        self._kept = [self._said]
        self._rest = b""
        # by role: what tells the end of a process; None of one that had ended when it was heard of
        self._watched: dict[str, int | None] = {}
        path = self._write(folder, python)
        program = str(Path(sys.executable).with_name("ansible-playbook"))
        environment = {"STRIKE_FOLDER": str(folder), "STRIKE_BY": strike_by, "ANSIBLE_LOCALHOST_WARNING": "false"}
        with (folder / "output").open("wb") as output:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", 'echo $$ > "$0"; exec "$@"', str(folder / "playbook"), program, str(path)],
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def _write(self, folder: Path, python: str) -> Path:
        reading = shlex.join(["exec", sys.executable, str(folder / "code" / "worker.py")])
        play = {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "vars": {"ansible_python_interpreter": python},
            "tasks": [
                {
                    "ocpvirt.dr.plan_info": {"plan": "{{ lookup('ansible.builtin.pipe', reading) }}"},
                    "vars": {"reading": reading},
                    "environment": {"PYTHONPATH": str(folder / "code")},
                }
            ],
        }
        path = folder / "play.yml"
        path.write_text(yaml.safe_dump([play]))
        return path

    def await_begin(self, role: str) -> None:
        while role not in self._watched:
            self._hear()

    def await_reading(self) -> None:
        """The module is at its plan."""
        with ThreadPoolExecutor(max_workers=1) as pool:
            opening = pool.submit(os.open, self._plan, os.O_WRONLY)
            try:
                self._kept.append(opening.result(DEADLINE))
            finally:
                # whoever waits for a reader still has one
                os.close(os.open(self._plan, os.O_RDONLY | os.O_NONBLOCK))

    def kill(self) -> None:
        self._process.kill()

    def ends(self, role: str) -> bool:
        watched = self._watched[role]
        return watched is None or bool(select.select([watched], [], [], DEADLINE)[0])

    def begun(self) -> set[str]:
        while self._rest or select.select([self._said], [], [], 0)[0]:
            self._hear()
        return set(self._watched)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for watched in filter(None, self._watched.values()):
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(watched, signal.SIGKILL)
        for descriptor in self._kept:
            os.close(descriptor)

    def _hear(self) -> None:
        while b"\n" not in self._rest:
            assert select.select([self._said], [], [], DEADLINE)[0], "nothing was said in time"
            self._rest += os.read(self._said, 4096)
        line, _end, self._rest = self._rest.partition(b"\n")
        role, pid = line.decode().split()
        try:
            watched = os.pidfd_open(int(pid))
        except ProcessLookupError:
            self._watched[role] = None
        else:
            self._watched[role] = watched
            self._kept.append(watched)


@pytest.fixture
def another_python(tmp_path: Path) -> str:
    """The same one by another name, for which modules are packed and shipped."""
    program = tmp_path / "python"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
    program.chmod(0o700)
    return str(program)


@pytest.fixture(params=["in place", "shipped"])
def playbook(
    request: pytest.FixtureRequest, tmp_path: Path, another_python: str
) -> Iterator[Callable[[str], Playbook]]:
    python = another_python if request.param == "shipped" else "{{ ansible_playbook_python }}"
    made: list[Playbook] = []

    def play(strike_by: str) -> Playbook:
        made.append(Playbook(tmp_path, strike_by, python))
        return made[-1]

    yield play
    for one in made:
        one.close()


def test_p5_a_worker_whose_playbook_is_gone_starts_no_module(playbook: Callable[[str], Playbook]) -> None:
    played = playbook("worker")
    played.await_begin("worker")
    assert played.ends("worker")
    assert played.begun() == {"worker"}


def test_p5_a_module_whose_playbook_was_gone_before_it_looked_ends(playbook: Callable[[str], Playbook]) -> None:
    played = playbook("module")
    played.await_begin("module")
    assert played.ends("module")
    assert played.ends("worker")


def test_p5_a_module_lives_and_ends_with_its_playbook(playbook: Callable[[str], Playbook]) -> None:
    """The counter-test: what ends the others is the kill."""
    played = playbook("nobody")
    played.await_begin("module")
    played.await_reading()
    played.kill()
    assert played.ends("module")
    assert played.ends("worker")
