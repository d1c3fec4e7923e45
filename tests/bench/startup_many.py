# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A start of very many VMs that boot at once: what the one who drives it costs.

Beside it a loop of kubevirt.core over a few of them, and a client that only asks for all of them, which is the limit.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.ocpvirt.dr.tests.bench.apiserver_metrics import WatchesMeanwhile, writes
from ansible_collections.ocpvirt.dr.tests.bench.bare_start import started_bare
from ansible_collections.ocpvirt.dr.tests.bench.kubevirt_loop import started_by_loop
from ansible_collections.ocpvirt.dr.tests.bench.process_cost import Cost
from ansible_collections.ocpvirt.dr.tests.bench.result import Result
from ansible_collections.ocpvirt.dr.tests.bench.startup_fleet import Planned, fleet_on, instant_boots, size
from demo.lab import Lab
from ocpvirt_lab.storm_instant import InstantVms

COUNT = 10_000
CAP = 200
# a playbook of theirs takes about a second of the processor for each
LOOP_COUNT, LOOP_CAP = 40, 20
MEGABYTES, MILLISECONDS, WRITES, WATCHES = 300, 10, 2.2, 1
BY_THE_LAB = "virtualmachineinstances"


@dataclass(frozen=True)
class Driven:
    """All VMs together. writes: to the API, but for the lab's."""

    cost: Cost
    writes: int


def drive(lab: Lab, folder: Path) -> list[Result]:
    """10,000 VMs; the lab makes a ready VMI for each that is asked to start, and for the loop says so on the VM too."""
    count, cap = size("DRIVEN_VMS", COUNT), size("DRIVEN_CAP", CAP)
    with instant_boots(lab):
        with fleet_on(lab, folder, "bench-many", count, cap) as planned:
            ours, watched = _ours(planned)
            planned.fleet.stop()
            limit = _bare(planned)
        with fleet_on(lab, folder, "bench-few", LOOP_COUNT, LOOP_CAP) as planned:
            peer = _loop(planned, folder)
    kind, watches = max(watched.items(), key=lambda item: item[1], default=("none", 0))
    beside = f"peer: kubevirt.core.kubevirt_vm for {LOOP_COUNT}; limit: bare requests, no cap"
    name = f"{count:,} VMs driven in {ours.cost.seconds:.0f} s, {cap} in flight; {beside}"
    driven = ((ours, count), (peer, LOOP_COUNT), (limit, count))
    megabytes = [each.cost.megabytes for each, _vms in driven]
    milliseconds = [1000 * each.cost.processor / vms for each, vms in driven]
    written = [each.writes / vms for each, vms in driven]
    rows = [
        ("MB", megabytes, MEGABYTES, f"below {MEGABYTES} MB"),
        ("ms of CPU a VM", milliseconds, MILLISECONDS, f"below {MILLISECONDS} ms"),
        ("API writes a VM", written, WRITES, f"at most {WRITES}"),
        (f"watches on one kind ({kind})", (watches, None, None), WATCHES, "one"),
    ]
    return [
        Result("startup_many", f"{metric}, {name}", mine, theirs, least, mine / goal, words, 0 < mine <= goal)
        for metric, (mine, theirs, least), goal, words in rows
    ]


def _ours(planned: Planned) -> tuple[Driven, Counter[str]]:
    """With the watches meanwhile."""
    run_id = planned.begun()
    with InstantVms(planned.fleet), WatchesMeanwhile(planned.fleet.client) as watched:
        before = _written(planned)
        ran = planned.started(run_id)
        written = _written(planned) - before
    planned.ended(run_id)
    return Driven(ran, written), watched.most


def _bare(planned: Planned) -> Driven:
    before = _written(planned)
    ran = started_bare(planned)
    return Driven(ran, _written(planned) - before)


def _loop(planned: Planned, folder: Path) -> Driven:
    before = _written(planned)
    played = started_by_loop(planned, folder, LOOP_CAP)
    on_status_by_lab = planned.fleet.count
    return Driven(played, _written(planned) - before - on_status_by_lab)


def _written(planned: Planned) -> int:
    return writes(planned.fleet.client, but=BY_THE_LAB)
