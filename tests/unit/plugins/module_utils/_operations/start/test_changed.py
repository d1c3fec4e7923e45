# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a start says that it changes something: whenever it writes to a VM or workload, in check mode too (P9)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import CRON_JOB, VM
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.vm import PowerRecord
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._operations.start.startup_world import Start
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.workload_manifests import RECORDED, cron_job

ON = PowerRecord("Always", True)


def to_start(start: Start) -> None:
    start.api.add("a", ON)


def up_with_its_record(start: Start) -> None:
    start.api.add("a", ON, halted=False)
    start.api.boot("a")
    ready(start)


def up(start: Start) -> None:
    up_with_its_record(start)
    start.api.objects[VM.kind, "payroll", "a"]["metadata"]["annotations"] = {}


def manual_and_off(start: Start) -> None:
    start.api.add("a", PowerRecord("Manual", False))


def to_be_left_halted(start: Start) -> None:
    start.api.add("a", PowerRecord("RerunOnFailure", False))


def suspended_before(start: Start) -> None:
    item = cron_job(suspend=True)
    item["metadata"]["annotations"] = {RECORDED: '{"running": false}'}
    start.api.create(CRON_JOB, item)


def suspended_by_its_owner(start: Start) -> None:
    start.api.create(CRON_JOB, cron_job(suspend=True))


def ready(start: Start) -> None:
    start.api.objects[VM.kind, "payroll", "a"]["status"] = {"ready": True, "printableStatus": "Running"}


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(
    ("world", "changed"),
    [
        (to_start, True),
        (up_with_its_record, True),
        (up, False),
        (manual_and_off, True),
        (to_be_left_halted, False),
        (suspended_before, True),
        (suspended_by_its_owner, False),
    ],
)
def test_p9_a_start_that_writes_has_changed_something(
    monkeypatch: pytest.MonkeyPatch, world: Callable[[Start], None], changed: bool, check_mode: bool
) -> None:
    start = Start(monkeypatch)
    world(start)
    before = [write for write in start.api.writes if write.startswith(("patch", "replace"))]
    assert start.run(check_mode=check_mode)["changed"] is changed
    after = [write for write in start.api.writes if write.startswith(("patch", "replace"))]
    assert (after != before) is (changed and not check_mode)
