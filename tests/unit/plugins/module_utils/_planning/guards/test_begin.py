# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import GroupStatus
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.run import Run
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.guards.begin import (
    check_asked,
    check_debts,
    check_one_home,
    check_source,
    check_startable,
    check_unfinished,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of

PLAN = plan_of()
MOVED = Run("r-1", "payroll", "failover", "east", "west", "f00d", "2026-03-01T12:00:00+00:00", state="done")


def groups(east: str, west: str) -> dict[str, list[GroupStatus]]:
    roles = {"east": east, "west": west}
    return {site: [GroupStatus("db", site, role, "healthy", "none")] for site, role in roles.items()}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("operation", "target", "lost", "message"),
    [
        ("failover", None, "east", "no target"),
        ("relocate", None, None, "no target"),
        ("relocate", "west", "east", "run failover if it is lost"),
        ("reprotect", None, "east", "run failover if it is lost"),
        ("failover", "west", "west", "wanted: east"),
    ],
)
def test_what_is_asked_for_has_to_make_sense(operation, target, lost, message) -> None:
    with pytest.raises(Refused, match=message):
        check_asked(PLAN, operation, target, lost)


@pytest.mark.parametrize(("operation", "target"), [("failover", "west"), ("reprotect", None)])
def test_a_reprotect_finds_its_target(operation, target) -> None:
    check_asked(PLAN, operation, target, None)


def test_a_debt_forbids_the_way_back_only() -> None:
    indebted = replace(MOVED, fence_debt="its VMs were not observed to be off")
    check_debts([indebted], "west")
    with pytest.raises(Refused, match="reprotect first"):
        check_debts([indebted], "east")


def test_p1_of_two_primaries_the_one_that_was_left_is_no_home() -> None:
    both = groups("primary", "primary")
    check_one_home(PLAN, "west", both["east"], [MOVED])
    with pytest.raises(Refused, match="it keeps the data of west"):
        check_one_home(PLAN, "east", both["west"], [MOVED])


@pytest.mark.parametrize("target", ["east", "west"])
def test_p1_of_two_primaries_of_which_no_run_tells_neither_is_home(target: str) -> None:
    """A copy that somebody promoted by hand, of a plan that was never moved."""
    with pytest.raises(Refused, match="primary at both sites, and no run has moved it") as refused:
        check_one_home(PLAN, target, groups("primary", "primary")[PLAN.peer_of(target)], [])
    assert f"dr_target={target}" in (refused.value.next_step or "")


@pytest.mark.parametrize(
    ("unfinished", "operation", "target", "lost", "allowed"),
    [
        (None, "relocate", "west", None, True),
        (("relocate", "west"), "relocate", "west", None, True),
        # its source was lost on the way
        (("relocate", "west"), "failover", "west", "east", True),
        (("relocate", "west"), "failover", "west", None, False),
        (("relocate", "west"), "relocate", "east", None, False),
        (("failover", "west"), "relocate", "west", None, False),
        (("relocate", "west"), "reprotect", "east", None, False),
    ],
)
def test_p6_an_unfinished_run_is_finished_first(unfinished, operation, target, lost, allowed) -> None:
    run = replace(MOVED, operation=unfinished[0], target=unfinished[1], state="failed") if unfinished else None
    if allowed:
        check_unfinished(run, operation, target, lost)
        return
    with pytest.raises(Refused, match="finish it"):
        check_unfinished(run, operation, target, lost)


@pytest.mark.parametrize("state", ["unreachable", "failed"])
@pytest.mark.parametrize("operation", ["relocate", "reprotect"])
def test_p4_only_a_failover_goes_without_the_source(operation: str, state: str) -> None:
    with pytest.raises(Refused, match="that is a failover with dr_declare_lost=east"):
        check_source(operation, "east", state, "timed out", None)
    check_source(operation, "east", "reachable", "", None)
    check_source("failover", "east", state, "timed out", "east")


@pytest.mark.parametrize("state", ["reachable", "unreachable", "failed"])
def test_p4_unreachable_is_not_lost(state: str) -> None:
    with pytest.raises(Refused, match="a decision: dr_declare_lost=east"):
        check_source("failover", "east", state, "timed out", None)


def refused_start(east: str, west: str, lost: str | None = None) -> Refused:
    found = groups(east, west)
    with pytest.raises(Refused) as refused:
        check_startable("payroll", "west", "east", found["west"], found["east"], lost)
    return refused.value


@pytest.mark.parametrize(("east", "lost"), [("primary", None), ("unknown", "east")])
def test_p10_a_start_where_the_plan_does_not_live_names_the_runs_that_move_it_and_nothing_by_hand(east, lost) -> None:
    """Whoever promotes by hand in the middle of an incident has two writers."""
    error = refused_start(east, "secondary", lost)
    assert (error.seen, error.wanted) == ("role secondary: healthy", "primary")
    assert error.next_step == (
        "start payroll where it lives, with dr_site=east; relocate or failover moves it to west; nothing was started"
    )


def test_p10_a_start_whose_replication_is_not_seen_is_sent_to_no_other_site() -> None:
    assert refused_start("secondary", "unknown").next_step == (
        "bring the replication at west back; nothing was started"
    )


def test_p10_a_start_beside_another_primary_names_what_makes_one_of_two() -> None:
    """A stop at the other site leaves it primary."""
    error = refused_start("primary", "primary")
    assert error.seen == "at east: role primary"
    assert error.next_step.startswith("reprotect with dr_target=west or dr_target=east: it keeps the data of that site")
