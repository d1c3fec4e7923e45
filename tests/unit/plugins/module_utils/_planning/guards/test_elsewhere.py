# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.guards.elsewhere import (
    check_nothing_there,
    up_elsewhere,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._planning.practice.practice_world import told

VMI, POD = "VirtualMachineInstance/payroll/db-0", "Pod/payroll/virt-launcher-db-0-x7k2p"


@pytest.mark.parametrize(
    ("left", "at_home", "found"),
    [
        ([], [VMI], []),
        ([VMI], [VMI], [f"blocker RunningAtBoth {VMI}"]),
        ([VMI], [], [f"blocker RunningElsewhere {VMI}"]),
        ([POD], [VMI], [f"blocker RunningElsewhere {POD}"]),
        (["VolumeAttachment/csi-1"], [], ["blocker RunningElsewhere VolumeAttachment/csi-1"]),
        ([VMI, POD], [VMI, POD], [f"blocker RunningAtBoth {VMI}", f"blocker RunningElsewhere {POD}"]),
    ],
)
def test_p1_what_is_up_where_the_plan_does_not_live_is_found(
    left: list[str], at_home: list[str], found: list[str]
) -> None:
    assert told(up_elsewhere(left, at_home, "west")) == found


def test_p1_a_planned_move_is_refused_while_something_of_the_plan_is_up_at_its_target() -> None:
    check_nothing_there("payroll", "west", [])
    with pytest.raises(Refused, match="begin a planned move on plan payroll at site west; seen: VirtualMachineInst"):
        check_nothing_there("payroll", "west", [VMI])
