# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs and what they recorded, for the tests of reports."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._model.run import Run, StepRecord
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.losses import recorded_losses
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.report.document import document_of

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
FINDING = {
    "severity": "warning",
    "code": "CaptureOld",
    "on": "Backup/velero/payroll-1",
    "message": "it is 26 hours old",
    "remedy": "take captures more often",
    "site": None,
}


def at(seconds: float) -> str:
    return (NOON + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


def failover(**changes: Any) -> Run:
    """Begun at noon, done after 90 seconds."""
    steps = {
        "begin": StepRecord("done", 1, at(0), at(1)),
        "capture": StepRecord("done", 1, at(1), at(3), {"name": "payroll-1", "findings": [FINDING]}),
        "promote": StepRecord("done", 1, at(3), at(8), {"groups": 1}),
        "start": StepRecord("done", 1, at(10), at(80), {"ready": 3}),
        "end": StepRecord("done", 1, at(89), at(90)),
    }
    known: dict[str, Any] = {
        "id": "payroll-failover-west-20260301120000-3f9a",
        "plan": "payroll",
        "operation": "failover",
        "source": "east",
        "target": "west",
        "fingerprint": "f00d",
        "started": at(0),
        "ended": at(90),
        "state": "done",
        "source_last_seen": at(-2),
        "steps": steps,
    }
    return Run(**{**known, **changes})


def start_of(vms: int, every: float = 1.0, boot: float = 30.0, **more: Any) -> dict[str, Any]:
    """The record of a start: one VM more is asked after every so many seconds, from the tenth on."""
    asked = {f"payroll/vm-{number:05}": NOON.timestamp() + 10 + number * every for number in range(vms)}
    points = [[NOON.timestamp() + 10, 0, 40], [NOON.timestamp() + 20, min(vms, 40), 40]]
    started = {key: [seconds, boot] for key, seconds in asked.items()}
    return {"attempt": 1, "started": started, "curve": {"every": 1.0, "points": points, "cap": 40}, **more}


def record_of(start: dict[str, Any], **more: Any) -> dict[str, Any]:
    keys = sorted({*start["started"], *start.get("failed", {})})
    switch = {"payroll": {"last_sync": at(-5), "told": "", "forced": True}}
    volumes = [{"pv": f"pv-{key}", "pvc": key, "rule": "volumes.rules[0]"} for key in keys]
    capture = {"name": "payroll-1", "created": at(-600), "vms": keys, "workloads": []}
    return {"startup": start, "switch": switch, "volumes": volumes, "capture": capture, **more}


def document(run: Run, record: dict[str, Any]) -> dict[str, Any]:
    losses = recorded_losses(run, ["payroll"], record.get("switch"), record.get("sync"))
    told = document_of(run, record, [loss.as_dict() for loss in losses])
    return {**told, "recorded_at": run.target, "unread": {}}
