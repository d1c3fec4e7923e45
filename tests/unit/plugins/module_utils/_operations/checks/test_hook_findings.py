# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.checks.hook_findings import hook_findings
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of

WARNS = {"tasks": "hooks/drain.yml", "on_failure": "warn"}


def look(folder: Path, **plan: Any) -> list[tuple[str, str]]:
    found = list(hook_findings(replace(plan_of(**plan), folder=str(folder))))
    assert all(str(folder / "hooks" / "drain.yml") in finding.message for finding in found)
    return [(finding.severity, finding.on) for finding in found]


@pytest.mark.parametrize(
    ("hooks", "severity"),
    [
        ({"before_quiesce": ["hooks/drain.yml"]}, "blocker"),
        ({"before_quiesce": [WARNS]}, "warning"),
        ({"before_rollback": ["hooks/drain.yml"]}, "warning"),
        ({"after_isolate": ["hooks/drain.yml"]}, "warning"),
    ],
    ids=["refused", "told", "a rollback's only warn", "of a rehearsal alone"],
)
def test_the_absent_file_of_a_step_is_found_before_a_run_is_refused_for_it(
    tmp_path: Path, hooks: dict[str, Any], severity: str
) -> None:
    assert look(tmp_path, hooks=hooks) == [(severity, f"hooks.{next(iter(hooks))}")]


@pytest.mark.parametrize(("on_failure", "severity"), [("stop", "blocker"), ("continue", "warning")])
def test_the_absent_file_of_a_wave_is_found(tmp_path: Path, on_failure: str, severity: str) -> None:
    wave = {"name": "db", "readiness": {"hook": "hooks/drain.yml"}, "on_failure": on_failure}
    assert look(tmp_path, startup={"waves": [wave]}) == [(severity, "startup.waves[db].readiness.hook")]


def test_files_that_are_there_are_no_finding(tmp_path: Path) -> None:
    (tmp_path / "hooks").mkdir()
    (tmp_path / "hooks" / "drain.yml").write_text("[]")
    assert look(tmp_path, hooks={"before_quiesce": ["hooks/drain.yml"]}) == []
