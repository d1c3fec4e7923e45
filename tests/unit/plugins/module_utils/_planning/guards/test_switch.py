# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.group_status import GroupStatus, silent
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.guards.switch import (
    check_demotion,
    check_movable,
    check_resync,
    check_stageable,
    check_taking_back,
    is_clean_secondary,
)

ABSENT = GroupStatus("db", "west", "unknown", "unknown", "none", present=False)


def status(role: str, health: str = "healthy", direction: str = "none") -> GroupStatus:
    return GroupStatus("db", "somewhere", role, health, direction)  # type: ignore[arg-type]


@pytest.mark.parametrize("target", [status("secondary"), status("secondary", "diverged"), ABSENT])
def test_a_stage_is_refreshed_beside_a_copy_or_where_the_group_is_not_known_yet(target: GroupStatus) -> None:
    check_stageable("payroll", "west", "east", [target], [status("primary")])


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        (status("primary"), status("primary"), "at site west; seen: role primary; wanted: secondary"),
        (status("secondary"), status("secondary"), "at site east; seen: role secondary; wanted: primary"),
        (status("primary"), silent("db", "west", "timed out"), "no answer: timed out; wanted: secondary"),
        (status("primary"), status("unknown"), "role unknown; wanted: secondary"),
    ],
)
def test_p1_a_stage_is_refreshed_nowhere_else(source: GroupStatus, target: GroupStatus, message: str) -> None:
    with pytest.raises(Refused, match=message):
        check_stageable("payroll", "west", "east", [target], [source])


@pytest.mark.parametrize(
    "target",
    [
        status("secondary"),
        status("secondary", "degraded"),
        # its last transfer failed, and the final sync is another one
        status("secondary", "error", "incoming"),
        ABSENT,
    ],
)
def test_a_planned_move_begins_where_the_target_follows_or_knows_nothing_yet(target: GroupStatus) -> None:
    check_movable("payroll", "west", "east", [target], [status("primary")])


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        (status("primary"), status("primary"), "primary at east and at west"),
        (status("secondary"), status("secondary"), "no record of a run.*dr_target=west and dr_declare_lost=east"),
        (status("unknown"), status("secondary"), "at site east; seen: role unknown; wanted: primary"),
        (silent("db", "east", "timed out"), status("secondary"), "no answer: timed out"),
        (status("primary"), silent("db", "west", "timed out"), "no answer: timed out; wanted: secondary"),
        (status("primary"), status("unknown", "error"), "role unknown, error; wanted: secondary"),
        (status("primary"), status("secondary", "diverged"), "reprotect first"),
        (
            status("primary"),
            GroupStatus("db", "west", "secondary", "error", "none", message="split brain, says it"),
            "at site west; seen: role secondary, error, split brain, says it; wanted: a copy that follows east",
        ),
    ],
)
def test_p1_a_planned_move_does_not_begin_elsewhere(source: GroupStatus, target: GroupStatus, message: str) -> None:
    with pytest.raises(Refused, match=message):
        check_movable("payroll", "west", "east", [target], [source])


def test_p3_nothing_is_demoted_under_running_vms() -> None:
    with pytest.raises(Refused, match="not proven off"):
        check_demotion("payroll", "east", [status("secondary"), status("primary")], vms_off=False)
    check_demotion("payroll", "east", [status("primary")], vms_off=True)
    # an earlier attempt did it
    check_demotion("payroll", "east", [status("secondary")], vms_off=False)


@pytest.mark.parametrize("target", [status("secondary"), status("secondary", "diverged"), ABSENT])
def test_p3_the_source_is_taken_back_from_a_target_that_cannot_be_written(target: GroupStatus) -> None:
    check_taking_back("payroll", "east", "west", status("secondary"), target)


@pytest.mark.parametrize(
    ("target", "next_step"),
    [
        (status("primary"), "the same command again: it finishes the move"),
        (status("unknown", "error"), "bring the replication at west back"),
        (silent("db", "west", "timed out"), "bring the replication at west back"),
    ],
)
def test_p3_unknown_is_not_secondary_when_the_source_is_taken_back(target: GroupStatus, next_step: str) -> None:
    with pytest.raises(Refused, match=next_step):
        check_taking_back("payroll", "east", "west", status("secondary"), target)


@pytest.mark.parametrize("target", [status("unknown", "error"), silent("db", "west", "timed out")])
def test_p3_unknown_is_not_secondary_after_one_action_either(target: GroupStatus) -> None:
    with pytest.raises(Refused, match="bring the replication at west back"):
        check_taking_back("payroll", "east", "west", status("secondary"), target, unused=True)


def test_data_is_thrown_away_only_below_a_primary() -> None:
    check_resync("payroll", "east", "west", status("secondary", "diverged"), status("primary"), vms_off=True)
    # nothing but its resync would demote it
    check_resync("payroll", "east", "west", status("primary"), status("primary"), vms_off=True, atomic=True)


@pytest.mark.parametrize(
    ("here", "there", "vms_off", "message"),
    [
        (status("secondary"), status("secondary"), True, "wanted: primary at west"),
        (status("secondary"), silent("db", "west", "timed out"), True, "wanted: primary at west"),
        (status("primary"), status("primary"), True, "demote it first"),
        (status("secondary"), status("primary"), False, "not proven off"),
    ],
)
def test_p1_data_is_not_thrown_away_while_it_may_be_the_wanted_one(
    here: GroupStatus, there: GroupStatus, vms_off: bool, message: str
) -> None:
    with pytest.raises(Refused, match=message):
        check_resync("payroll", "east", "west", here, there, vms_off)


@pytest.mark.parametrize(
    ("here", "there", "clean"),
    [
        (status("primary"), status("secondary", direction="incoming"), True),
        (status("primary"), status("secondary", "degraded", "incoming"), True),
        (status("primary"), status("secondary", "diverged", "incoming"), False),
        (status("primary"), status("secondary"), False),
        (status("primary"), status("primary", direction="outgoing"), False),
        (status("secondary"), status("secondary", direction="incoming"), False),
    ],
)
def test_a_clean_secondary_follows_a_primary(here: GroupStatus, there: GroupStatus, clean: bool) -> None:
    assert is_clean_secondary([here], [there]) is clean
