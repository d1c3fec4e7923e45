# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What counts as the same state after a disturbed run, and what does not."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.tests.faults.final_state import State, loose_ends, normal, other_than

KIND = "VirtualMachine"


def vm(**changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "metadata": {
            "name": "db-0",
            "uid": "6a0a3b1c-0000-4000-8000-000000000001",
            "resourceVersion": "7",
            "annotations": {"run": "payroll-relocate-west-20260726101010-ab12", "at": "2026-07-26T10:10:10.123+00:00"},
        },
        "spec": {"runStrategy": "Always"},
        "status": {"ready": True},
    }
    return {**body, **changes}


def test_what_every_run_makes_anew_is_no_difference() -> None:
    other = vm(status={})
    other["metadata"] = {
        "name": "db-0",
        "uid": "6a0a3b1c-0000-4000-8000-000000000002",
        "resourceVersion": "9",
        "annotations": {"run": "payroll-relocate-west-20270101000000-cd34", "at": "2027-01-01T00:00:00Z"},
    }
    assert other_than({"west VM": normal(KIND, vm())}, {"west VM": normal(KIND, other)}) == []


@pytest.mark.parametrize(
    "other",
    [
        vm(spec={"runStrategy": "Halted"}),
        vm(metadata={"name": "db-0", "annotations": {}}),
        vm(metadata={**vm()["metadata"], "finalizers": ["somebody"]}),
    ],
    ids=["its power", "an annotation", "a finalizer"],
)
def test_all_else_is(other: dict[str, Any]) -> None:
    assert other_than({"west VM": normal(KIND, vm())}, {"west VM": normal(KIND, other)})


def test_an_object_too_few_or_too_many_is_a_difference() -> None:
    assert len(other_than({"a": normal(KIND, vm())}, {"b": normal(KIND, vm())})) == 2


def service(address: str) -> dict[str, Any]:
    return normal("Service", {"metadata": {"name": "web"}, "spec": {"clusterIP": address, "clusterIPs": [address]}})


def test_the_address_that_a_site_gives_a_service_is_no_difference_and_that_it_has_none_is_one() -> None:
    assert other_than({"a": service("10.96.74.147")}, {"a": service("10.96.229.43")}) == []
    assert other_than({"a": service("None")}, {"a": service("10.96.229.43")})


def ended(**changes: Any) -> State:
    """After a move to west; changes: of what is told of east."""
    facts = {"locks held": [], "runs not ended": [], "replication": {"role": "secondary"}}
    west = {**facts, "running": ["db-0", "web-0"], "replication": {"role": "primary"}}
    return {
        "east facts": {**facts, "running": [], **changes},
        "west facts": west,
        "west VirtualMachine/payroll/db-0": {},
    }


def test_a_move_that_ended_leaves_no_loose_ends() -> None:
    assert loose_ends(ended(), "west", ["web-0", "db-0"]) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"locks held": ["payroll-relocate-west#2"]}, "east: its lock is held by payroll-relocate-west#2"),
        ({"runs not ended": ["payroll-relocate-west"]}, "east: payroll-relocate-west has not ended"),
        ({"running": ["db-0"]}, "east: ['db-0'] run, not []"),
        ({"replication": {"role": "primary"}}, "east: its copies are primary"),
    ],
)
def test_whatever_else_it_leaves_is_told(change: dict[str, Any], told: str) -> None:
    assert loose_ends(ended(**change), "west", ["web-0", "db-0"]) == [told]


def test_a_target_that_is_no_primary_or_lacks_a_vm_is_told() -> None:
    assert len(loose_ends(ended(), "east", ["db-0"])) == 4
