# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What counts as the same state after a disturbed run, and what does not."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.tests.faults.final_state import normal, other_than

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
