# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A start of some of what an order starts: a retry of what failed. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace

from ..._errors import Refused
from .order import StartOrder


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
    waves = (replace(wave, keys=tuple(key for key in wave.keys if key in wanted)) for wave in order.waves)
    return replace(order, waves=tuple(wave for wave in waves if wave.keys))


def needy(order: StartOrder, among: Collection[str], is_up: Callable[[str], bool]) -> Iterator[tuple[str, str]]:
    """What of a start of some must not begin, and why: it needs one that is neither up nor among them."""
    among = set(among)
    for key in among & order.needs.keys():
        for need in order.needs[key]:
            if need.blocking and need.key not in among and not is_up(need.key):
                yield key, f"it needs {need.key}, which is not up and not in dr_only"
