# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of a stop: that of the start, backwards. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from .start_order import StartOrder


def order_stop(order: StartOrder, needs: Mapping[str, Collection[str]]) -> list[set[str]]:
    """Keys that may stop together. What a start would leave off goes first; nothing stops before what needs it.

    needs: key to the keys that have to be up before it.
    """
    stages = [set(order.stays_off)] if order.stays_off else []
    for wave in reversed(order.waves):
        stages += _layers(wave.keys, needs)
    return stages


def _layers(keys: Collection[str], needs: Mapping[str, Collection[str]]) -> Iterator[set[str]]:
    """What nothing of the wave needs, then what only that needed, and so on."""
    among = set(keys)
    inside = {key: [need for need in needs.get(key, ()) if need in among] for key in keys}
    users = Counter(need for found in inside.values() for need in found)
    layer = {key for key in inside if not users[key]}
    while layer:
        yield layer
        freed: set[str] = set()
        for key in layer:
            for need in inside.pop(key):
                users[need] -= 1
                if not users[need]:
                    freed.add(need)
        layer = freed
    if inside:
        # a cycle, of edges that only order: nothing tells these apart
        yield set(inside)
