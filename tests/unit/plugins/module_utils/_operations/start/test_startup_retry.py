# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command that a start returns for what it left off, where one database keeps thousands off."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.start_asked import Asked
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.vm import PowerRecord
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.start.startup import start_vms
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.start.startup_world import Start
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of

WAVES = [{"name": "db", "selector": {"matchLabels": {"tier": "db"}}}, {"name": "rest"}]
PLAIN = "ansible-playbook ocpvirt.dr.failover -e dr_plan=plan.yml -e dr_target=west"
BEHIND = [f"payroll/app-{number:04}" for number in range(3000)]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Start:
    """A database that does not get ready, and what a plan that stops there does not begin."""
    found = Start(monkeypatch)
    found.api.add("db-0", PowerRecord("Always", True), tier="db")
    found.api.broken.add("db-0")
    for key in BEHIND:
        found.api.add(key.partition("/")[2], PowerRecord("Always", True))
    return found


def ask(*only: str) -> dict[str, Any]:
    startup = {"readiness": {"agent": True, "timeout": "1m"}, "waves": WAVES, "on_failure": "stop"}
    return start_vms(plan_of(startup=startup), "r-1", None, False, asked=Asked(only=only, plan_file="plan.yml"))


def test_p10_a_failure_that_keeps_3000_off_has_a_command_that_can_be_run(start: Start) -> None:
    result = ask()
    assert (result["not_started"], result["retry"]) == (1, PLAIN)
    assert result["msg"].endswith("; the command to try 3001 again names none of them: it starts whatever is not up")
    assert len(json.dumps(result)) < 64_000


def test_p8_the_command_of_a_start_of_some_starts_nothing_that_was_left_out(start: Start) -> None:
    start.api.add("other", PowerRecord("Always", True))
    result = ask("payroll/db-0", *BEHIND)
    named = json.loads(result["retry"].removeprefix(f"{PLAIN} -e ").strip("'"))["dr_only"]
    # in the order of their start: without the database none of the others would begin
    assert named == ["payroll/db-0", *BEHIND[:99]]
    assert "names the first 100 of them" in result["msg"]
