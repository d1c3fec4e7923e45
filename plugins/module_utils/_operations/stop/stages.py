# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stages of a stop: what stops together, in which order, and what of the order could not be kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..._cluster.api import Object
from ..._errors import Refused
from ..._model.plan import Plan
from ..._planning.start.stop_order import stop_stages, unknown_needs
from ..inventory.protected import key_of, start_records
from ..inventory.workloads import Workloads, workload_records
from .vm_stop import to_halt
from .workload_stop import to_stop, with_jobs

UNKNOWN_SHOWN = 20
# a cycle may be thousands long
LONGEST_TEXT = 1000


@dataclass(frozen=True)
class Stages:
    """keys of each, in their order. ordered: False where all stop at once. said: what orders nothing, and why."""

    keys: Sequence[set[str]]
    ordered: bool
    said: list[str]


def stages_of(plan: Plan, vms: Mapping[str, Object], workloads: Workloads) -> Stages:
    """The reverse order of a start. In an emergency stopping all at once is better than not stopping, and is told."""
    try:
        records = [*start_records(vms), *workload_records(workloads.selected.values())]
        stages, unknown = stop_stages(records, plan.startup.waves), list(unknown_needs(records))
    except Refused as error:
        seen = f"{error.on}: {error.seen}" if error.on else str(error.seen)
        means = "all at once, so that what others need may stop before them"
        said = f"{means}: no order can be had: {seen[:LONGEST_TEXT]}; {error.next_step}"
        return Stages([set(vms) | set(workloads.selected)], False, [said])
    more = len(unknown) - UNKNOWN_SHOWN
    return Stages(stages, True, unknown[:UNKNOWN_SHOWN] + ([f"{more} more needs order nothing"] if more > 0 else []))


def foretold(stages: Stages, vms: Mapping[str, Object], workloads: Workloads) -> list[str]:
    """One line for each that a stop would stop, in its order."""
    running = {key_of(vm) for vm in to_halt(vms.values(), set(vms))}
    return [
        f"stage {number}: {key} is {'halted' if key in vms else 'stopped'}"
        for number, stage in enumerate(stages.keys, 1)
        for key in sorted(stage)
        if key in running or (key in workloads and to_stop(with_jobs(workloads, {key})))
    ]
