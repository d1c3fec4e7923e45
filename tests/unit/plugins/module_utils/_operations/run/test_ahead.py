# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.lease import PlanLock
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.run import HookRecord, Run, StepRecord
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.run_asked import RunAsked
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.steps_asked import StepsAsked
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.run import begin
from ansible_collections.ocpvirt.dr.plugins.modules import run
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.two_sites import PLAN, TwoSites
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of

STEPS = ("capture", "quiesce", "sync", "end")
BEGUN = "2026-03-01T12:00:00+00:00"


class Beginning:
    """A planned move of a plan in a folder, with a hook before its quiesce."""

    def __init__(self, sites: TwoSites, folder: Path) -> None:
        self.sites = sites
        self.folder = folder
        self.policy = "fail"

    @property
    def hook_file(self) -> Path:
        return self.folder / "hooks" / "drain.yml"

    def write_hook(self) -> None:
        self.hook_file.parent.mkdir()
        self.hook_file.write_text("[]")

    def begin(self, first: str | None = None, last: str | None = None) -> dict[str, Any]:
        plan = self._plan(hooks={"before_quiesce": [{"tasks": "hooks/drain.yml", "on_failure": self.policy}]})
        asked = StepsAsked(STEPS, first, last, str(self.folder / "payroll.yml"))
        return begin.begin_run(plan, RunAsked("relocate", "west", steps=asked), False)

    def begin_start(self, waves: list[dict[str, Any]], steps: tuple[str, ...] = (*STEPS[:-1], "start", "end")) -> Any:
        asked = StepsAsked(steps, None, None, str(self.folder / "payroll.yml"))
        plan = self._plan(startup={"waves": waves})
        return begin.begin_run(plan, RunAsked("relocate", "west", steps=asked), False)

    def _plan(self, **document: Any) -> Plan:
        return replace(plan_of(**document), folder=str(self.folder))

    def record(self, **changes: Any) -> None:
        """An earlier attempt that waits after its quiesce."""
        earlier = Run("payroll-relocate-west-20260301120000-0a0a", "payroll", "relocate", "east", "west", "f00d", BEGUN)
        for name in ("capture", "quiesce"):
            earlier = earlier.with_step(name, StepRecord("done", 1, BEGUN, BEGUN))
        self.sites.record(replace(earlier, state="waiting", until="quiesce", **changes))


@pytest.fixture
def beginning(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Beginning:
    return Beginning(TwoSites(monkeypatch), tmp_path)


def test_a_hook_of_the_plan_lies_ahead_with_its_file_beside_the_plan(beginning: Beginning) -> None:
    beginning.write_hook()
    documented = yaml.safe_load(run.RETURN)["hooks"]["sample"]
    documented["before_quiesce"][0]["file"] = str(beginning.hook_file)
    assert beginning.begin()["hooks"] == documented


def test_a_step_with_hooks_around_it_is_done_by_the_role_step_and_each_other_one_by_its_own(
    beginning: Beginning,
) -> None:
    beginning.write_hook()
    roles = beginning.begin()["roles"]
    assert roles == {"capture": "capture", "quiesce": "step", "sync": "sync", "end": "end"}


def test_p10_a_file_that_is_absent_is_refused_before_anything_is_locked(beginning: Beginning) -> None:
    with pytest.raises(Refused, match=r"hooks\.before_quiesce of the plan.*is no file"):
        beginning.begin()
    locks = [PlanLock(api, PLAN.store_namespace, PLAN.name) for api in beginning.sites.apis.values()]  # type: ignore[arg-type]
    assert [lock.holder() for lock in locks] == [None, None]


def test_p4_a_file_that_is_absent_stops_nothing_where_its_hook_only_warns(beginning: Beginning) -> None:
    beginning.policy = "warn"
    assert "before_quiesce" in beginning.begin()["hooks"]


HOOKED = {"name": "db", "selector": {"matchLabels": {"tier": "db"}}, "readiness": {"hook": "hooks/drain.yml"}}


def test_p10_a_file_that_would_stop_the_start_behind_its_wave_is_refused_before_anything_is_locked(
    beginning: Beginning,
) -> None:
    with pytest.raises(Refused, match=r"startup\.waves\[db\]\.readiness\.hook of the plan.*is no file") as refused:
        beginning.begin_start([{**HOOKED, "on_failure": "stop"}])
    assert "on_failure: continue" in str(refused.value)


def test_p4_a_file_without_which_the_start_goes_on_stops_nothing(beginning: Beginning) -> None:
    assert beginning.begin_start([{**HOOKED, "on_failure": "continue"}])["needed"]


def test_a_run_that_starts_nothing_wants_no_file_of_a_wave(beginning: Beginning) -> None:
    assert beginning.begin_start([{**HOOKED, "on_failure": "stop"}], STEPS)["needed"]


def test_p5_a_rerun_leaves_out_the_hook_that_passed_even_if_its_file_is_gone(beginning: Beginning) -> None:
    beginning.record(hooks={"before_quiesce hooks/drain.yml": HookRecord("passed", 1, BEGUN, BEGUN)})
    again = beginning.begin()
    assert (again["attempt"], again["hooks"], again["steps"]) == (2, {}, list(STEPS))


def test_a_run_that_is_to_wait_names_the_command_that_goes_on(beginning: Beginning) -> None:
    beginning.write_hook()
    begun = beginning.begin(last="quiesce")
    assert begun["steps"] == ["capture", "quiesce", "end"]
    assert begun["go_on"].endswith("payroll.yml -e dr_target=west -e dr_from=sync")


def test_a_run_that_waits_goes_on_with_the_step_that_is_asked_for(beginning: Beginning) -> None:
    beginning.record()
    begun = beginning.begin(first="sync")
    assert (begun["attempt"], begun["steps"], begun["go_on"]) == (2, ["sync", "end"], "")


def test_p5_a_new_run_does_not_begin_in_the_middle(beginning: Beginning) -> None:
    with pytest.raises(Refused, match="capture has not been done"):
        beginning.begin(first="sync")
