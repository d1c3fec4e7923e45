# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A start of very many VMs that boot at once: what the one who drives it costs, in one call, and in rounds as a role.

Beside it a loop of kubevirt.core over a few of them, and a client that only asks for all of them, which is the limit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.ocpvirt.dr.tests.bench.apiserver_metrics import WatchesMeanwhile, writes
from ansible_collections.ocpvirt.dr.tests.bench.bare_start import started_bare
from ansible_collections.ocpvirt.dr.tests.bench.kubevirt_loop import started_by_loop
from ansible_collections.ocpvirt.dr.tests.bench.module_process import Ran
from ansible_collections.ocpvirt.dr.tests.bench.process_cost import Cost, one_after_the_other
from ansible_collections.ocpvirt.dr.tests.bench.result import Result
from ansible_collections.ocpvirt.dr.tests.bench.startup_fleet import Planned, fleet_on, instant_boots, size
from demo.lab import Lab
from ocpvirt_lab.storm_instant import InstantVms

COUNT = 10_000
CAP = 200
# as the role `start` calls the module
ROUND = 25
# a playbook of theirs takes about a second of the processor for each
LOOP_COUNT, LOOP_CAP = 40, 20
MEGABYTES, MILLISECONDS, WRITES, WATCHES = 300, 10, 2.2, 1
BY_THE_LAB = "virtualmachineinstances"


@dataclass(frozen=True)
class Driven:
    """vms: all together. writes: to the API, but for the lab's. watches: by kind, the most at a time."""

    cost: Cost
    vms: int
    writes: int
    watches: Counter[str] = field(default_factory=Counter)


def drive(lab: Lab, folder: Path) -> list[Result]:
    """10,000 VMs; the lab makes a ready VMI for each that is asked to start, and for the loop says so on the VM too."""
    count, cap, seconds = size("DRIVEN_VMS", COUNT), size("DRIVEN_CAP", CAP), size("DRIVEN_ROUND", ROUND)
    with instant_boots(lab):
        with fleet_on(lab, folder, "bench-many", count, cap) as planned:
            alone, (one,) = _ours(planned, lambda run_id: [planned.started(run_id)])
            planned.fleet.stop()
            in_rounds, rounds = _ours(planned, lambda run_id: planned.started_in_rounds(run_id, seconds))
            planned.fleet.stop()
            limit = _bare(planned)
        with fleet_on(lab, folder, "bench-few", LOOP_COUNT, LOOP_CAP) as planned:
            peer = _loop(planned, folder)
    beside = f"{cap} in flight; peer: kubevirt.core.kubevirt_vm for {LOOP_COUNT}; limit: bare requests, no cap"
    once = f"{count:,} VMs driven by one call in {one.seconds:.0f} s, {beside}"
    often = f"{count:,} VMs driven in {len(rounds)} rounds of {seconds} s, {in_rounds.cost.seconds:.0f} s, {beside}"
    return [*_rows(once, alone, peer, limit), *_rows(often, in_rounds, peer, limit)]


def _rows(name: str, ours: Driven, peer: Driven, limit: Driven) -> list[Result]:
    """Memory is that of the largest process; all else is of all of them together."""
    kind, watches = max(ours.watches.items(), key=lambda item: item[1], default=("none", 0))
    driven = (ours, peer, limit)
    megabytes = [each.cost.megabytes for each in driven]
    milliseconds = [1000 * each.cost.processor / each.vms for each in driven]
    written = [each.writes / each.vms for each in driven]
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


def _ours(planned: Planned, start: Callable[[str], list[Ran]]) -> tuple[Driven, list[Ran]]:
    """start: what is measured, of the run of this id; its processes."""
    run_id = planned.begun()
    with InstantVms(planned.fleet), WatchesMeanwhile(planned.fleet.client) as watched:
        before = _written(planned)
        ran = start(run_id)
        written = _written(planned) - before
    planned.ended(run_id)
    return Driven(one_after_the_other(ran), planned.fleet.count, written, watched.most), ran


def _bare(planned: Planned) -> Driven:
    before = _written(planned)
    ran = started_bare(planned)
    return Driven(ran, planned.fleet.count, _written(planned) - before)


def _loop(planned: Planned, folder: Path) -> Driven:
    before = _written(planned)
    played = started_by_loop(planned, folder, LOOP_CAP)
    on_status_by_lab = planned.fleet.count
    return Driven(played, planned.fleet.count, _written(planned) - before - on_status_by_lab)


def _written(planned: Planned) -> int:
    return writes(planned.fleet.client, but=BY_THE_LAB)
