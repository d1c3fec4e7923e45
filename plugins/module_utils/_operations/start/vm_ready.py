# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which VMs of a start are ready: their VMI, their guest agent, their probes, and all of that for their delay."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping

from ..._cluster.api import Api
from ..._cluster.kinds import VMI
from ..._cluster.watching import Watch
from ..._model.readiness import Readiness
from ..._model.vmi_state import VmiState, vmi_state
from ..._planning.start.readiness import Holding, delays_of
from .probe import Probes, Target


class VmReady:
    """By key, kept up to date by one watch on VMIs. Its caller holds the condition that wakes.

    Each look costs what changed, and what is ready but for a probe or a delay. stopped: keys of VMs that a run
    stopped; others that are up at the first look are ready: nobody waits for what was up before.
    """

    def __init__(
        self,
        api: Api,
        namespaces: tuple[str, ...],
        readiness: Mapping[str, Readiness],
        stopped: Iterable[str],
        wake: threading.Condition,
        probes: Probes | None = None,
    ) -> None:
        self.watch = Watch(api, VMI, namespaces, wake, keep=vmi_state)
        self._clock = api.clock
        self._readiness = readiness
        self._stopped = frozenset(stopped)
        self._probes = probes or Probes(api.clock, wake)
        self._holding = Holding(delays_of(readiness))
        self._up: set[str] = set()
        self._pending: set[str] = set()
        self._awaited: frozenset[str] = frozenset()
        self._flipped: set[str] = set()
        self._begun: set[str] = set()
        self._first = True

    def up(self) -> set[str]:
        self._look()
        return self._up

    def is_up(self, key: str) -> bool:
        return key in self._up

    def take_changes(self) -> set[str]:
        """Keys that got ready, or are it no more, since the last call."""
        self._look()
        flipped, self._flipped = self._flipped, set()
        return flipped

    def take_begun(self) -> set[str]:
        """Keys whose VMI is there to stay and that are not ready, of those that the last look judged."""
        begun, self._begun = self._begun, set()
        return begun

    def state(self, key: str) -> VmiState | None:
        """Of its VMI; None where there is none."""
        namespace, _slash, name = key.partition("/")
        found: VmiState | None = self.watch.objects.get((namespace, name))
        return found

    def waits_for(self, key: str) -> str | None:
        """What a VM lacks whose VMI is there; None where it lacks nothing."""
        state, own = self.state(key), self._readiness[key]
        if key in self._up or state is None or not state.ready:
            return None
        if not state.is_up(own.agent):
            return "its guest agent is not connected"
        absent = [probe for probe in own.probes if state.address(probe.network) is None]
        if absent:
            of = f" of its interface {absent[0].network}" if absent[0].network else ""
            return f"{absent[0].shown}: its VMI shows no address{of}"
        if key in self._holding.since:
            return self._holding.shown(key, self._clock.monotonic())
        return self._probes.seen(key) or "its probe has not been answered yet"

    def unsettled(self) -> dict[str, float | None]:
        """For the next round: what is ready but for a probe, or since when (wall clock) but for its delay."""
        return self._holding.as_of(self._pending, self._clock.monotonic(), self._clock.now().timestamp())

    def resume(self, unsettled: Mapping[str, float | None]) -> None:
        """What an earlier round of this attempt left. Called before the first look."""
        self._awaited = frozenset(unsettled)
        self._holding.resume(unsettled, self._clock.monotonic(), self._clock.now().timestamp())

    def were_ready(self, keys: Iterable[str]) -> None:
        """In this start, so nobody waits for them either. Called before the first look."""
        self._stopped = self._stopped.difference(keys)

    def stop(self) -> None:
        self._probes.stop()

    def _look(self) -> None:
        changed = {f"{namespace}/{name}" for namespace, name in self.watch.take_changed()}
        for key in [key for key in changed | self._pending if key in self._readiness]:
            self._judge(key, self.state(key))
        if self.watch.listed:
            self._first = False

    def _judge(self, key: str, state: VmiState | None) -> None:
        own = self._readiness[key]
        if state is None or not state.is_up(own.agent):
            self._pending.discard(key)
            self._holding.broke(key)
            self._probes.forget(key)
            self._flip(key, False)
        elif key not in self._up:
            before = self._first and key not in self._stopped and key not in self._awaited
            ready = before or self._is_proven(key, own, state)
            (self._pending.discard if ready else self._pending.add)(key)
            if ready:
                self._holding.broke(key)
                self._probes.forget(key)
            self._flip(key, ready)
        if state is not None and state.lasts and key not in self._up:
            self._begun.add(key)

    def _is_proven(self, key: str, own: Readiness, state: VmiState) -> bool:
        targets: list[Target] = []
        for probe in own.probes:
            address = state.address(probe.network)
            if address is None:
                return False
            targets.append((address, probe))
        if targets and key not in self._holding.since and not self._probes.passed(key, tuple(targets)):
            return False
        return self._holding.lasts(key, self._clock.monotonic())

    def _flip(self, key: str, up: bool) -> None:
        if (key in self._up) != up:
            (self._up.add if up else self._up.discard)(key)
            self._flipped ^= {key}
