# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One VM that may not be written, although it need not be started, keeps none of the others from their start."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import VM, Kind
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import DrError, Failed, Unreachable
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.vm import PowerRecord
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.start.startup_world import (
    KubeVirt,
    Start,
)

ON = PowerRecord("Always", True)
WAVES = [{"name": "db", "selector": {"matchLabels": {"tier": "db"}}}, {"name": "rest"}]
DENIED = Failed("PATCH", seen="admission webhook denied the request: instancetype gone", status=422)


class Guarded(KubeVirt):
    """error: what the API server says to whoever takes the record off `kept`."""

    def __init__(self) -> None:
        super().__init__()
        self.kept = ""
        self.error: DrError = DENIED

    def patch(self, kind: Kind, name: str, namespace: str, body: dict[str, Any]) -> dict[str, Any]:
        if kind is VM and name == self.kept and "metadata" in body:
            raise self.error
        return super().patch(kind, name, namespace, body)


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Start:
    start = Start(monkeypatch, Guarded)
    start.api.add("db-0", ON, tier="db")
    start.api.add("web-0", ON)
    return start


def keep(start: Start, name: str) -> None:
    start.api.kept = name  # type: ignore[attr-defined]


def test_a_vm_that_stays_off_and_may_not_be_written_is_told_and_the_others_start(start: Start) -> None:
    start.api.add("idle", PowerRecord("Manual", False))
    keep(start, "idle")
    result = start.run(waves=WAVES)
    assert (result["done"], result["ready"]) == (True, 2)
    (failure,) = result["failures"]
    assert failure["vm"] == "payroll/idle"
    assert "instancetype gone" in failure["reason"]


def test_a_vm_that_is_up_and_keeps_its_record_is_told_and_the_next_wave_starts(start: Start) -> None:
    keep(start, "db-0")
    result = start.run(waves=WAVES)
    assert (result["done"], result["ready"], result["not_started"]) == (True, 2, 0)
    (failure,) = result["failures"]
    assert failure["vm"] == "payroll/db-0"
    assert "instancetype gone" in failure["reason"]
    assert start.api.recorded("db-0")


def test_p5_the_record_that_was_kept_is_taken_off_by_the_next_start(start: Start) -> None:
    keep(start, "db-0")
    start.run(waves=WAVES)
    keep(start, "")
    result = start.run(waves=WAVES)
    assert (result["failures"], start.api.recorded("db-0")) == ([], False)


def test_a_site_that_gives_no_answer_ends_the_start(start: Start) -> None:
    start.api.add("idle", PowerRecord("Manual", False))
    keep(start, "idle")
    start.api.error = Unreachable("PATCH", seen="connection refused")  # type: ignore[attr-defined]
    with pytest.raises(Unreachable):
        start.run(waves=WAVES)
