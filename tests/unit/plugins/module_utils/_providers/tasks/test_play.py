# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Task files in an ansible-playbook of their own: what goes in, what comes out, and how it ends."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan_secrets import HIDDEN
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.tasks import play as tasks_play
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.tasks.play import Outcome, Request, play
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.tasks.fifo import told
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import SimulatedTime

ROOT = Path(__file__).parents[6]
SECRET = "s3cret {{ 1 + 1 }}"


@pytest.fixture
def tasks(tmp_path: Path) -> Any:
    def request(text: str, seconds: float = 30.0, **more: Any) -> Request:
        file = tmp_path / f"{len(list(tmp_path.iterdir()))}.yml"
        file.write_text(f"---\n{text}\n", encoding="utf-8")
        return Request("observe", "payroll", "east", "west", str(file), seconds, **more)

    return request


def test_each_request_has_its_own_outcome_and_none_stops_the_next(tasks: Any) -> None:
    said = """
- ansible.builtin.set_fact:
    replication_answer: {at: "{{ replication_site }}", to: "{{ replication_here.to }}"}
"""
    failing = "- name: Ask the array\n  ansible.builtin.fail: {msg: it has no such group}"
    nothing = "- ansible.builtin.debug: {msg: hello}"
    outcomes = play([tasks(said, here={"to": "a"}), tasks(failing), tasks(nothing), tasks(said, here={"to": "b"})], ())
    assert outcomes == [
        Outcome({"at": "east", "to": "a"}),
        Outcome(None, "Ask the array: it has no such group"),
        Outcome({}),
        Outcome({"at": "east", "to": "b"}),
    ]


def test_the_playbook_runs_where_the_command_was_started(
    tasks: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is its ansible.cfg, and not where a shell says that it is."""
    started = tmp_path / "started"
    started.mkdir()
    monkeypatch.setenv("PWD", "/")
    monkeypatch.setenv("OCPVIRT_DR_STARTED_IN", str(started))
    said = "- ansible.builtin.set_fact:\n    replication_answer: {folder: \"{{ '.' | realpath }}\"}"
    assert play([tasks(said)], ()) == [Outcome({"folder": str(started)})]


def test_p10_a_secret_reaches_the_tasks_and_no_text_that_comes_back(tasks: Any, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    text = f"""
- ansible.builtin.copy: {{content: "{{{{ replication_here.password }}}}", dest: {kept}, mode: "0600"}}
- name: Log in
  ansible.builtin.fail: {{msg: "as admin with {{{{ replication_here.password }}}}"}}
"""
    outcome = play([tasks(text, here={"password": SECRET})], ())[0]
    assert kept.read_text(encoding="utf-8") == SECRET
    assert outcome.failed == f"Log in: as admin with {HIDDEN}"


def test_what_no_log_hides_stays_hidden(tasks: Any) -> None:
    text = "- name: Log in\n  ansible.builtin.fail: {msg: as admin with s3cret}\n  no_log: true"
    assert play([tasks(text)], ())[0].failed == "Log in: failed, and its no_log hides why"


def test_a_task_that_takes_too_long_is_ended(tasks: Any) -> None:
    began = time.monotonic()
    outcome = play([tasks("- name: Ask\n  ansible.builtin.wait_for: {timeout: 120}", 1.0)], ())[0]
    assert "Ask: " in outcome.failed
    assert time.monotonic() - began < 60


def test_tasks_that_take_too_long_together_are_ended_with_all_that_they_began(
    tasks: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = tmp_path / "begun"
    os.mkfifo(begun)
    seen: list[int] = []

    class Impatient(subprocess.Popen[bytes]):
        def wait(self, timeout: float | None = None) -> int:
            if seen:
                return super().wait(timeout)
            seen.append(int(told(begun)))
            raise subprocess.TimeoutExpired(self.args, timeout or 0)

    monkeypatch.setattr(tasks_play.subprocess, "Popen", Impatient)
    outcome = play([tasks(f"- ansible.builtin.shell: echo $$ > {begun}; exec sleep 300", 240.0)], ())[0]
    assert (outcome.silent, outcome.failed) == (True, "no answer within 300 s")
    assert not alive(seen[0])


class Playbook:
    """Ends after so many seconds."""

    def __init__(self, seconds: float) -> None:
        self.time = SimulatedTime()
        self._seconds = seconds

    def wait(self, timeout: float) -> int:
        self.time.sleep(timeout)
        if self.time.seconds < self._seconds:
            raise subprocess.TimeoutExpired("ansible-playbook", timeout)
        return 0


def test_p4_of_a_site_that_may_be_dead_only_the_first_one_is_waited_for_that_says_nothing() -> None:
    playbook = Playbook(3600)
    with pytest.raises(subprocess.TimeoutExpired):
        tasks_play.wait_for_next(playbook, 10, lambda: 0, playbook.time.clock())  # type: ignore[arg-type]
    assert playbook.time.seconds == pytest.approx(10, abs=tasks_play.POLL)


def test_p1_a_slow_array_with_many_groups_is_not_taken_for_a_dead_one() -> None:
    playbook = Playbook(50)

    def answered() -> int:
        return int(playbook.time.seconds / 8)

    assert tasks_play.wait_for_next(playbook, 10, answered, playbook.time.clock()) == 0  # type: ignore[arg-type]


def test_p4_looks_at_a_site_that_may_be_dead_have_the_time_of_one_and_keep_what_was_answered(
    tasks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[float] = []

    def wait(child: subprocess.Popen[bytes], seconds: float, answered: Any) -> int:
        given.append(seconds)
        code = child.wait()
        given.append(answered())
        return code

    monkeypatch.setattr(tasks_play, "wait_for_next", wait)
    said = tasks("- ansible.builtin.set_fact: {replication_answer: {role: secondary}}")
    hanging = tasks("- ansible.builtin.wait_for: {timeout: 600}")
    outcomes = play([said.hurried_by(6), hanging.hurried_by(2)], ())
    assert given == [6 + tasks_play.START, 1]
    assert [outcome.answer for outcome in outcomes] == [{"role": "secondary"}, None]


def test_p5_no_further_task_begins_when_the_module_was_killed(tasks: Any, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    os.mkfifo(begun)
    text = f"""
- ansible.builtin.shell: echo begun > {begun}
- ansible.builtin.wait_for: {{timeout: 4}}
- ansible.builtin.file: {{path: {tmp_path}/finished, state: touch, mode: "0600"}}
"""
    code = f"""
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.tasks.play import Request, play
play([Request("promote", "payroll", "east", "west", {tasks(text).file!r}, 60.0)], ())
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "build/collections"), "TMPDIR": str(tmp_path)}
    module = subprocess.Popen([sys.executable, "-c", code], env=environment)
    assert told(begun) == "begun\n"
    left = playbooks_of(tmp_path)
    module.kill()
    module.wait()
    assert left
    for playbook in left:
        assert select.select([playbook], [], [], 60)[0]
        os.close(playbook)
    assert not (tmp_path / "finished").exists()


def test_a_playbook_that_cannot_begin_says_why(tasks: Any, tmp_path: Path) -> None:
    (tmp_path / "secrets.yml").write_text("a: [", encoding="utf-8")
    outcome = play([tasks("- ansible.builtin.debug: {msg: hello}")], [str(tmp_path / "secrets.yml")])[0]
    assert outcome.silent
    assert "ansible-playbook ended with" in outcome.failed
    assert "secrets.yml" in outcome.failed


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def playbooks_of(folder: Path) -> list[int]:
    """Handles of ansible-playbooks whose files lie in the folder, workers included; readable once one has ended."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"@{folder}/".encode() in (process / "cmdline").read_bytes():
                found.append(os.pidfd_open(int(process.name)))
        except OSError:
            continue
    return found
