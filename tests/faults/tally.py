# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was done to runs and what came of it: kept by each lane in a file, added up and judged at the end.

python -m ansible_collections.ocpvirt.dr.tests.faults.tally build/faults-*.json
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.ocpvirt.dr.tests.faults.boundaries import Boundaries
from ansible_collections.ocpvirt.dr.tests.faults.fault_names import EVERY, in_operation

# of each operation, in the full suite
KILLS_WANTED = 30
OPERATIONS = ("failover", "relocate", "failback")


@dataclass
class Tally:
    """kills: by operation. faults: of other kinds, by name and operation. lost: records of planned moves.

    beside: next attempts that began while a module of the killed one lived, by what became of them.

    promises: what was broken, each with its promise's name in front. failed: names of tests.
    """

    kills: Counter[str] = field(default_factory=Counter)
    boundaries: Boundaries = field(default_factory=Boundaries)
    parents: int = 0
    beside: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    runs: int = 0
    lost: int = 0
    doubles: list[str] = field(default_factory=list)
    promises: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    seeds: list[str] = field(default_factory=list)
    slowest_orphan: float = 0.0

    @property
    def injected(self) -> int:
        return self.kills.total() + self.faults.total()

    def struck(self, fault: str, operation: str) -> None:
        self.faults[in_operation(fault, operation)] += 1

    def add(self, other: Tally) -> None:
        self.kills += other.kills
        self.boundaries.add(other.boundaries)
        self.faults += other.faults
        self.parents += other.parents
        self.beside += other.beside
        self.runs += other.runs
        self.lost += other.lost
        self.doubles += other.doubles
        self.promises += other.promises
        self.failed += other.failed
        self.seeds += other.seeds
        self.slowest_orphan = max(self.slowest_orphan, other.slowest_orphan)

    def lines(self) -> list[str]:
        kills = ", ".join(f"{self.kills[name]} in {name}" for name in OPERATIONS)
        boundaries = "; ".join(self.boundaries.told(name) for name in OPERATIONS if name in self.boundaries) or "none"
        beside = ", ".join(f"{count} {name}" for name, count in sorted(self.beside.items()))
        return [
            f"faults injected     {self.injected}",
            f"  kill -9           {self.kills.total()}: {kills}; {self.parents} of the parent alone, whose "
            f"module was gone within {self.slowest_orphan:.1f} s",
            f"  beside a module   {self.beside.total()} next attempts{': ' if beside else ''}{beside}",
            f"  at boundaries     {boundaries}",
            *(f"  others, {name:<10}{self._others(name)}" for name in OPERATIONS),
            f"runs completed      {self.runs}",
            f"records lost        {self.lost} in planned moves",
            f"double starts       {len(self.doubles)}",
            f"promises violated   {len(self.promises)}",
            f"seeds               {', '.join(self.seeds) or 'none'}",
            *(f"DOUBLE START: {text}" for text in self.doubles),
            *(f"VIOLATED: {text}" for text in self.promises),
            *(f"FAILED: {text}" for text in self.failed),
        ]

    def _others(self, operation: str) -> str:
        end = in_operation("", operation)
        found = [(name, count) for name, count in sorted(self.faults.items()) if name.endswith(end)]
        return ", ".join(f"{name.removesuffix(end)} {count}" for name, count in found) or "none"

    def problems(self, kills_wanted: int, faults_wanted: Iterable[str]) -> list[str]:
        """Why the suite as a whole has not shown what it is to show."""
        few = [name for name in OPERATIONS if self.kills[name] < kills_wanted]
        found = [f"{self.kills[name]} kills in {name}, {kills_wanted} wanted" for name in few]
        found += [] if self.beside else ["no next attempt began beside a living module"]
        found += [problem for name in OPERATIONS for problem in self.boundaries.problems(name)]
        found += [f"not injected: {name}" for name in faults_wanted if not self.faults[name]]
        if not self.runs:
            found.append("no run was completed")
        if self.lost:
            found.append(f"{self.lost} records were lost in planned moves")
        found += [f"{len(self.doubles)} double starts"] if self.doubles else []
        found += [f"{len(self.promises)} promises were violated"] if self.promises else []
        return found + ([f"{len(self.failed)} tests failed"] if self.failed else [])

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(vars(self)))

    @classmethod
    def read(cls, text: str) -> Tally:
        document: dict[str, Any] = json.loads(text)
        counted = {name: Counter(document[name]) for name in ("kills", "faults", "beside")}
        return cls(**{**document, **counted, "boundaries": Boundaries(document["boundaries"])})


def total(tallies: Iterable[Tally]) -> Tally:
    found = Tally()
    for tally in tallies:
        found.add(tally)
    return found


def main(paths: list[str]) -> int:
    found = total(Tally.read(Path(path).read_text()) for path in paths)
    problems = found.problems(KILLS_WANTED, EVERY)
    print("\n".join([*found.lines(), *(f"NOT AS IT MUST BE: {problem}" for problem in problems)]))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
