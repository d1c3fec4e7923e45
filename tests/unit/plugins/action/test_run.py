# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules run from where the collection lies, or are shipped where that is not: nobody can tell which by the result."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest
import yaml
from ansible.parsing.yaml.objects import AnsibleUnicode
from ansible_collections.ocpvirt.dr.plugins.action import run as action
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.names import STARTED_IN
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.run.parent import PLAYBOOK, named

ROOT = Path(__file__).parents[4]
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))
# what Ansible says of a module file that it packs
PACKED = re.compile(r"Using module file .*ocpvirt/dr/plugins/modules/run\.py")


@dataclass(frozen=True)
class Said:
    """result: of the task. output: what ansible-playbook said, in detail."""

    result: dict[str, Any]
    output: str


def task(folder: Path, python: str) -> Said:
    """The module run by itself, with a plan that is not there."""
    kept = folder / "result.json"
    begin = {"name": "Begin", "ocpvirt.dr.run": {"plan": "absent.yml"}, "register": "ended", "ignore_errors": True}
    keep = {"name": "Keep", "ansible.builtin.copy": {"content": "{{ ended | to_json }}", "dest": str(kept)}}
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "environment": {STARTED_IN: str(folder)},
        "vars": {"ansible_python_interpreter": python},
        "tasks": [begin, keep],
    }
    playbook = folder / "play.yml"
    playbook.write_text(yaml.safe_dump([play]))
    program = Path(sys.executable).with_name("ansible-playbook")
    command = [str(program), str(playbook), "-vvv"]
    environment = {**os.environ, "ANSIBLE_LOCALHOST_WARNING": "false", "COLUMNS": "1000"}
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    result = json.loads(kept.read_text())
    # where the code lay, which older versions tell
    result.pop("exception", None)
    return Said(result, ended.stdout)


@pytest.fixture
def another_python(tmp_path: Path) -> str:
    """The same one by another name."""
    program = tmp_path / "python"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
    program.chmod(0o700)
    return str(program)


def test_a_module_runs_in_place_with_the_environment_of_its_play(tmp_path: Path) -> None:
    said = task(tmp_path, "{{ ansible_playbook_python }}")
    assert not PACKED.search(said.output)
    assert said.result["failed"]
    assert said.result["error"]["seen"] == "no such file or directory"
    assert said.result["error"]["next_step"] == f"correct the path; a relative one starts at {tmp_path}"


def test_a_module_is_shipped_to_another_python_and_says_the_same(tmp_path: Path, another_python: str) -> None:
    shipped, in_place = task(tmp_path, another_python), task(tmp_path, "{{ ansible_playbook_python }}")
    assert PACKED.search(shipped.output)
    assert shipped.result == in_place.result


@pytest.mark.parametrize("check", [True, False])
def test_p9_check_mode_reaches_a_module_in_place(check: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    passed: list[Any] = []
    monkeypatch.setattr(action, "_written", lambda given: passed.append(given) or b"{}")
    asked = MagicMock(check_mode=check, async_val=0, delegate_to=None, args={"plan": "x"}, environment=[])
    asked.resolved_action = asked.action = "ocpvirt.dr.fence"
    connection = MagicMock(transport="local", become=None)
    running = action.ActionModule(asked, connection, MagicMock(), MagicMock(), MagicMock(), None)
    running._templar.template.side_effect = lambda value: value
    running._low_level_execute_command = lambda command, in_data: {"stdout": '{"changed": false}', "rc": 0}
    assert not running._execute_module(task_vars={"ansible_python_interpreter": sys.executable})["changed"]
    assert passed[0]["ANSIBLE_MODULE_ARGS"]["_ansible_check_mode"] is check
    assert passed[0]["ANSIBLE_MODULE_ARGS"]["plan"] == "x"


@pytest.mark.parametrize(
    ("transport", "become", "background", "told"),
    [
        ("local", None, 0, True),
        # on another host, as a user to whom /proc may be hidden, or for longer than its playbook
        ("ssh", None, 0, False),
        ("local", "sudo", 0, False),
        ("local", None, 60, False),
    ],
)
def test_p5_a_module_is_told_whose_it_is_where_it_can_see_that(
    monkeypatch: pytest.MonkeyPatch, transport: str, become: str | None, background: int, told: bool
) -> None:
    monkeypatch.setattr(action.multiprocessing, "parent_process", lambda: SimpleNamespace(pid=os.getppid()))
    asked = MagicMock(async_val=background, environment=[])
    connection = MagicMock(transport=transport, become=become)
    connection._shell.env_prefix = lambda **given: shlex.join(f"{name}={value}" for name, value in given.items())
    running = action.ActionModule(asked, connection, MagicMock(), MagicMock(), MagicMock(), None)
    wanted = f"{PLAYBOOK}={named(os.getppid())}" if told else ""
    assert running._compute_environment_string() == wanted


def test_arguments_of_ansibles_own_types_are_passed_on() -> None:
    given = {"text": AnsibleUnicode("a"), "day": date(2026, 11, 27), "list": [1, None]}
    assert json.loads(action._written(given)) == {"text": "a", "day": "2026-11-27", "list": [1, None]}


def test_every_module_runs_in_place() -> None:
    routed = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())["plugin_routing"]["modules"]
    assert routed == {name: {"action_plugin": "ocpvirt.dr.run"} for name in MODULES if name != "run"}
