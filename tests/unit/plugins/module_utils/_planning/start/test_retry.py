# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command by which what failed is tried again."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.run import Run
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.retry import Retry, retry_of

RUN = Run("payroll-failover-west-1", "payroll", "failover", "east", "west", "f00d", "2026-03-01T12:00:00Z")
# the value of NAME=VALUE would end at the blank
PLAN_FILE = '{"dr_plan": "plans/pay roll.yml"}'
ONLY = ["-e", '{"dr_only": ["payroll/db-0"]}']


def only_of(retry: Retry) -> list[str]:
    """What the command names in dr_only."""
    [named] = [part for part in shlex.split(retry.command or "") if part.startswith('{"dr_only"')]
    found: list[str] = json.loads(named)["dr_only"]
    return found


def command(run: Run, site: str = "west") -> list[str]:
    return shlex.split(retry_of(run, ["payroll/db-0"], site, "plans/pay roll.yml").command or "")


def test_the_command_for_a_retry_goes_on_with_the_run_and_names_what_failed() -> None:
    assert command(replace(RUN, declared_lost="east")) == [
        "ansible-playbook",
        "ocpvirt.dr.failover",
        "-e",
        PLAN_FILE,
        "-e",
        "dr_target=west",
        "-e",
        "dr_declare_lost=east",
        *ONLY,
    ]


def test_the_command_for_a_retry_names_the_waiver_as_it_was_given() -> None:
    given = command(replace(RUN, declared_lost="east", waived_fencing="power is cut, I saw it"))
    assert '{"dr_waive_fencing": "power is cut, I saw it"}' in given


@pytest.mark.parametrize(
    ("operation", "site", "options"),
    [
        ("start", "west", ["ocpvirt.dr.start", "-e", PLAN_FILE, "-e", "dr_site=west"]),
        ("failback", "west", ["ocpvirt.dr.failback", "-e", PLAN_FILE]),
        ("relocate", "east", ["ocpvirt.dr.start", "-e", PLAN_FILE, "-e", "dr_site=east"]),
    ],
    ids=["in place", "home", "given back"],
)
def test_the_command_for_a_retry_is_that_of_the_operation(operation: str, site: str, options: list[str]) -> None:
    assert command(replace(RUN, operation=operation), site) == ["ansible-playbook", *options, *ONLY]


def test_there_is_no_command_for_a_retry_of_nothing() -> None:
    assert retry_of(RUN, [], "west", "plan.yml") == Retry(None)


def many(number: int, longest: bool = False) -> list[str]:
    """In the order of their start: the last by name begins first."""
    name = "n" * 100 if longest else "web"
    return [f"payroll/{name}-{of:04}" for of in reversed(range(number))]


def test_as_many_as_a_person_can_read_are_named() -> None:
    retry = retry_of(RUN, many(100), "west", "plan.yml")
    assert (only_of(retry), retry.note) == (many(100), "")


@pytest.mark.parametrize("keys", [many(101), many(100, longest=True)], ids=["many", "long names"])
def test_p10_of_more_none_is_named_as_the_plain_command_starts_only_what_is_not_up(keys: list[str]) -> None:
    retry = retry_of(RUN, keys, "west", "plan.yml")
    assert retry.command == "ansible-playbook ocpvirt.dr.failover -e dr_plan=plan.yml -e dr_target=west"
    assert retry.note == f"the command to try {len(keys)} again names none of them: it starts whatever is not up"


def test_p8_of_a_start_of_some_the_first_are_named_and_nothing_that_was_left_out_is_started() -> None:
    retry = retry_of(RUN, many(3000), "west", "plan.yml", narrowed=True)
    assert only_of(retry) == many(3000)[:100]
    assert retry.note == (
        "the command to try 3000 again names the first 100 of them, as dr_only leaves others out; "
        "the command that this start was asked by tries all 3000"
    )


def test_of_a_start_of_some_with_long_names_as_many_are_named_as_fit() -> None:
    retry = retry_of(RUN, many(3000, longest=True), "west", "plan.yml", narrowed=True)
    assert retry.command is not None
    assert 7_000 < len(retry.command) <= 8_000
    assert f"names the first {len(only_of(retry))} of them" in retry.note


def test_one_that_no_command_has_room_for_is_named_all_the_same() -> None:
    """Else the command would start what was left out."""
    run = replace(RUN, declared_lost="east", waived_fencing="why " * 3_000)
    assert only_of(retry_of(run, many(2), "west", "plan.yml", narrowed=True)) == many(2)[:1]
