# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many were in flight over time, against what the pace let be and the plan's cap. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .axis import Axis, count_ticks
from .text import text

WIDTH, LEFT, RIGHT, TOP = 900, 60, 20, 12
HEIGHT = 190
BOTTOM = TOP + HEIGHT


def curve_picture(start: Mapping[str, Any]) -> str:
    """Empty when nothing was recorded."""
    points, cap = start["curve"], start["cap"]
    if not points:
        return ""
    highest = max([point["in_flight"] for point in points] + [cap or 0, 1])
    across = Axis(points[0]["at"], max(points[-1]["at"], points[0]["at"] + 1.0), LEFT, WIDTH - LEFT - RIGHT)
    up = Axis(0, highest * 1.08, 0, HEIGHT)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {BOTTOM + 40}" role="img">',
        "<title>In flight</title>",
    ]
    for count in count_ticks(highest):
        y = round(BOTTOM - up.at(count), 1)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>')
        parts.append(f'<text class="tick" x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{count}</text>')
    for x, words in across.time_ticks():
        parts.append(f'<text class="tick" x="{x}" y="{BOTTOM + 16}" text-anchor="middle">{words}</text>')
    if cap:
        y = round(BOTTOM - up.at(cap), 1)
        parts.append(f'<line class="cap" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>')
        parts.append(f'<text class="tick" x="{WIDTH - RIGHT}" y="{y - 4:.1f}" text-anchor="end">cap {text(cap)}</text>')
    parts.append(f'<polyline class="limit" points="{_stairs(points, "limit", across, up)}"/>')
    parts.append(f'<polyline class="curve" points="{_stairs(points, "in_flight", across, up)}"/>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    axis = "since the first look at the start; blue: in flight, gray: how many might be"
    parts.append(f'<text class="tick" x="{middle}" y="{BOTTOM + 34}" text-anchor="middle">{axis}</text>')
    return "\n".join([*parts, "</svg>"])


def _stairs(points: Sequence[Mapping[str, Any]], name: str, across: Axis, up: Axis) -> str:
    """A value holds until the next one."""
    drawn: list[str] = []
    before: float | None = None
    for point in points:
        x, y = across.at(point["at"]), round(BOTTOM - up.at(point[name]), 1)
        if before is not None and before != y:
            drawn.append(f"{x},{before}")
        drawn.append(f"{x},{y}")
        before = y
    return " ".join(drawn)
