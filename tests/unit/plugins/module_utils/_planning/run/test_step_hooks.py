# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.run import HookRecord
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.run.step_hooks import hooks_ahead
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of

STEPS = ("capture", "quiesce", "end")
BEGUN = "2026-03-01T12:00:00+00:00"


def ahead(
    hooks: dict[str, list[Any]],
    records: dict[str, HookRecord] | None = None,
    steps: tuple[str, ...] = STEPS,
    operation: str = "failover",
    waits: bool = False,
) -> dict[str, list[str]]:
    """By moment: the files of the hooks, each with its policy."""
    found = hooks_ahead(plan_of(hooks=hooks), operation, steps, records or {}, waits)
    return {moment: [f"{hook.tasks} {hook.on_failure}" for hook in mine] for moment, mine in found.items()}


def test_hooks_are_listed_by_moment_in_the_order_of_the_plan() -> None:
    hooks = {"after_capture": ["b.yml", {"tasks": "a.yml", "on_failure": "warn"}], "before_quiesce": ["c.yml"]}
    assert ahead(hooks) == {"after_capture": ["b.yml fail", "a.yml warn"], "before_quiesce": ["c.yml fail"]}


def test_hooks_of_steps_that_are_not_gone_through_are_left_out() -> None:
    hooks: dict[str, list[Any]] = {"after_promote": ["a.yml"], "before_capture": ["b.yml"]}
    assert ahead(hooks, steps=("quiesce", "end")) == {}
    assert ahead(hooks, steps=()) == {}


def test_what_comes_after_the_begin_comes_first_whatever_the_first_step_is() -> None:
    hooks: dict[str, list[Any]] = {"after_begin": ["a.yml"], "before_quiesce": ["b.yml"]}
    assert ahead(hooks, steps=("quiesce", "end")) == {"before_quiesce": ["a.yml fail", "b.yml fail"]}


@pytest.mark.parametrize(
    ("state", "always", "again"),
    [("passed", False, False), ("passed", True, True), ("failed", False, True), ("running", False, True)],
)
def test_p5_a_hook_that_passed_is_not_run_again_unless_it_runs_always(state: str, always: bool, again: bool) -> None:
    records = {"before_quiesce a.yml": HookRecord(state, 1, BEGUN)}
    assert bool(ahead({"before_quiesce": [{"tasks": "a.yml", "always": always}]}, records)) is again


def test_the_same_file_at_another_moment_is_another_hook() -> None:
    records = {"before_quiesce a.yml": HookRecord("passed", 1, BEGUN)}
    hooks: dict[str, list[Any]] = {"before_quiesce": ["a.yml"], "after_quiesce": ["a.yml"]}
    assert ahead(hooks, records) == {"after_quiesce": ["a.yml fail"]}


def test_a_run_that_is_to_wait_runs_no_hooks_of_its_end() -> None:
    hooks: dict[str, list[Any]] = {"before_end": ["a.yml"]}
    assert (ahead(hooks), ahead(hooks, waits=True)) == ({"before_end": ["a.yml fail"]}, {})


def test_p3_a_hook_of_the_rollback_warns_only() -> None:
    hooks: dict[str, list[Any]] = {"before_rollback": ["a.yml"], "after_rollback": ["b.yml"]}
    expected = {"before_rollback": ["a.yml warn"], "after_rollback": ["b.yml warn"]}
    assert (ahead(hooks, operation="relocate"), ahead(hooks)) == (expected, {})


def test_a_rehearsal_runs_no_hook_that_a_move_has_too() -> None:
    hooks: dict[str, list[Any]] = {
        moment: ["a.yml"] for moment in ("after_begin", "after_isolate", "before_start", "after_start", "before_end")
    }
    steps = ("capture", "isolate", "start", "end")
    assert ahead(hooks, steps=steps, operation="test_failover") == {"after_isolate": ["a.yml fail"]}
