# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting until the machine is at rest: what a lab still has to do is not to be measured with what comes next."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

STAT = Path("/proc/stat")
# idle and waiting for a disk, of the processors' times in the first line
IDLE = slice(3, 5)
REST = 0.75
LOOKS = 3
LOOK_EVERY = 1.0
WITHIN = 120.0


def processor_times() -> list[int]:
    """Ticks by state, of all processors, without those of guests, which are counted among the user's."""
    return [int(ticks) for ticks in STAT.read_text().splitlines()[0].split()[1:9]]


def await_rest(times: Callable[[], list[int]] = processor_times, sleep: Callable[[float], None] = time.sleep) -> None:
    """Return when the processors were idle for three quarters of three seconds, one after the other."""
    before, quiet = times(), 0
    for _look in range(round(WITHIN / LOOK_EVERY)):
        sleep(LOOK_EVERY)
        now = times()
        spent = [later - earlier for earlier, later in zip(before, now, strict=True)]
        quiet = quiet + 1 if sum(spent[IDLE]) >= REST * sum(spent) else 0
        if quiet == LOOKS:
            return
        before = now
    raise RuntimeError(f"the machine was not at rest within {WITHIN:.0f} s: the benchmark needs it alone")
