# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a start waits for a hook of the plan. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..._model.plan import Startup
from ..._model.readiness import Hook
from .order import StartWave


@dataclass(frozen=True)
class UntilHook:
    """waves: what may begin before the next hook has judged its wave. hook: None where nothing waits for one.

    keys: of its wave. after: of the waves behind it. stopped: a hook failed, and the plan stops there.
    """

    waves: tuple[StartWave, ...]
    after: tuple[str, ...] = ()
    wave: str = ""
    hook: Hook | None = None
    keys: tuple[str, ...] = ()
    stopped: bool = False


def until_hook(order: Sequence[StartWave], startup: Startup, judged: Mapping[str, bool]) -> UntilHook:
    """The start up to the first wave of the plan whose hook has not judged it. judged: wave to whether it passed."""
    hooks = _hooks(startup)
    ends = {plan_wave(wave): number for number, wave in enumerate(order, 1)}
    for name, end in sorted(ends.items(), key=lambda item: item[1]):
        hook = hooks.get(name)
        stopped = judged.get(name) is False and _stops_at(name, startup)
        if hook is not None and (stopped or name not in judged):
            keys = _keys(wave for wave in order[:end] if plan_wave(wave) == name)
            after = _keys(order[end:])
            return UntilHook(tuple(order[:end]), after, name, None if stopped else hook, keys, stopped)
    return UntilHook(tuple(order))


def waits_for_hook(until: UntilHook, startup: Startup, ready: Collection[str]) -> bool:
    """Whether the hook may run now that these waves have ended: not where the plan stops at what is not ready."""
    return until.hook is not None and (not _stops_at(until.wave, startup) or set(until.keys) <= set(ready))


def wave_hooks(startup: Startup) -> Iterator[tuple[str, Hook, bool]]:
    """Wave, its hook, and whether nothing begins behind it unless the hook passes."""
    for name, hook in _hooks(startup).items():
        if hook is not None:
            yield name, hook, _stops_at(name, startup)


def _hooks(startup: Startup) -> dict[str, Hook | None]:
    return {wave.name: startup.readiness.with_changes(wave.readiness).hook for wave in startup.waves}


def _stops_at(name: str, startup: Startup) -> bool:
    """Whether nothing more begins when the wave of that name is not ready."""
    own = next((wave.on_failure for wave in startup.waves if wave.name == name), None)
    return (own or startup.on_failure) == "stop"


def plan_wave(wave: StartWave) -> str:
    """The name in the plan: an order makes a wave of each priority in it."""
    return wave.of or wave.name


def _keys(waves: Iterable[StartWave]) -> tuple[str, ...]:
    return tuple(key for wave in waves for key in wave.keys)
