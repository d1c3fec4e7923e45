# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A world without a cluster, where each VM takes as long to boot as it is said, and the log of a whole start in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.order import StartOrder
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.window import StartWindow
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._planning.start.start_fleet import as_text, short

NEVER = 10**9
# a start that takes longer in a test does not end
LONGEST = 6 * 3600


@dataclass
class World:
    """boots: seconds until a VM is ready, 30 where nothing is said. up: what is ready already."""

    boots: Mapping[str, int] = field(default_factory=dict)
    up: set[str] = field(default_factory=set)

    def start(self, order: StartOrder, window: StartWindow) -> str:
        """The order; each second in which something happened, with how many are in flight after it; the end."""
        return "\n".join([*_titled("order", as_text(order).splitlines()), *_Start(self, order, window).log(), ""])


class _Start:
    def __init__(self, world: World, order: StartOrder, window: StartWindow) -> None:
        self._world = world
        self._window = window
        self._wave_of = {key: wave.name for wave in order.waves for key in wave.keys}
        self._asked_at: dict[str, int] = {}
        self._wave = ""

    def log(self) -> list[str]:
        window = self._window
        for key in sorted(self._world.up):
            window.became_ready(key)
        lines: list[str] = []
        for now in range(LONGEST):
            lines += self._second(now)
            if window.done:
                title = f"start, at most {window.limit} in flight"
                return [*_titled(title, lines), *_titled("end", _end(window, now))]
        raise AssertionError(f"not done after {LONGEST} s: {lines[-5:]}")

    def _second(self, now: int) -> list[str]:
        window, failed = self._window, set(self._window.failed)
        ready = self._boot(now)
        asked = window.next(now)
        assert len(window.in_flight) <= window.limit
        self._asked_at.update(dict.fromkeys(asked, now))
        happened = [("ready", ready), ("gave up", window.failed.keys() - failed), ("asked", asked)]
        told = "; ".join(f"{what} {_names(keys)}" for what, keys in happened if keys)
        wave = self._wave_of[asked[0]] if asked else self._wave
        title = [wave] if wave != self._wave else []
        self._wave = wave
        return [*title, f"{_clock(now)} {len(window.in_flight):3}  {told}"] if told else []

    def _boot(self, now: int) -> list[str]:
        since = [(key, now - self._asked_at[key]) for key in self._window.in_flight]
        ready = [key for key, seconds in since if seconds >= self._world.boots.get(short(key), 30)]
        for key in ready:
            self._window.became_ready(key)
        self._world.up.update(ready)
        return ready


def _end(window: StartWindow, now: int) -> list[str]:
    gate = [f"the gate {window.gate} is closed"] if window.gate else []
    return [
        f"{len(window.ready)} of {window.total} ready after {_clock(now).strip()}, {window.peak} in flight at most",
        *(f"failed: {short(key)} {reason}" for key, reason in sorted(window.failed.items())),
        *(f"never begun: {short(key)} {reason}" for key, reason in sorted(window.never_begun.items())),
        *gate,
    ]


def _titled(title: str, lines: Iterable[str]) -> list[str]:
    return [title, *(f"  {line}" for line in lines)]


def _names(keys: Iterable[str]) -> str:
    return " ".join(sorted(short(key) for key in keys))


def _clock(seconds: int) -> str:
    return f"{seconds // 60:3}:{seconds % 60:02}"
