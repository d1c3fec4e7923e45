# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long VMs took from asked to ready: measured by one start, foreseen for the next. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

NINETY = NormalDist().inv_cdf(0.9)
# its multiples spread evenly over every stretch of starts
GOLDEN = (math.sqrt(5) - 1) / 2
# quantiles that one start may meet
FEWEST, STEPS = 0.01, 99
# a run with fewer says little
ENOUGH = 3


@dataclass(frozen=True)
class BootTimes:
    """median, p90: seconds. source: where they are from, in words."""

    median: float
    p90: float
    source: str

    def spread(self) -> Sequence[float]:
        """Boot times of a log-normal distribution with this median and p90, from short to long."""
        sigma = math.log(max(self.p90, self.median) / self.median) / NINETY if self.median > 0 else 0.0
        normal = NormalDist()
        return [self.median * math.exp(sigma * normal.inv_cdf(FEWEST * (step + 1))) for step in range(STEPS)]


# of a Linux guest with its agent on shared storage; said wherever it is used
ASSUMED = BootTimes(60.0, 120.0, "assumed: no start of this plan was measured yet")


def boot_of(number: int, spread: Sequence[float]) -> float:
    """The time of the start of that number: the same in every forecast, and evenly mixed."""
    return spread[int(number * GOLDEN % 1 * len(spread))]


def measured(seconds: Sequence[float]) -> dict[str, Any]:
    """For the record of a start; empty when nothing was measured."""
    if not seconds:
        return {}
    ordered = sorted(seconds)
    return {"count": len(ordered), "median": _at(ordered, 0.5), "p90": _at(ordered, 0.9)}


def learned(runs: Iterable[Mapping[str, Any]], target: str) -> BootTimes:
    """From heads of earlier runs: of the newest that started enough VMs at this site, else at the other one."""
    found = [(run, boots) for run in runs if (boots := _boots(run))]
    found.sort(key=lambda pair: (pair[0]["target"] == target, pair[0]["started"]))
    if not found:
        return ASSUMED
    run, boots = found[-1]
    return BootTimes(float(boots["median"]), float(boots["p90"]), f"run {run['id']}, {boots['count']} starts")


def _boots(run: Mapping[str, Any]) -> Mapping[str, Any] | None:
    boots = ((run["steps"].get("start") or {}).get("summary") or {}).get("boots") or {}
    return boots if boots.get("count", 0) >= ENOUGH else None


def _at(ordered: Sequence[float], share: float) -> float:
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 1)
