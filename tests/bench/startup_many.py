# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A start of very many VMs that boot at once: what the one who drives it costs."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.ocpvirt.dr.tests.bench.apiserver_metrics import WatchesMeanwhile, writes
from ansible_collections.ocpvirt.dr.tests.bench.result import Result
from ansible_collections.ocpvirt.dr.tests.bench.startup_fleet import fleet_on, instant_boots, size
from demo.lab import Lab
from ocpvirt_lab.storm_instant import InstantVms

COUNT = 10_000
CAP = 200
MEGABYTES, MILLISECONDS, WRITES, WATCHES = 300, 10, 2.2, 1
BY_THE_LAB = "virtualmachineinstances"


def drive(lab: Lab, folder: Path) -> list[Result]:
    """10,000 VMs; the lab makes a ready VMI for each that is asked to start, and writes nothing else."""
    count, cap = size("DRIVEN_VMS", COUNT), size("DRIVEN_CAP", CAP)
    with instant_boots(lab), fleet_on(lab, folder, "bench-many", count, cap) as planned:
        client = planned.fleet.client
        run_id = planned.begun()
        with InstantVms(planned.fleet), WatchesMeanwhile(client) as watched:
            before = writes(client, but=BY_THE_LAB)
            ran = planned.started(run_id)
            written = (writes(client, but=BY_THE_LAB) - before) / count
        planned.ended(run_id)
    milliseconds = 1000 * ran.processor / count
    kind, watches = max(watched.most.items(), key=lambda item: item[1], default=("none", 0))
    name = f"{count:,} VMs driven in {ran.seconds:.0f} s, {cap} in flight"

    def row(metric: str, value: float, goal: float, words: str, *, met: bool) -> Result:
        return Result("startup_many", f"{metric}, {name}", value, None, goal, value / goal, words, met)

    return [
        row("MB", ran.megabytes, MEGABYTES, f"below {MEGABYTES} MB", met=ran.megabytes < MEGABYTES),
        row("ms of CPU a VM", milliseconds, MILLISECONDS, f"below {MILLISECONDS} ms", met=milliseconds < MILLISECONDS),
        row("API writes a VM", written, WRITES, f"at most {WRITES}", met=written <= WRITES),
        row(f"watches on one kind ({kind})", watches, WATCHES, "one", met=watches == WATCHES),
    ]
