# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A relative path in a variable starts where the command was started, wherever the playbook lies."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.names import STARTED_IN

PLAYBOOKS = sorted((Path(__file__).parents[2] / "playbooks").glob("*.yml"))


def check(folder: Path, plan: str) -> str:
    """What the playbook `check` says when it is started in a folder, from a program that kept its PWD."""
    environment = {**os.environ, "PWD": "/", "ANSIBLE_LOCALHOST_WARNING": "false", "COLUMNS": "1000"}
    program = Path(sys.executable).with_name("ansible-playbook")
    command = [str(program), "ocpvirt.dr.check", "-e", f"dr_plan={plan}"]
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return ended.stdout + ended.stderr


def test_a_relative_plan_is_read_where_the_command_was_started(tmp_path: Path) -> None:
    (tmp_path / "plans").mkdir()
    (tmp_path / "plans" / "payroll.yml").write_text("{}\n")
    assert "The plan plans/payroll.yml has " in check(tmp_path, "plans/payroll.yml")


def test_p10_an_absent_plan_is_named_with_the_folder_in_which_it_was_looked_for(tmp_path: Path) -> None:
    said = check(tmp_path, "plans/payroll.yml")
    assert "read the plan plans/payroll.yml; seen: no such file or directory" in said
    assert f"a relative one starts at {tmp_path}" in said


@pytest.mark.parametrize("path", PLAYBOOKS, ids=lambda path: path.stem)
def test_every_play_says_where_it_was_started(path: Path) -> None:
    plays = [play for play in yaml.safe_load(path.read_text(encoding="utf-8")) if "hosts" in play]
    assert [play["environment"] for play in plays] == [{STARTED_IN: "{{ '.' | realpath }}"} for _play in plays]
