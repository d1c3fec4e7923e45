# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a process costs, with all that it starts itself."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# Linux counts the memory of the process that starts another one as the other's too: so a small one does it
LAUNCHER = """
import json, resource, subprocess, sys
status = subprocess.call(sys.argv[2:])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(sys.argv[1], "w") as file:
    json.dump([used.ru_utime + used.ru_stime, used.ru_maxrss / 1024], file)
sys.exit(status)
"""


@dataclass(frozen=True)
class Cost:
    """seconds: from its start to its end; processor: seconds of it; megabytes: the peak of its largest process."""

    seconds: float
    processor: float
    megabytes: float


def one_after_the_other(costs: Sequence[Cost]) -> Cost:
    """Of processes of which each began when the one before had ended."""
    return Cost(
        sum(cost.seconds for cost in costs),
        sum(cost.processor for cost in costs),
        max(cost.megabytes for cost in costs),
    )


def measured(
    words: Sequence[str], env: Mapping[str, str], given: bytes = b"", stderr: int | None = None
) -> tuple[int, bytes, Cost]:
    """Its exit status, and its output. given: its standard input; stderr: as of `subprocess.run`."""
    with tempfile.NamedTemporaryFile("r", prefix="cost-") as report:
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", LAUNCHER, report.name, *words],
            input=given,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=env,
            check=False,
        )
        seconds = time.monotonic() - began
        processor, megabytes = json.load(report)
    return done.returncode, done.stdout, Cost(seconds, processor, megabytes)
