# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A start of some of what an order starts: a retry of what failed. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace

from ..._errors import Refused
from .hooks import plan_wave
from .order import StartOrder, StartWave


def only(order: StartOrder, keys: Collection[str], goes_on: bool = False) -> StartOrder:
    """The order with nothing but these, each in its wave; the whole order when there are none.

    Refused by name: what the plan does not start. goes_on: an earlier round started these; what is off again since
    then is left out.
    """
    if not keys:
        return order
    wanted = {key.removeprefix("VirtualMachine/") for key in keys}
    over = order.off_again if goes_on else frozenset()
    for key in sorted(wanted - over - {key for wave in order.waves for key in wave.keys}):
        reason = order.stays_off.get(key)
        raise Refused(
            f"start only {key}",
            seen=f"it {reason}" if reason else "the plan starts nothing of that name",
            wanted="namespace/name of a VM, or Kind/namespace/name of a workload, that the plan starts",
            next_step="correct dr_only",
        )
    return replace(order, waves=tuple(_with_keys(order.waves, wanted)))


def _with_keys(waves: Iterable[StartWave], wanted: Collection[str]) -> Iterator[StartWave]:
    """What is left of the waves. A closed gate holds back all that follows it, whatever of its own wave is left."""
    gate, delay, before = None, 0.0, ""
    for wave in waves:
        gate = gate or wave.gate
        # a wave that has nothing to start has no delay
        delay = wave.delay + (delay if plan_wave(wave) == before else 0.0)
        before = plan_wave(wave)
        keys = tuple(key for key in wave.keys if key in wanted)
        if keys:
            yield replace(wave, keys=keys, delay=delay, gate=gate)
            gate, delay = None, 0.0


def needy(order: StartOrder, among: Collection[str], is_up: Callable[[str], bool]) -> Iterator[tuple[str, str]]:
    """What of a start of some must not begin, and why: it needs one that is neither up nor among them."""
    among = set(among)
    for key in among & order.needs.keys():
        for need in order.needs[key]:
            if need.blocking and need.key not in among and not is_up(need.key):
                yield key, f"it needs {need.key}, which is not up and not in dr_only"
