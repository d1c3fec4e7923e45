# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bench`, or `make bench B=name`: ours, the peer and the physical limit in one run on one lab."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from ansible_collections.ocpvirt.dr.tests.bench import nfs_groups
from ansible_collections.ocpvirt.dr.tests.bench.result import Result, table, write
from demo.lab import Lab

OUTPUT = Path("build/bench.json")
BENCHMARKS: dict[str, Callable[[Lab, Path], list[Result]]] = {
    "nfs_promote": nfs_groups.promote,
    "status": nfs_groups.status,
}


def main() -> int:
    names = sys.argv[1:] or list(BENCHMARKS)
    unknown = sorted(set(names) - set(BENCHMARKS))
    if unknown:
        print(f"unknown: {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    lab = Lab(os.environ["LAB_NAME"])
    results: list[Result] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for name in names:
            print(f"{name} ...", flush=True)
            results += BENCHMARKS[name](lab, Path(folder))
    write(results, OUTPUT)
    print(table(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
