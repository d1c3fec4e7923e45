# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a start keeps in the run store, for its next round and for whoever goes on when it was killed (P5)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..._model.vmi_state import VmiState
from ..._planning.report.recovery import START, START_AT_SOURCE
from ..._planning.start.curve import StartCurve
from ..._planning.start.pace import StartPace
from ..._planning.start.window import StartWindow
from ..run.session import Session

# seconds between two records while a start goes on
KEEP_EVERY = 10.0


@dataclass(frozen=True)
class ReadyBefore:
    """Keys of what rounds and attempts before this one had ready, whatever became of it.

    recorded: with the record of what they were still on them, and not halted by the run itself since.
    """

    ever: Collection[str] = ()
    recorded: Collection[str] = ()


def ready_before(session: Session, site: str) -> ReadyBefore:
    found = session.load(_topic(session, site)) or {}
    recorded = found.get("recorded", ())
    return ReadyBefore({*found.get("started", ()), *recorded}, frozenset(recorded))


def forget_ready(session: Session, site: str, keys: Collection[str] | None = None) -> None:
    """Before a run halts these, by default all, with a record of what they are: a start of it begins anew with them.

    Off with such a record, they could not be told from what somebody else has stopped since it was ready.
    """
    found = session.load(_topic(session, site)) or {}
    recorded = set(found.get("recorded", ()))
    left = recorded.difference(keys) if keys is not None else set()
    if left != recorded:
        session.put(_topic(session, site), {**found, "recorded": sorted(left)})


def _topic(session: Session, site: str) -> str:
    """A start at the source, when the run gives everything back, is another one than the target's."""
    return START if site == session.target else START_AT_SOURCE


class StartMemory:
    """What was recorded, and what is to be. only: the keys of this start; failures of another one are not its own.

    now: the time by which the window judges.
    """

    def __init__(self, session: Session, site: str, only: Sequence[str], now: Callable[[], float]) -> None:
        self._session = session
        self._now = now
        self._topic = _topic(session, site)
        self._only = list(only)
        self._found = session.load(self._topic) or {}
        of = (self._found.get("attempt"), self._found.get("only"))
        self._same = of == (session.run.attempt, self._only)
        # keys that were ready in this run and had the record of what they were still on them
        self.recorded = set(ready_before(session, site).recorded)
        self._kept = now()
        # by key when it was asked and the seconds until it was ready, also of earlier rounds
        self._started: dict[str, list[float]] = dict(self._found.get("started", {}))
        self._curve = StartCurve.of(self._found.get("curve", {}))

    @property
    def goes_on(self) -> bool:
        """Whether a round before this one belongs to the same attempt, and starts the same."""
        return self._same

    @property
    def boots(self) -> list[float]:
        """Seconds from asked to ready."""
        return [seconds for _asked, seconds in self._started.values()]

    @property
    def hooks(self) -> dict[str, Any]:
        return self._of_this_start("hooks")

    @property
    def unsettled(self) -> dict[str, Any]:
        return self._of_this_start("unsettled")

    @property
    def facts(self) -> dict[str, Any]:
        return self._of_this_start("facts")

    @property
    def failed(self) -> dict[str, str]:
        return self._of_this_start("failed")

    @property
    def asked(self) -> dict[str, float]:
        """What was in flight at the end of the round before."""
        return self._of_this_start("asked")

    def resume(self, window: StartWindow, pace: StartPace) -> None:
        """The pace and the begin of waves as they were; retries only of this very start."""
        offset = self._now() - self._wall()
        if "pace" in self._found:
            pace.resume(self._found["pace"], self._now(), offset)
        window.opens.update({name: opens + offset for name, opens in self._found.get("opens", {}).items()})
        resting = {key: until + offset for key, until in self._of_this_start("resting").items()}
        window.resume_retries(self._of_this_start("retried"), resting)

    def asked_at(self, key: str, state: VmiState | None, timeout: float) -> float:
        """When it was asked: as recorded, or since its VMI is there. What an earlier attempt waited for in vain is
        given its whole time once more."""
        wall, now = self._wall(), self._now()
        asked = self._found.get("asked", {}).get(key)
        if asked is None and state is not None and state.created:
            asked = datetime.fromisoformat(state.created).timestamp()
        # the clocks of two machines may differ: nothing was asked in the future
        age = max(0.0, wall - asked) if asked is not None else 0.0
        return now - age if age < timeout or self._same else now

    def booted(self, key: str, seconds: float) -> None:
        self._started[key] = [round(self._wall() - seconds, 1), round(seconds, 1)]

    def found_ready(self, ready: Container[str]) -> None:
        """What got ready between two rounds, by the time of the look."""
        now = self._wall()
        for key, asked in self.asked.items():
            if key in ready:
                self.booted(key, max(0.0, now - asked))

    def look(self, window: StartWindow) -> None:
        """At what is in flight, for the report."""
        self._curve.look(self._wall(), len(window.in_flight), window.limit)

    def end_round(self, window: StartWindow) -> None:
        self._curve.end(self._wall(), len(window.in_flight), window.limit)

    def is_due(self, now: float) -> bool:
        """Whether it is time for another record."""
        if now - self._kept < KEEP_EVERY:
            return False
        self._kept = now
        return True

    def record_of(self, window: StartWindow, pace: StartPace, unanswered: Collection[str]) -> dict[str, Any]:
        """unanswered: keys that nobody knows to be asked; they are looked at anew."""
        offset = self._wall() - self._now()
        return {
            "attempt": self._session.run.attempt,
            "only": self._only,
            "asked": {key: since + offset for key, since in window.in_flight.items() if key not in unanswered},
            "failed": dict(window.failed),
            "retried": dict(window.retries.used),
            "resting": {key: until + offset for key, until in window.retries.resting.items()},
            "opens": {name: opens + offset for name, opens in window.opens.items()},
            "pace": pace.as_dict(offset),
            "started": dict(self._started),
            "recorded": sorted(self.recorded),
            "curve": {**self._curve.as_dict(), "cap": pace.most},
        }

    def put(self, record: Mapping[str, Any]) -> None:
        self._session.put(self._topic, record)

    def _of_this_start(self, name: str) -> dict[str, Any]:
        return dict(self._found.get(name, {})) if self._same else {}

    def _wall(self) -> float:
        return self._session.clock.now().timestamp()
