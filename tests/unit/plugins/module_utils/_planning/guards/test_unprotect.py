# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import GroupStatus
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.run import Run
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.guards.unprotect import (
    check_lives_here,
    check_runs,
    check_vms,
)

DONE = Run("r-1", "payroll", "failover", "east", "west", "f00d", "2026-03-01T12:00:00+00:00", state="done")


def group(site: str, role: str, **more: Any) -> list[GroupStatus]:
    return [GroupStatus("db", site, role, "healthy", "none", **more)]  # type: ignore[arg-type]


def test_runs_that_ended_are_no_obstacle() -> None:
    check_runs("payroll", [DONE, replace(DONE, id="r-2", state="rolled_back")])


@pytest.mark.parametrize("state", ["running", "failed"])
def test_p6_an_unfinished_run_is_named_with_the_command_that_ends_it(state: str) -> None:
    with pytest.raises(Refused, match=r"r-1.*run failover with dr_target=west again"):
        check_runs("payroll", [replace(DONE, state=state)])


@pytest.mark.parametrize("operation", ["start", "stop", "prestage"])
def test_a_killed_start_stop_or_prestage_is_nothing_that_has_to_be_finished(operation: str) -> None:
    check_runs("payroll", [replace(DONE, operation=operation, state="running")])


def rehearsals(*runs: tuple[str, str]) -> list[Run]:
    """Of operation and state, oldest first."""
    return [replace(DONE, id=f"r-{n}", operation=what, state=state) for n, (what, state) in enumerate(runs)]


@pytest.mark.parametrize("state", ["running", "failed"])
def test_a_failed_rehearsal_that_was_cleaned_up_is_no_obstacle(state: str) -> None:
    check_runs("payroll", rehearsals(("test_failover", state), ("test_cleanup", "done")))


@pytest.mark.parametrize("last", ["test_failover", "test_cleanup"])
def test_p10_what_a_failed_rehearsal_or_cleanup_left_is_taken_away_by_a_cleanup(last: str) -> None:
    runs = rehearsals(("test_failover", "done"), ("test_cleanup", "done"), (last, "failed"))
    with pytest.raises(Refused, match=r"r-2.*run test_cleanup with dr_target=west"):
        check_runs("payroll", runs)


def test_a_cleanup_at_one_site_ends_no_rehearsal_at_the_other() -> None:
    failed, cleaned = rehearsals(("test_failover", "failed"), ("test_cleanup", "done"))
    with pytest.raises(Refused, match="r-0"):
        check_runs("payroll", [failed, replace(cleaned, target="east")])


def test_p1_a_fence_debt_is_not_forgotten_with_the_protection() -> None:
    with pytest.raises(Refused, match=r"fence debt.*nobody saw it off.*reprotect first"):
        check_runs("payroll", [replace(DONE, fence_debt="nobody saw it off")])


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ("primary", "secondary"),
        ("primary", "unknown"),
        # an attempt before this one ended both
        ("unknown", "unknown"),
        ("unknown", "secondary"),
    ],
)
def test_a_plan_that_lives_here_may_be_unprotected_also_half_way(here: str, there: str) -> None:
    check_lives_here("payroll", "east", "west", group("east", here), group("west", there))


@pytest.mark.parametrize(
    ("here", "there", "words"),
    [
        ("secondary", "primary", "dr_site=west"),
        ("unknown", "primary", "dr_site=west"),
        ("primary", "primary", "primary at both sites"),
        ("secondary", "secondary", "run status"),
    ],
)
def test_p8_a_plan_that_lives_elsewhere_is_refused(here: str, there: str, words: str) -> None:
    with pytest.raises(Refused, match=words):
        check_lives_here("payroll", "east", "west", group("east", here), group("west", there))


@pytest.mark.parametrize("silent", ["east", "west"])
def test_a_storage_that_does_not_answer_is_refused(silent: str) -> None:
    here, there = (
        group(site, "unknown" if site == silent else role, reachable=site != silent, message="timed out")
        for site, role in (("east", "primary"), ("west", "secondary"))
    )
    with pytest.raises(Refused, match=rf"no answer: timed out.*storage of {silent}"):
        check_lives_here("payroll", "east", "west", here, there)


def test_p1_a_vm_that_runs_at_the_other_site_is_refused() -> None:
    with pytest.raises(Refused, match="VirtualMachineInstance/payroll/db"):
        check_vms("payroll", "east", "west", ["payroll/db"], ["payroll/db"], ["VirtualMachineInstance/payroll/db"])


def test_p8_a_site_without_the_vms_that_the_other_one_has_is_refused() -> None:
    with pytest.raises(Refused, match="dr_site=west"):
        check_vms("payroll", "east", "west", [], ["payroll/db"], [])


def test_an_application_that_is_gone_from_both_sites_can_be_unprotected() -> None:
    check_vms("payroll", "east", "west", [], [], [])
