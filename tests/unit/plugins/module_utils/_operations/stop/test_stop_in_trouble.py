# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a stop writes on a VM that something keeps from running."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import VM
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.vm import power_record
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.stop.shutdown_world import Stop


def test_p7_a_vm_that_no_node_has_room_for_is_recorded_as_one_that_is_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    stop = Stop(monkeypatch)
    found = stop.east.get(VM, "app", "payroll")
    found["spec"]["runStrategy"] = "RerunOnFailure"
    found["status"] = {"printableStatus": "ErrorUnschedulable", "created": True}
    stop.east.replace(VM, found)
    stop.run()
    assert power_record(stop.east.get(VM, "app", "payroll")).running
