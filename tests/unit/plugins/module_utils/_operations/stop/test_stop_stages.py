# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a stop makes of annotations by which a start could not go."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import VM
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.stop.shutdown_world import Stop, vm

NEEDS = "dr.ocpvirt.io/depends-on"


@pytest.fixture
def stop(monkeypatch: pytest.MonkeyPatch) -> Stop:
    return Stop(monkeypatch)


def annotate(stop: Stop, name: str, **annotations: str) -> None:
    found = stop.east.get(VM, name, "payroll")
    found["metadata"]["annotations"] = annotations
    stop.east.replace(VM, found)


def make_cycle(stop: Stop) -> None:
    for name, needed in (("app", "db"), ("db", "app")):
        annotate(stop, name, **{NEEDS: needed})


def test_p3_a_vm_that_an_operator_halted_takes_no_order_from_the_rest(stop: Stop) -> None:
    stop.east.create(VM, vm("cache", "cache", strategy="Halted"))
    annotate(stop, "app", **{NEEDS: "cache"})
    result = stop.run()
    assert (stop.east.halted, result["decisions"]) == (["cache", "app", "db"], [])


def test_p3_a_misspelt_need_takes_no_order_from_the_rest_and_is_told(stop: Stop) -> None:
    annotate(stop, "app", **{NEEDS: "dbb"})
    result = stop.run()
    assert stop.east.halted == ["app", "db"]
    assert result["decisions"] == [
        f"VirtualMachine/payroll/app: {NEEDS} names payroll/dbb, which the plan does not protect: it orders nothing"
    ]


def test_of_many_misspelt_needs_the_first_are_told_and_how_many_more_there_are(stop: Stop) -> None:
    annotate(stop, "app", **{NEEDS: ",".join(f"no-{number}" for number in range(25))})
    decisions = stop.run()["decisions"]
    assert (len(decisions), decisions[-1]) == (21, "5 more needs order nothing")


def test_p10_a_cycle_is_stopped_all_the_same_and_the_result_says_what_that_means(stop: Stop) -> None:
    make_cycle(stop)
    result = stop.run()
    assert result["proven_off"] is True
    assert result["decisions"] == [
        "all at once, so that what others need may stop before them: no order can be had: VirtualMachine/payroll/app: "
        f"a cycle of dependencies: payroll/app -> payroll/db -> payroll/app; remove one of them from {NEEDS}"
    ]
    assert result["msg"] == "2 VMs halted at east, all at once as no order can be had"


def test_p10_a_priority_that_cannot_be_read_is_stopped_all_the_same_and_named(stop: Stop) -> None:
    annotate(stop, "app", **{"dr.ocpvirt.io/priority": "high"})
    result = stop.run()
    assert result["proven_off"] is True
    assert "VirtualMachine payroll/app: dr.ocpvirt.io/priority is 'high'" in result["decisions"][0]


def test_p9_check_mode_says_that_no_order_can_be_had(stop: Stop) -> None:
    make_cycle(stop)
    told, *stopped = stop.run(check_mode=True)["decisions"]
    assert told.startswith("all at once")
    assert stopped == ["stage 1: payroll/app is halted", "stage 1: payroll/db is halted"]
