# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.run import (
    HookRecord,
    Run,
    StepRecord,
    gives_way,
    is_in_place,
    is_run_to,
    new_run_id,
)

NOON = datetime(2026, 3, 1, 12, 0, 5, tzinfo=UTC)
# what Kubernetes accepts as a label's value
LABEL_VALUE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")


@pytest.mark.parametrize(
    ("plan", "operation", "target", "beginning"),
    [
        ("payroll", "failover", "west", "payroll-failover-west-20260301120005-"),
        ("shop", "test_failover", "east", "shop-rehearsal-east-20260301120005-"),
        ("a", "start", "dc-2", "a-start-dc-2-20260301120005-"),
    ],
)
def test_a_run_id_can_be_read(plan, operation, target, beginning) -> None:
    assert re.fullmatch(re.escape(beginning) + "[0-9a-f]{4}", new_run_id(plan, operation, target, NOON))


@pytest.mark.parametrize("plan", ["p", "payroll", "payroll-production-of-the-whole-group", "p" * 63])
@pytest.mark.parametrize("operation", ["failover", "test_failover"])
@pytest.mark.parametrize("target", ["w", "west", "frankfurt-data-center-2"])
def test_a_run_id_is_a_valid_label_value_that_ends_in_its_target(plan, operation, target) -> None:
    run_id = new_run_id(plan, operation, target, NOON)
    assert LABEL_VALUE.fullmatch(run_id)
    assert re.search(rf"-{target}-\d{{14}}-[0-9a-f]{{4}}$", run_id)


def test_run_ids_of_one_plan_sort_by_time() -> None:
    moments = [NOON + timedelta(seconds=number * 40) for number in range(50)]
    ids = [new_run_id("payroll", "failover", "west", moment) for moment in moments]
    assert ids == sorted(ids)


def test_two_run_ids_of_one_second_differ() -> None:
    assert new_run_id("payroll", "failover", "west", NOON) != new_run_id("payroll", "failover", "west", NOON)


def test_a_run_is_read_back_as_it_was_written() -> None:
    run = Run("r-1", "payroll", "failover", "east", "west", "f00d", NOON.isoformat(), declared_lost="east")
    run = run.with_step("begin", StepRecord("done", 1, NOON.isoformat(), NOON.isoformat(), {"groups": 2}))
    run = replace(run, hooks={"after_begin a.yml": HookRecord("passed", 1, NOON.isoformat())})
    assert Run.from_dict(run.as_dict()) == run


def test_a_step_that_is_recorded_again_replaces_the_earlier_record() -> None:
    run = Run("r-1", "payroll", "failover", "east", "west", "f00d", NOON.isoformat())
    begun, ended = StepRecord("running", 1, "12:00"), StepRecord("done", 1, "12:00", "12:01")
    assert run.with_step("begin", begun).with_step("begin", ended).steps == {"begin": ended}


@pytest.mark.parametrize(
    ("plan", "operation", "yields"),
    [
        ("payroll", "prestage", True),
        ("payroll", "test_failover", True),
        ("payroll", "test_cleanup", True),
        ("payroll-test", "failover", False),
        ("x-rehearsal-y", "failover", False),
        ("payroll", "failover", False),
        ("x-prestage-y", "relocate", False),
        ("x-failover-y", "prestage", True),
        ("x-prestage-y", "stop", False),
    ],
)
def test_p6_what_gives_way_is_known_by_its_id_whatever_the_plans_name(plan: str, operation: str, yields: bool) -> None:
    run_id = new_run_id(plan, operation, "site-west", NOON)
    assert gives_way(run_id) is yields
    assert is_run_to(run_id, "site-west")
    assert not is_run_to(run_id, "east")


@pytest.mark.parametrize(
    ("plan", "operation", "site", "in_place"),
    [
        ("payroll", "start", "west", True),
        ("payroll", "stop", "west", True),
        ("payroll", "failover", "west", False),
        ("payroll", "prestage", "west", False),
        ("payroll", "test_failover", "west", False),
        ("x-stop-y", "failover", "west", False),
        ("payroll", "failover", "dc-stop-2", False),
        # could as well be a move's: its lock is left alone
        ("x-relocate-y", "stop", "west", False),
    ],
)
def test_p6_only_what_cannot_be_a_move_counts_as_in_place(plan: str, operation: str, site: str, in_place: bool) -> None:
    assert is_in_place(new_run_id(plan, operation, site, NOON)) is in_place
