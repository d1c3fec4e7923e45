# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import copy

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.vm import PowerRecord
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.practice.names import taken_names
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._planning.practice.practice_world import (
    LABEL,
    Object,
    told,
    vm,
)


def left_behind() -> Object:
    """By a run of the plan that moved it away."""
    found = vm()
    found["metadata"]["annotations"]["dr.ocpvirt.io/recorded"] = PowerRecord("Always", True).as_annotation()
    found["spec"]["runStrategy"] = "Halted"
    return found


def strange() -> list[Object]:
    running, unlabelled, unrecorded = (copy.deepcopy(left_behind()) for _number in range(3))
    running["spec"]["runStrategy"] = "Always"
    del unlabelled["metadata"]["labels"][LABEL]
    unrecorded["metadata"]["annotations"].clear()
    return [running, unlabelled, unrecorded]


@pytest.mark.parametrize("there", strange(), ids=["running", "not of the plan", "not halted by us"])
def test_p8_a_vm_that_no_move_would_replace_is_found_before_the_move(there: Object) -> None:
    found = told(taken_names({"payroll/db-0"}, [there], "payroll", "west"))
    assert found == ["blocker NameTaken VirtualMachine/payroll/db-0"]


def test_a_vm_of_an_earlier_stay_and_vms_of_other_names_are_in_order() -> None:
    assert told(taken_names({"payroll/db-0"}, [left_behind(), vm("other")], "payroll", "west")) == []
