"""What the guests of a site wrote, followed while a move takes them away from it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from demo.lab import Lab

PAUSE = 0.5


@dataclass
class DiskWatch:
    """fullest: by claim the most that was ever seen on the site's disk while its own guest had written last.

    Once the other site is primary the disk is replaced by the other one's: what was lost could not be seen any more.
    """

    lab: Lab
    site: str
    fullest: dict[str, dict[str, Any]] = field(default_factory=dict)

    def look(self) -> None:
        for claim, volume in self.lab.records(self.site).items():
            own = volume["boots"] and volume["boots"][-1]["site"] == self.site
            if own and volume["last_n"] >= self.highest.get(claim, 0):
                self.fullest[claim] = volume

    @property
    def highest(self) -> dict[str, int]:
        """By claim the number of the last record."""
        return {claim: volume["last_n"] for claim, volume in self.fullest.items()}


@contextmanager
def watching(lab: Lab, site: str) -> Iterator[DiskWatch]:
    watch, ended = DiskWatch(lab, site), threading.Event()

    def follow() -> None:
        while not ended.wait(PAUSE):
            watch.look()

    watch.look()
    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        ended.set()
        thread.join(60)
