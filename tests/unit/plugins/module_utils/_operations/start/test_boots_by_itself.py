# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VMs that KubeVirt starts by itself, as those of a cluster that lost half of its nodes, when a start begins."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import VM
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.vm import PowerRecord
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.start.startup_world import (
    RECORDED,
    Start,
)

ALWAYS = PowerRecord("Always", True)
WAVES = [{"name": "db", "selector": {"matchLabels": {"tier": "db"}}}, {"name": "rest"}]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Start:
    """Two of the last wave boot, and no run has stopped them; a database waits to be started."""
    start = Start(monkeypatch)
    start.api.add("db", ALWAYS, tier="db")
    for name in ("a", "b"):
        start.api.add(name, ALWAYS, halted=False)
        start.api.broken.add(name)
        vm = start.api.get(VM, name, "payroll")
        del vm["metadata"]["annotations"][RECORDED]
        start.api.replace(VM, vm)
        start.api.boot(name)
    return start


def test_what_boots_by_itself_when_the_start_begins_takes_its_slots(start: Start) -> None:
    result = start.run(round_timeout=10, max_starting=2, waves=WAVES)
    assert (result["in_flight"], result["ready"]) == (2, 0)


def test_what_boots_by_itself_is_given_up_after_its_time(start: Start) -> None:
    result = start.run(max_starting=2, waves=WAVES, retries={"attempts": 0})
    assert (result["ready"], result["not_started"], result["peak_in_flight"]) == (1, 2, 2)
