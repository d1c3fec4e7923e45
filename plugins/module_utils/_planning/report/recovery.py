# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long what a run started was away, and what became of each VM and workload. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ..._model.run import Run
from ..forecast.boot_times import measured

# topics of the record; a start at the source is that of a run that gave everything back
START, START_AT_SOURCE = "startup", "startup-at-source"
READY, FAILED, IN_FLIGHT, UNTIMED = "ready", "failed", "in flight", "no time recorded"


def away_since(run: Run) -> tuple[str, str]:
    """From when on the VMs count as away, and what that moment is.

    A planned move lets them run until it stops them. Of a lost site nobody knows when they went: a person began this
    run afterwards. A step that was begun again says no more when it began first.
    """
    quiesce = run.steps.get("quiesce")
    if run.operation == "relocate" and quiesce is not None and quiesce.attempt == 1:
        return quiesce.started, "VMs began to be stopped"
    return run.started, "the run began"


def last_start(run: Run, record: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """The site and the record of the start that was the last one: at the target, or back at the source."""
    forth, back = record.get(START) or {}, record.get(START_AT_SOURCE) or {}
    if back and back.get("attempt", 0) >= forth.get("attempt", 0):
        return run.source, back
    return run.target, forth


def recovered(run: Run, start: Mapping[str, Any], captured: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Of each VM and workload of a run: what did not start first, then by the time that each was away.

    start: the record of the run's start. captured: what the run restores, as it recorded that.
    """
    since = datetime.fromisoformat(away_since(run)[0]).timestamp()
    workloads = set(captured.get("workloads", ()))
    started, failed, flying = start.get("started", {}), start.get("failed", {}), start.get("asked", {})
    keys = sorted({*captured.get("vms", ()), *workloads, *started, *failed, *flying})

    def told(key: str) -> dict[str, Any]:
        line = {"name": key, "kind": "workload" if key in workloads else "vm", "state": UNTIMED}
        if key in started:
            asked, boot = started[key]
            away = round(max(0.0, asked + boot - since), 1)
            line |= {"state": READY, "asked": _iso(asked), "boot_seconds": boot, "rto_seconds": away}
        if key in failed:
            line |= {"state": FAILED, "reason": failed[key]}
        elif key in flying:
            line |= {"state": IN_FLIGHT, "asked": _iso(flying[key])}
        return line

    worst_first = (FAILED, IN_FLIGHT, READY, UNTIMED)
    lines = [told(key) for key in keys]
    return sorted(lines, key=lambda line: (worst_first.index(line["state"]), -line.get("rto_seconds", 0.0)))


def recovery_time(vms: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """In seconds, over what got ready; empty when nothing was measured."""
    seconds = [vm["rto_seconds"] for vm in vms if vm["state"] == READY]
    return {**measured(seconds), "longest": max(seconds)} if seconds else {}


def outcome(losses: Sequence[Mapping[str, Any]], vms: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What a list of runs shows of one: the largest loss, None where one is not known, and the longest time away."""
    lost = [loss["seconds"] for loss in losses]
    return {
        "lost_seconds": max(lost) if lost and None not in lost else None,
        "rto_seconds": recovery_time(vms).get("longest"),
    }


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
