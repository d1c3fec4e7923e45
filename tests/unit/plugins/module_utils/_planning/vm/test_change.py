# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.vm import PowerRecord
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.vm.change import decide_vm
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.vm.identity import identity_kept

LABEL = "protected.dr.ocpvirt.io/payroll"
RECORDED = "dr.ocpvirt.io/recorded"
CREATOR = "dr.ocpvirt.io/created-by-run"
NO_IMPORT = "kubevirt.io/immediate-data-volume-creation"
RUNNING = PowerRecord("Always", True)


def vm(run: str, power: PowerRecord = RUNNING, **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {
            "name": "db",
            "namespace": "payroll",
            "labels": {LABEL: "true"},
            "annotations": {CREATOR: run, RECORDED: power.as_annotation()},
        },
        "spec": {"runStrategy": "Halted", "template": {"spec": {"mac": "02:00:00:00:00:01"}}, **spec},
    }


def at_target(**changes: Any) -> dict[str, Any]:
    """Left there by an earlier stay of the plan."""
    found = vm("r-0", **changes)
    found["metadata"] |= {"uid": "9d1b", "resourceVersion": "811", "finalizers": ["kubevirt"]}
    return found


def test_an_absent_vm_is_created() -> None:
    assert decide_vm(vm("r-1"), None, "r-1", "payroll").verb == "create"


def test_p5_what_this_run_created_is_kept_whatever_it_is_by_now() -> None:
    running = vm("r-1")
    running["spec"]["runStrategy"] = "Always"
    assert decide_vm(vm("r-1"), running, "r-1", "payroll").verb == "keep"


def test_a_vm_that_is_as_captured_is_not_written() -> None:
    change = decide_vm(vm("r-1"), at_target(), "r-1", "payroll")
    assert (change.verb, change.why) == ("keep", "VirtualMachine/payroll/db is adopted: it is as captured")


def test_p2_a_vm_that_could_import_at_its_start_is_written_so_that_it_does_not() -> None:
    templates = [{"metadata": {"name": "db"}}]
    wanted = vm("r-1", dataVolumeTemplates=templates)
    wanted["metadata"]["annotations"][NO_IMPORT] = "false"
    change = decide_vm(wanted, at_target(dataVolumeTemplates=templates), "r-1", "payroll")
    assert (change.verb, change.body["metadata"]["annotations"][NO_IMPORT]) == ("update", "false")


def test_p5_a_vm_that_the_run_found_as_captured_and_started_is_its_own() -> None:
    running = at_target(runStrategy="Always")
    assert decide_vm(vm("r-1"), running, "r-1", "payroll", taken={"9d1b"}).verb == "keep"


def test_a_vm_that_somebody_asked_to_start_and_the_latch_refused_is_halted_again() -> None:
    asked = at_target(runStrategy="Always")
    change = decide_vm(vm("r-1"), asked, "r-1", "payroll", runs=False)
    assert (change.verb, change.body["spec"]["runStrategy"]) == ("update", "Halted")
    assert change.why.endswith("it was asked to start")


def test_a_vm_of_an_earlier_stay_is_adopted_under_its_own_identity() -> None:
    change = decide_vm(vm("r-1"), at_target(template={"spec": {}}), "r-1", "payroll")
    assert change.verb == "update"
    meta = change.body["metadata"]
    assert (meta["uid"], meta["resourceVersion"], meta["finalizers"]) == ("9d1b", "811", ["kubevirt"])
    assert meta["annotations"][CREATOR] == "r-1"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"template": {"spec": {"mac": "02:00:00:00:00:02"}}}, "spec.template"),
        ({"power": PowerRecord("Manual", True)}, "power Manual to Always"),
        ({"power": PowerRecord("Always", False)}, "power"),
    ],
)
def test_the_side_that_ran_last_wins_and_says_so(changes: dict[str, Any], why: str) -> None:
    wanted = vm("r-1")
    change = decide_vm(wanted, at_target(**changes), "r-1", "payroll")
    assert change.why == f"VirtualMachine/payroll/db is updated to the capture: {why}"
    assert change.body["spec"] == wanted["spec"]


def test_a_uuid_that_follows_from_the_name_is_no_change_when_it_is_written_out() -> None:
    change = decide_vm(identity_kept(vm("r-1")), at_target(), "r-1", "payroll")
    assert change.verb == "keep"


def strangers() -> list[dict[str, Any]]:
    unlabelled, unrecorded, running = (copy.deepcopy(at_target()) for _number in range(3))
    del unlabelled["metadata"]["labels"]
    del unrecorded["metadata"]["annotations"][RECORDED]
    running["spec"]["runStrategy"] = "Always"
    return [unlabelled, unrecorded, running]


@pytest.mark.parametrize("seen", strangers(), ids=["not of the plan", "not halted by us", "running"])
def test_p8_any_other_vm_of_that_name_is_refused(seen: dict[str, Any]) -> None:
    with pytest.raises(Refused, match=r"created by run r-0.*it was not touched"):
        decide_vm(vm("r-1"), seen, "r-1", "payroll")
