# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A VM whose record is off it already, and that loses its guest while other waves still start, as with its node."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import VM, VMI
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.vm import PowerRecord
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.start.startup_world import Start

ON = PowerRecord("Always", True)
WAVES = [{"name": "databases", "selector": {"matchLabels": {"tier": "db"}}}, {"name": "others"}]


def a_round(start: Start) -> dict[str, Any]:
    return start.run(round_timeout=5, waves=WAVES, readiness={"agent": True, "timeout": "10m"})


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Start:
    """The database is up, and boots once more in the rounds after."""
    start = Start(monkeypatch)
    start.api.add("first", ON, tier="db")
    start.api.add("b", ON)
    start.api.broken.add("b")
    a_round(start)
    assert not start.api.recorded("first")
    start.api.broken.add("first")
    start.api.delete(VMI, "first", "payroll")
    start.api.boot("first")
    a_round(start)
    return start


def test_p10_a_vm_that_boots_once_more_was_stopped_by_nobody(start: Start) -> None:
    result = a_round(start)
    assert (result["failures"], result["in_flight"]) == ([], 2)


def test_p8_what_somebody_stops_then_stays_off(start: Start) -> None:
    vm = start.api.get(VM, "first", "payroll")
    start.api.replace(VM, vm | {"spec": vm["spec"] | {"runStrategy": "Halted"}})
    start.api.delete(VMI, "first", "payroll")
    a_round(start)
    assert start.api.spec("first") == {"runStrategy": "Halted"}
