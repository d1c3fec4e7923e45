# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many may be in flight: step by step more while the site keeps up, half as many when it does not. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

# never fewer than this part of the plan's limit: what is slow for a reason of its own must not hold up all others
FLOOR = 0.1
# one step up is this part of the plan's limit
STEP = 0.05
STEP_EVERY = 5.0
# seconds after a slowdown until the next: what it did has to show first
SETTLE = 10.0
# what the service level objectives of Kubernetes allow for a request about one object
SLOW_API = 1.0
# of those in flight, this part must wait too long at once to count
CROWD = 0.1
# boot times have grown when the median of so many is as many times as long as in the best of times, and by seconds
BOOTS = 8
GROWN = 2.0
GROWN_BY = 5.0
# a slowdown that brought boot times no further down than to this part was not what these VMs needed
HELPED = 0.8


@dataclass(frozen=True)
class Signals:
    """What was seen since the last look.

    throttled, errors: answers 429, and 5xx or none at all. latency: mean seconds of a request, None without any.
    pending_scheduling, pending_attach: how many in flight wait too long for a node, or for what their node has to
    attach and mount. boot_times: seconds from request to ready, without a delay after that. Neither counts what was
    asked before the last slowdown (`StartPace.knows`).
    """

    throttled: int = 0
    errors: int = 0
    latency: float | None = None
    pending_scheduling: int = 0
    pending_attach: int = 0
    boot_times: tuple[float, ...] = ()


class StartPace:
    """Between a floor and the plan's limit (most). note: why it is below that, for the progress line."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.floor = max(1, math.ceil(most * FLOOR))
        self.limit = most
        self.lowest = most
        self.slower = 0
        self.faster = 0
        self._why = ""
        self._slowed_at: float | None = None
        self._stepped_at: float | None = None
        self._boots: list[float] = []
        self._best: float | None = None
        self._blamed: float | None = None

    @property
    def note(self) -> str:
        return f"pace {self.limit} of {self.most}: {self._why}" if self.limit < self.most else ""

    @property
    def summary(self) -> dict[str, int]:
        """What became of it, for a result."""
        return {"limit": self.limit, "lowest": self.lowest, "slower": self.slower, "faster": self.faster}

    def look(self, signals: Signals, now: float) -> None:
        """Change the limit by what was seen; at most one step for each look."""
        why = self._api_trouble(signals) or self._crowd(signals) or self._grown_boots(signals.boot_times, now)
        if self._stepped_at is None:
            self._stepped_at = now
        if why:
            if self._slowed_at is None or now - self._slowed_at >= SETTLE:
                self._slow_down(why, now)
            self._stepped_at = now
        elif self.limit < self.most and now - self._stepped_at >= STEP_EVERY:
            self.limit = min(self.most, self.limit + max(1, round(self.most * STEP)))
            self.faster += 1
            self._stepped_at = now

    def knows(self, asked: float) -> bool:
        """Whether it says anything of the site: what was asked before the last slowdown says nothing of that."""
        return self._slowed_at is None or asked >= self._slowed_at

    def as_dict(self, offset: float = 0.0) -> dict[str, Any]:
        """For another process that goes on with the start. offset: from this clock to the record's."""
        return {
            **self.summary,
            "why": self._why,
            "best": self._best,
            "boots": list(self._boots),
            "blamed": self._blamed,
            "slowed_at": _moved(self._slowed_at, offset),
            "stepped_at": _moved(self._stepped_at, offset),
        }

    def resume(self, record: Mapping[str, Any], now: float, offset: float = 0.0) -> None:
        """offset: from the record's clock to this one. What lies ahead of now there is now: clocks differ."""
        self.limit = min(self.most, max(self.floor, record["limit"]))
        self.lowest = min(self.most, record["lowest"])
        self.slower, self.faster = record["slower"], record["faster"]
        self._why, self._best = record["why"], record["best"]
        # earlier releases recorded no more than the above
        self._boots, self._blamed = list(record.get("boots", ())), record.get("blamed")
        self._slowed_at = _moved(record.get("slowed_at"), offset, latest=now)
        self._stepped_at = _moved(record.get("stepped_at"), offset, latest=now)

    def _slow_down(self, why: str, now: float) -> None:
        self._slowed_at, self._why = now, why
        self._boots = []
        if self.limit > self.floor:
            self.limit = max(self.floor, self.limit // 2)
            self.lowest = min(self.lowest, self.limit)
            self.slower += 1

    def _api_trouble(self, signals: Signals) -> str:
        if signals.throttled:
            return f"the API server answered 429 {signals.throttled} times"
        if signals.errors:
            return f"{signals.errors} requests failed with 5xx or no answer"
        if signals.latency is not None and signals.latency >= SLOW_API:
            return f"a request takes {signals.latency:.1f} s"
        return ""

    def _crowd(self, signals: Signals) -> str:
        # one VM that no node can take is its own trouble, not the site's
        crowd = max(2, self.limit * CROWD)
        waiting = {"for a node": signals.pending_scheduling, "for their volumes": signals.pending_attach}
        return next((f"{many} wait long {what}" for what, many in waiting.items() if many >= crowd), "")

    def _grown_boots(self, boot_times: tuple[float, ...], now: float) -> str:
        self._boots += [seconds for seconds in boot_times if self.knows(now - seconds)]
        if len(self._boots) < max(BOOTS, self.limit // 2):
            return ""
        typical, best = median(self._boots), self._best
        self._boots = []
        blamed, self._blamed = self._blamed, None
        if best is None or (blamed is not None and typical > HELPED * blamed):
            # the first, or VMs that boot as long however few of them do
            self._best = typical
        elif typical > GROWN * best and typical > best + GROWN_BY:
            self._blamed = typical
            return f"boots take {typical:.0f} s, and took {best:.0f} s"
        else:
            self._best = min(best, typical)
        return ""


def _moved(at: float | None, offset: float, latest: float = math.inf) -> float | None:
    return None if at is None else min(at + offset, latest)
