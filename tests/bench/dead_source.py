# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a failover waits for a dead source whose API server and storage hang, against one that refuses at once."""

from __future__ import annotations

import statistics
from collections import defaultdict
from pathlib import Path

from ansible_collections.ocpvirt.dr.tests.bench.failover_fleet import SOURCE, FailoverFleet, protected_fleets
from ansible_collections.ocpvirt.dr.tests.bench.others_time import union
from ansible_collections.ocpvirt.dr.tests.bench.result import Result
from ansible_collections.ocpvirt.dr.tests.bench.startup_fleet import size
from demo.lab import Lab
from ocpvirt_lab.dead_address import DROPS, REFUSES, SILENT, WAYS, DeadAddress

ROUNDS = 3
VMS = 4
GOAL = 10.0


def compare(lab: Lab, folder: Path) -> list[Result]:
    """A plan of its own for each failover: the source refuses, drops packets, accepts and says nothing, in turn."""
    rounds = size("DEAD_ROUNDS", ROUNDS)
    counts = {f"bench-dead-{number}": VMS for number in range(rounds * len(WAYS))}
    seconds: dict[str, list[float]] = defaultdict(list)
    waits: list[float] = []
    with protected_fleets(lab, folder, counts) as fleets:
        for number, fleet in enumerate(fleets):
            way = WAYS[number % len(WAYS)]
            took, held = _failed_over(fleet, way)
            print(f"{fleet.name}: the source {way}: {took:.1f} s, of these {held:.1f} s held by it", flush=True)
            seconds[way].append(took)
            waits += [held] if way == SILENT else []
    usual = statistics.median(seconds[REFUSES])
    rows = [
        _row(f"seconds more where the source {way} than where it {REFUSES}", statistics.median(seconds[way]) - usual)
        for way in (DROPS, SILENT)
    ]
    return [*rows, _row("seconds, all in all, in which a silent source was waited for", statistics.median(waits))]


def _row(metric: str, seconds: float) -> Result:
    goal, name = f"at most {GOAL:.0f} s", f"{metric}, whole failover"
    return Result("dead_source", name, seconds, None, GOAL, seconds / GOAL, goal, seconds <= GOAL)


def _failed_over(fleet: FailoverFleet, way: str) -> tuple[float, float]:
    """Seconds of the playbook, and in which somebody waited at one of the source's addresses."""
    with DeadAddress(way) as api, DeadAddress(way) as storage:
        played = fleet.failed_over(fleet.plan_file({SOURCE: fleet.way_to_source(api, storage)}))
        return played.seconds, union([*api.held, *storage.held])
