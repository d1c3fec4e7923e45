# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a planned move says at its end that gave everything back to its source."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment

TASKS = Path(__file__).resolve().parents[2] / "roles" / "rollback" / "tasks" / "main.yml"
RETRY = "ansible-playbook ocpvirt.dr.start -e dr_plan=payroll.yml -e dr_site=east"
WHOLE = {"msg": "22 of 22 VMs ready, 0 not started", "failures": [], "never_begun": [], "retry": None}


def said(result: dict[str, Any]) -> str:
    _keep, give_back, *_end = yaml.safe_load(TASKS.read_text(encoding="utf-8"))
    say = next(task for task in give_back["block"] if task["name"] == "Say that the plan is where it was")
    message = say["ansible.builtin.set_fact"]["rollback_message"]
    text = Environment(autoescape=False).from_string(message).render(rollback_site="east", rollback_result=result)
    return " ".join(text.split())


def test_p10_what_did_not_start_there_is_named_with_the_command_that_starts_it() -> None:
    failed = {"vm": "payroll/db-0", "reason": "not ready after 300 s"}
    left = {"vm": "payroll/web-0", "reason": "needs payroll/db-0, which is not ready"}
    message = said({**WHOLE, "failures": [failed], "never_begun": [left], "retry": RETRY})
    assert all(part in message for part in ("not ready after 300 s", "needs payroll/db-0", RETRY))


def test_where_everything_runs_again_nothing_more_is_said() -> None:
    assert said(WHOLE) == "everything is at east again: 22 of 22 VMs ready, 0 not started"
