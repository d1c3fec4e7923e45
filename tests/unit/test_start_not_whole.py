# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run says at its end whose start is not whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment

TASKS = Path(__file__).resolve().parents[2] / "roles" / "verify" / "tasks" / "main.yml"
RETRY = """ansible-playbook ocpvirt.dr.start -e dr_plan=payroll.yml -e dr_site=east -e '{"dr_only": ["payroll/a"]}'"""


def said(**result: Any) -> str:
    tasks = yaml.safe_load(TASKS.read_text(encoding="utf-8"))
    fail = next(task for task in tasks if task["name"] == "Fail when something did not start")
    text = Environment(autoescape=False).from_string(fail["ansible.builtin.fail"]["msg"])
    return text.render(start_result={"total": 2, "not_started": 0, **result})


def test_p10_what_did_not_start_has_a_command_of_its_own() -> None:
    message = said(failures=[{"vm": "payroll/a", "reason": "not ready after 300 s"}], not_started=1, retry=RETRY)
    assert message.rstrip().endswith(RETRY)


def test_p10_a_hook_that_did_not_pass_has_none_as_everything_is_up() -> None:
    message = said(failures=[{"wave": "databases", "reason": "no primary"}], retry=None)
    assert message.rstrip().endswith("run the same command again: it retries only these.")
