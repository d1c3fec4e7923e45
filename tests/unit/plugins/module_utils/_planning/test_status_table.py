# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.status_table import status_table

STATUS = {
    "plan": "payroll",
    "lives_at": "west",
    "phase": "failed_over",
    "fence_debts": ["payroll-failover-west-20260301120000-ab12: its VMs were not observed to be off"],
    "sites": {
        "east": {"state": "unreachable", "version": "", "apis": {}, "vms": {"total": 0, "running": 0}},
        "west": {
            "state": "reachable",
            "version": "v1.34.4",
            "apis": {"kubevirt": True, "velero": False},
            "vms": {"total": 26, "running": 24},
        },
    },
    "groups": [
        {
            "group": "db",
            "site": "east",
            "role": "unknown",
            "health": "unknown",
            "lag_seconds": None,
            "message": "timed out",
        },
        {"group": "db", "site": "west", "role": "primary", "health": "healthy", "lag_seconds": 3.2, "message": ""},
    ],
    "captures": {"west": [{"name": "payroll-east-1", "phase": "Completed", "complete": True}]},
    "runs": [
        {
            "run_id": "payroll-failover-west-1",
            "state": "done",
            "started": "2026-03-01T12:00:00",
            "seconds": 88.4,
            "lost_seconds": None,
            "rto_seconds": 71.2,
        }
    ],
    "lock": {"west": "payroll-failover-west-1#2, renewed 2026-03-01T12:00:30Z"},
}
TEXT = """\
FENCE DEBT  payroll-failover-west-20260301120000-ab12: its VMs were not observed to be off
plan payroll lives at west, phase failed_over

site  state        version  VMs  running  missing
east  unreachable  ?        ?    ?        -
west  reachable    v1.34.4  26   24       velero

group  site  role     health   lag
db     east  unknown  unknown  ?
db     west  primary  healthy  3 s
why db is unknown at east: timed out

known at  capture         phase      content
west      payroll-east-1  Completed  complete

run                      state  started              took  lost  away
payroll-failover-west-1  done   2026-03-01T12:00:00  88 s  -     71 s
locked at west by payroll-failover-west-1#2, renewed 2026-03-01T12:00:30Z"""


def test_the_status_of_a_plan_after_a_failover_reads_like_this() -> None:
    assert "\n".join(status_table(STATUS)) == TEXT


def reasons(*groups: tuple[str, str, str]) -> list[str]:
    """Of groups at west, each by its name, health and message."""
    shown = [
        {"group": name, "site": "west", "role": "secondary", "health": health, "lag_seconds": 1.0, "message": message}
        for name, health, message in groups
    ]
    return [line for line in status_table({**STATUS, "groups": shown}) if line.startswith(("why ", "and "))]


def test_groups_with_the_same_reason_are_told_in_one_line() -> None:
    assert reasons(("db", "error", "no route"), ("app", "error", "no route"), ("log", "degraded", "behind")) == [
        "why db and 1 more are error at west: no route",
        "why log is degraded at west: behind",
    ]


def test_of_many_reasons_the_first_ten_are_told() -> None:
    told = reasons(*((f"g{number}", "error", f"reason {number}") for number in range(13)))
    assert told[9:] == [
        "why g9 is error at west: reason 9",
        "and 3 more reasons: see the groups' messages in the result",
    ]


def test_a_healthy_group_and_one_without_a_message_have_no_reason() -> None:
    assert reasons(("db", "healthy", "a note"), ("app", "unknown", "")) == []


@pytest.mark.parametrize(
    ("stage", "line"),
    [
        (
            {"site": "east", "capture": "payroll-west-7", "refreshed": "2026-03-01T12:05:00", "age_seconds": 420},
            "stage at east holds payroll-west-7, 420 s old, refreshed 2026-03-01T12:05:00",
        ),
        ({"site": "east", "capture": ""}, "NO STAGE at east, and the plan wants one: run prestage"),
    ],
)
def test_the_age_of_a_stage_is_shown_where_the_plan_wants_one(stage: dict[str, object], line: str) -> None:
    assert line in status_table({**STATUS, "stage": stage})


def test_the_last_test_says_which_recovery_point_it_tried() -> None:
    point = {"name": "old", "taken": "2026-02-27T12:00:00Z", "age_seconds": 5400.0}
    test = {"run_id": "r-1", "site": "east", "days": 2, "verdict": "passed", "cleaned": True, "recovery_point": point}
    shown = "last tested 2 days ago at east: passed, from recovery point old, 1 h 30 min old when it began (r-1)"
    assert shown in status_table({**STATUS, "last_test": test})


def test_unclear_roles_are_said_first() -> None:
    lines = status_table({**STATUS, "fence_debts": [], "lives_at": "", "phase": "unclear"})
    assert lines[0].startswith("ROLES ARE UNCLEAR")


def returned(running_at_east: int) -> dict[str, object]:
    """The lost site is back as it was."""
    east = {**STATUS["sites"]["west"], "vms": {"total": 26, "running": running_at_east}}  # type: ignore[index]
    groups = [{**group, "role": "primary"} for group in STATUS["groups"]]  # type: ignore[attr-defined]
    return {
        **STATUS,
        "fence_debts": [],
        "phase": "unclear",
        "sites": {**STATUS["sites"], "east": east},
        "groups": groups,
    }  # type: ignore[dict-item]


def test_p1_two_primaries_and_vms_at_both_sites_are_said_first_with_whose_data_stay() -> None:
    lines = status_table(returned(running_at_east=24))
    assert lines[0] == (
        "TWO PRIMARIES  group db at east and west: what is written at both differs from then on; "
        "reprotect keeps what west has"
    )
    assert lines[1] == "VMS RUN AT BOTH SITES  24 at east, 24 at west: users may reach either, and its data"
    assert not any(line.startswith("ROLES ARE UNCLEAR") for line in lines)


def test_p1_of_two_primaries_that_nobody_moved_none_is_said_to_stay() -> None:
    lines = status_table({**returned(running_at_east=0), "lives_at": ""})
    assert lines[0].endswith("find out which one is wanted before anything is run")
    assert lines[1].startswith("ROLES ARE UNCLEAR")
    assert not any(line.startswith("VMS RUN AT BOTH") for line in lines)
