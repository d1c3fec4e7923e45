# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A start whose window loses a VM, by whatever fault: it is named, and no run passes for done."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.vm import PowerRecord
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.start import starter
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.window import StartWindow
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.start.startup_world import Start

ON = PowerRecord("Always", True)
LOST = "payroll/b"


class Losing(StartWindow):
    """One of its keys is counted off, and never asked."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._left[0] -= 1

    def _enqueue(self, key: str, again: bool = False) -> None:
        if key != LOST:
            super()._enqueue(key, again)


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Start:
    found = Start(monkeypatch)
    for name in "abc":
        found.api.add(name, ON)
    return found


def test_p10_what_a_start_lost_is_named(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starter, "StartWindow", Losing)
    result = start.run()
    assert (result["done"], result["ready"]) == (True, 2)
    assert [(item["vm"], "neither started nor given up" in item["reason"]) for item in result["never_begun"]] == [
        (LOST, True)
    ]


def test_a_start_that_lost_nothing_names_nobody(start: Start) -> None:
    result = start.run()
    assert (result["ready"], result["never_begun"]) == (3, [])
