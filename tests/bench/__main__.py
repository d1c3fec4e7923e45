# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What dev/bench calls: `labs [NAME...]`, `run NAME...` on each of these labs, and `table` at the end."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.ocpvirt.dr.tests.bench import (
    ceph_rbd_images,
    csi_addons_volumes,
    dead_source,
    failover_overhead,
    k8s_loop,
    nfs_groups,
    start_forecast,
    startup_cap,
    startup_loop,
    startup_many,
    startup_order,
    startup_times,
    volume_planning,
    volumes,
)
from ansible_collections.ocpvirt.dr.tests.bench.result import Result, append, read, table
from demo.lab import Lab

OUTPUT = Path("build/bench.json")


@dataclass(frozen=True)
class Benchmark:
    """lab: the options of `lab up` that it needs."""

    run: Callable[[Lab, Path], list[Result]]
    lab: str = ""


BENCHMARKS = {
    "nfs_promote": Benchmark(nfs_groups.promote),
    "status": Benchmark(nfs_groups.status),
    "volumes": Benchmark(volumes.create),
    "volume_planning": Benchmark(volume_planning.plan),
    "start_forecast": Benchmark(start_forecast.foresee),
    "volumes_against_k8s_loop": Benchmark(k8s_loop.create),
    "startup_order": Benchmark(startup_order.order),
    "startup_cap": Benchmark(startup_cap.hold),
    "startup_times": Benchmark(startup_times.compare),
    "startup_many": Benchmark(startup_many.drive),
    "startup_loop": Benchmark(startup_loop.compare),
    "failover_overhead": Benchmark(failover_overhead.measure),
    "dead_source": Benchmark(dead_source.compare),
    "csi_addons_promote": Benchmark(csi_addons_volumes.promote, lab="--csi-addons"),
    "ceph_rbd_promote": Benchmark(ceph_rbd_images.promote, lab="--storage ceph"),
}


def labs(names: list[str]) -> int:
    """One line for each lab that is needed: its options, a colon, the benchmarks that run on it."""
    if unknown := sorted(set(names) - set(BENCHMARKS)):
        print(f"unknown: {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    wanted = names or list(BENCHMARKS)
    for options in dict.fromkeys(BENCHMARKS[name].lab for name in wanted):
        print(f"{options}:{' '.join(name for name in wanted if BENCHMARKS[name].lab == options)}")
    return 0


def run(names: list[str]) -> int:
    lab = Lab(os.environ["LAB_NAME"])
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for name in names:
            print(f"{name} ...", flush=True)
            results = BENCHMARKS[name].run(lab, Path(folder))
            append(results, OUTPUT)
            print(table(results), flush=True)
    return 0


def main() -> int:
    command, *names = sys.argv[1:]
    if command == "table":
        print(table(read(OUTPUT)))
        return 0
    return {"labs": labs, "run": run}[command](names)


if __name__ == "__main__":
    sys.exit(main())
