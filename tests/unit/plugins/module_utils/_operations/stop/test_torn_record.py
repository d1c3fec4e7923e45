# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A record that nobody can read on a VM that runs: it is what it shows, and can be stopped."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import VM
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.vm import PowerRecord
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.stop.shutdown_world import Stop

RECORDED = "dr.ocpvirt.io/recorded"


def test_p7_a_vm_that_runs_is_stopped_and_recorded_as_it_runs_whatever_was_written_on_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stop = Stop(monkeypatch)
    vm = stop.east.get(VM, "db", "payroll")
    vm["metadata"]["annotations"] = {RECORDED: "{"}
    stop.east.replace(VM, vm)
    assert stop.run()["proven_off"]
    annotations = stop.east.get(VM, "db", "payroll")["metadata"]["annotations"]
    assert annotations[RECORDED] == PowerRecord("Always", True).as_annotation()
