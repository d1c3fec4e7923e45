# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a start returns, and what check mode says of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from ..._planning.start.gates import go_on
from ..._planning.start.order import StartOrder, StartWave
from ..._planning.start.pace import StartPace
from ..._planning.start.window import StartWindow
from ..entry import bounded
from ..inventory.workloads import Workloads
from .hooks import StartHooks
from .vm_start import VmStart
from .workload_start import WorkloadStart

LOST = "was neither started nor given up, which is a fault of this collection; the same command starts it"


def result_of(
    order: StartOrder,
    window: StartWindow,
    hooks: StartHooks,
    of: Callable[[str], VmStart | WorkloadStart],
    *,
    among: Collection[str],
    changed: bool,
    records: int,
    kept: Mapping[str, str],
    pace: dict[str, int],
) -> dict[str, Any]:
    """of: what a key is of. among: what the call was about; others of the plan are counted as they are.

    records: how many of them are still to be taken off what is up. kept: keys of those that stay, and why.
    """

    def told(key: str, reason: str) -> dict[str, Any]:
        return {of(key).noun: key, "reason": reason}

    keys = [key for wave in order.waves for key in wave.keys]
    left_out = len(set(keys) - window.ready.union(among))
    waiting = hooks.waiting(window)
    done = window.done and waiting is None and not records
    failures = [told(key, reason) | of(key).facts.get(key, {}) for key, reason in sorted(window.failed.items())]
    failures += [told(key, reason) for key, reason in sorted(kept.items())]
    behind = hooks.never_begun(window)
    # whatever lost them, a start that says done and names nobody would pass for a whole one
    lost = dict.fromkeys({*among} - window.ready - window.failed.keys() - behind.keys(), LOST)
    never_begun = [told(*item) for item in sorted({**behind, **lost}.items())] if done else []
    noun = "VMs and workloads" if any(of(key).noun != VmStart.noun for key in [*keys, *order.stays_off]) else "VMs"
    summary = f"{len(window.ready)} of {len(keys)} {noun} ready, {len(window.failed)} not started"
    return {
        "changed": changed,
        "done": done,
        "total": len(keys),
        "ready": len(window.ready),
        "in_flight": len(window.in_flight),
        "peak_in_flight": window.peak,
        "pace": pace,
        "retried": window.retries.count,
        "not_started": len(window.failed),
        "left_out": left_out,
        "failures": bounded([*hooks.failures, *failures], size=25_000),
        "never_begun": bounded(never_begun, size=10_000),
        "waiting_hook": waiting,
        "waiting_gate": window.gate or "",
        "stays_off": len(order.stays_off),
        "off_again": bounded([told(key, order.stays_off[key]) for key in sorted(order.off_again)], size=10_000),
        "waves": [_counted(wave, lambda key: of(key).noun != VmStart.noun) for wave in order.waves],
        "msg": summary + _others(left_out, len(order.off_again)) + go_on(window.gate),
    }


def decided(order: StartOrder, workloads: Workloads, most: int, changed: bool) -> dict[str, Any]:
    """most: the plan's limit in flight. changed: whether the start would write anything."""
    gate = next((wave.gate for wave in order.waves if wave.gate), None)
    return {
        "changed": changed,
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
        "off_again": [],
        "waves": [_counted(wave, workloads.__contains__) for wave in order.waves],
        "msg": f"check mode: nothing was started{go_on(gate)}",
    }


def _others(left_out: int, off_again: int) -> str:
    left = f", {left_out} left as they are" if left_out else ""
    return left + (f", {off_again} off again since they were ready" if off_again else "")


def _counted(wave: StartWave, is_workload: Callable[[str], bool]) -> dict[str, Any]:
    workloads = sum(map(is_workload, wave.keys))
    return {"name": wave.name, "vms": len(wave.keys) - workloads} | ({"workloads": workloads} if workloads else {})
