# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Attempts and a stage that only note what is done to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ansible_collections.ocpvirt.dr.tests.faults.kills import Place
from ansible_collections.ocpvirt.dr.tests.faults.move import Move
from ansible_collections.ocpvirt.dr.tests.faults.tally import Tally

BEGIN, SYNC, START, END = (Place(1, step) for step in ("begin", "sync", "start", "end"))
PLACES = [BEGIN, SYNC, START, END]


@dataclass
class FakeOrphans:
    """ended: what happens once they may go on."""

    done: list[str] = field(default_factory=list)
    ended: Callable[[], object] = lambda: None

    def go_on(self) -> None:
        self.done.append("went on")

    def await_end(self) -> float:
        self.ended()
        self.done.append("ended")
        return 1.0


@dataclass
class FakeAttempt:
    """Goes through all places unless it is killed. late: steps that it does before a kill arrives. code: it ends so
    where it takes the lock. stops_at: what it has begun when it waits for the lock. left: what a kill leaves behind."""

    late: int = 0
    code: int | None = None
    begun: list[tuple[float, Place]] = field(default_factory=list)
    output: str = ""
    left: FakeOrphans | None = None
    killed: bool = False

    @property
    def newest(self) -> Place | None:
        return self.begun[-1][1] if self.begun else None

    def reaches(self, place: Place, after: float = 0.0, later: Sequence[Place] = ()) -> bool:
        del after, later
        if self.code is not None:
            self._begin(BEGIN)
            return False
        self._begin(place)
        return True

    def wait(self) -> int:
        return self.code or 0

    def kill(self) -> None:
        self.killed = True
        if self.late:
            self._begin(PLACES[PLACES.index(self.newest or BEGIN) + self.late])

    def kill_parent(self) -> float:
        self.kill()
        return 1.0

    def leave_module(self) -> FakeOrphans | None:
        self.killed = self.left is not None
        return self.left

    def _begin(self, place: Place) -> None:
        self.begun.append((float(len(self.begun)), place))


@dataclass
class FakeStage:
    """attempts: that are begun one after the other. holders: of the lock."""

    attempts: list[FakeAttempt]
    holders: list[str] = field(default_factory=lambda: ["run-1#1"])
    tally: Tally = field(default_factory=Tally)
    freed: int = 0

    def begin(self, move: Move) -> FakeAttempt:
        del move
        return self.attempts.pop(0)

    def lock_holders(self, site: str) -> list[str]:
        del site
        return self.holders

    def free_locks(self) -> None:
        self.freed += 1

    def orphans_ended(self, wait: Callable[[], float]) -> None:
        wait()

    def violated(self, text: str) -> None:
        raise AssertionError(text)
