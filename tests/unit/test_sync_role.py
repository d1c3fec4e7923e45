# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person reads of the step sync."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from jinja2.nativetypes import NativeEnvironment

TASKS = Path(__file__).resolve().parents[2] / "roles" / "sync" / "tasks" / "main.yml"


def printed(**result: Any) -> Any:
    """By the role's last task, of what the final sync returned."""
    task = yaml.safe_load(TASKS.read_text(encoding="utf-8"))[-1]
    return NativeEnvironment().from_string(task["ansible.builtin.debug"]["msg"]).render(sync_result=result)


def test_a_run_prints_its_proofs() -> None:
    assert printed(proofs=[{"group": "payroll", "holds": True}]) == [{"group": "payroll", "holds": True}]


def test_p9_check_mode_prints_what_a_final_sync_would_read() -> None:
    decision = "payroll: final sync; up to 24.0 GiB are read at each site with all VMs off"
    assert printed(proofs=[], decisions=[decision]) == [decision]
