# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same VMs by a plan and all at once, in alternating pairs: the whole time, and that of the critical ones.

The first start on a lab that has just come up costs whoever is first: one is made before, which is not measured. What
the site still does for the VMs that were stopped before is over when the next start begins.
The limit of the critical ones is the longest of their boots. That of all is the same and then, for the rest, the rate
at which this site starts VMs when it is given all of them: what is behind a wave has to wait for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ansible_collections.ocpvirt.dr.tests.bench.machine_rest import await_rest
from ansible_collections.ocpvirt.dr.tests.bench.result import Result
from ansible_collections.ocpvirt.dr.tests.bench.startup_fleet import Planned, fleet_on, size
from demo.lab import Lab
from ocpvirt_lab.storm_run import measure

# the lab gets up to 16 VMs a second ready, whose boots take 5 seconds: with less than 80 in flight the cap is the limit
CAP = 100
CRITICAL = 50
PAIRS = 3
FIRST = "once, not measured"
TOTAL_GOAL = 1.05
CRITICAL_GOAL = 8


@dataclass(frozen=True)
class Pair:
    """Seconds from the command to the last VM that is ready, and to the last critical one.

    lowest: how few in flight our pace allowed at the least.
    """

    ours: tuple[float, float]
    at_once: tuple[float, float]
    lowest: int

    @property
    def total(self) -> float:
        return self.ours[0] / self.at_once[0]

    @property
    def critical(self) -> float:
        return self.at_once[1] / self.ours[1]


def compare(lab: Lab, folder: Path) -> list[Result]:
    """1,000 VMs, 50 of them critical; who is first changes from pair to pair."""
    count, cap, pairs = size("PAIR_VMS", 1000), size("CAP", CAP), size("PAIRS", PAIRS)
    with fleet_on(lab, folder, "bench-pairs", count, cap, CRITICAL) as planned:
        _at_once(planned, FIRST)
        measured = [_pair(planned, ours_first=number % 2 == 0) for number in range(pairs)]
        longest = max(planned.fleet.boot)
    total = sorted(measured, key=lambda pair: pair.total)[pairs // 2]
    critical = sorted(measured, key=lambda pair: pair.critical)[pairs // 2]
    spread = ", ".join(f"{pair.total:.2f}" for pair in measured)
    windows = f"{cap} in flight, by the pace at least {total.lowest}"
    name = f"{count:,} VMs, {windows}, median of {pairs} pairs ({spread}); peer: all at once"
    first = f"seconds until the first wave of {CRITICAL} is ready, {count:,} VMs; peer: all at once"
    return [
        Result(
            "startup_times",
            f"seconds, {name}",
            total.ours[0],
            total.at_once[0],
            longest + total.at_once[0] * (count - CRITICAL) / count,
            total.total,
            f"at most {TOTAL_GOAL}",
            total.total <= TOTAL_GOAL,
        ),
        Result(
            "startup_times",
            first,
            critical.ours[1],
            critical.at_once[1],
            longest,
            critical.critical,
            f"at least {CRITICAL_GOAL} times earlier",
            critical.critical >= CRITICAL_GOAL,
        ),
    ]


def _pair(planned: Planned, ours_first: bool) -> Pair:
    if ours_first:
        ours, lowest = _ours(planned)
        return Pair(ours, _at_once(planned), lowest)
    at_once = _at_once(planned)
    ours, lowest = _ours(planned)
    return Pair(ours, at_once, lowest)


def _ours(planned: Planned) -> tuple[tuple[float, float], int]:
    """With the time that its run takes to begin."""
    await_rest()
    runs: list[str] = []
    paces: list[dict[str, int]] = []

    def start() -> None:
        runs.append(planned.begun())
        paces.append(planned.started(runs[0]).result["pace"])

    storm, _history = measure("throttled", planned.fleet, planned.kubeconfig, start)
    planned.ended(runs[0])
    planned.fleet.stop()
    return (storm.lead + storm.total, storm.lead + (storm.critical or 0.0)), paces[0]["lowest"]


def _at_once(planned: Planned, name: str = "all at once") -> tuple[float, float]:
    await_rest()
    fleet = planned.fleet
    storm, _history = measure(name, fleet, planned.kubeconfig, fleet.start_at_once)
    fleet.stop()
    return storm.lead + storm.total, storm.lead + (storm.critical or 0.0)
