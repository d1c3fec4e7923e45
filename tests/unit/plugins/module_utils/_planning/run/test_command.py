# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import shlex
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.run import Run
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.run.command import resuming_command


def run_of(operation: str = "failover", **changes: Any) -> Run:
    return Run("r-1", "payroll", operation, "east", "west", "f00d", "2026-03-01T12:00:00+00:00", **changes)


@pytest.mark.parametrize(
    ("run", "options"),
    [
        (run_of(), ["dr_target=west"]),
        (run_of("reprotect"), []),
        (run_of("start"), ["dr_site=west"]),
        (run_of(declared_lost="east"), ["dr_target=west", "dr_declare_lost=east"]),
        (run_of(waived_fencing="the hall is dark"), ["dr_target=west", '{"dr_waive_fencing": "the hall is dark"}']),
        (run_of(recovery_point="20260301t040000z"), ["dr_target=west", "dr_recovery_point=20260301t040000z"]),
    ],
)
def test_a_run_is_gone_on_with_by_what_it_was_begun_with(run: Run, options: list[str]) -> None:
    words = shlex.split(resuming_command(run, "payroll.yml", {}))
    wanted = ["dr_plan=payroll.yml", *options]
    assert words == ["ansible-playbook", f"ocpvirt.dr.{run.operation}", *(w for o in wanted for w in ("-e", o))]


def test_what_was_given_back_is_started_where_it_lives() -> None:
    command = resuming_command(run_of("relocate", declared_lost="east"), None, {"dr_only": ["payroll/db"]}, "east")
    assert (
        command
        == 'ansible-playbook ocpvirt.dr.start -e dr_plan=PLAN -e dr_site=east -e \'{"dr_only": ["payroll/db"]}\''
    )
