# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of a stop: that of the start, backwards. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator

from .needs import Needs
from .order import StartOrder


def order_stop(order: StartOrder) -> list[set[str]]:
    """Keys that may stop together. What a start would leave off goes first; nothing stops before what needs it."""
    stages = [set(order.stays_off)] if order.stays_off else []
    for wave in reversed(order.waves):
        stages += _layers(wave.keys, order.needs)
    return stages


def _layers(keys: Collection[str], needs: Needs) -> Iterator[set[str]]:
    """What nothing of the wave needs, then what only that needed, and so on."""
    among = set(keys)
    inside = {key: [need.key for need in needs.get(key, ()) if need.key in among] for key in keys}
    users = Counter(need for found in inside.values() for need in found)
    layer = {key for key in inside if not users[key]}
    while layer:
        yield layer
        freed: set[str] = set()
        for key in layer:
            for need in inside[key]:
                users[need] -= 1
                if not users[need]:
                    freed.add(need)
        layer = freed
