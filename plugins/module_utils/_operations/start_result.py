# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a start returns, and what check mode says of it."""

from __future__ import annotations

from typing import Any

from .._planning.start_gates import go_on
from .._planning.start_order import StartOrder, StartWave
from .._planning.start_pace import StartPace
from .._planning.start_window import StartWindow
from .entry import bounded
from .workload_start import WorkloadStart
from .workloads import Workloads


def result_of(
    order: StartOrder,
    workloads: Workloads | WorkloadStart,
    window: StartWindow,
    failures: list[dict[str, Any]],
    never_begun: list[dict[str, str]],
    *,
    left_out: int,
    waiting_hook: dict[str, Any] | None,
    changed: bool,
    pace: dict[str, Any],
) -> dict[str, Any]:
    """failures: with what there is to see of each. left_out: how many of the plan the call was not about."""
    keys = [key for wave in order.waves for key in wave.keys]
    noun = "VMs and workloads" if any(key in workloads for key in [*keys, *order.stays_off]) else "VMs"
    told = f"{len(window.ready)} of {len(keys)} {noun} ready, {len(window.failed)} not started"
    return {
        "changed": changed,
        "done": window.done and waiting_hook is None,
        "total": len(keys),
        "ready": len(window.ready),
        "in_flight": len(window.in_flight),
        "peak_in_flight": window.peak,
        "pace": pace,
        "retried": window.retries.count,
        "not_started": len(window.failed),
        "left_out": left_out,
        "failures": bounded(failures, size=25_000),
        "never_begun": bounded(never_begun, size=10_000),
        "waiting_hook": waiting_hook,
        "waiting_gate": window.gate or "",
        "stays_off": len(order.stays_off),
        "waves": [_counted(wave, workloads) for wave in order.waves],
        "msg": told + (f", {left_out} left as they are" if left_out else "") + go_on(window.gate),
    }


def decided(order: StartOrder, workloads: Workloads | WorkloadStart, most: int) -> dict[str, Any]:
    """most: the plan's limit in flight."""
    gate = next((wave.gate for wave in order.waves if wave.gate), None)
    return {
        "changed": any(wave.keys for wave in order.waves),
        "done": True,
        "total": sum(len(wave.keys) for wave in order.waves),
        "ready": 0,
        "in_flight": 0,
        "peak_in_flight": 0,
        "pace": StartPace(most).summary,
        "retried": 0,
        "not_started": 0,
        "left_out": 0,
        "failures": [],
        "never_begun": [],
        "waiting_gate": gate or "",
        "waiting_hook": None,
        "retry": None,
        "stays_off": len(order.stays_off),
        "waves": [_counted(wave, workloads) for wave in order.waves],
        "msg": f"check mode: nothing was started{go_on(gate)}",
    }


def _counted(wave: StartWave, workloads: Workloads | WorkloadStart) -> dict[str, Any]:
    among = [key for key in wave.keys if key in workloads]
    return {"name": wave.name, "vms": len(wave.keys) - len(among)} | ({"workloads": len(among)} if among else {})
