# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bars over time: the steps of a run, and its VMs from asked to ready, many of them in one row. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .axis import Axis
from .text import duration, text

WIDTH, LEFT, RIGHT, TOP = 900, 220, 110, 22
ROW = 18
# of VMs; beyond that each row stands for several
MOST_ROWS = 60
LONGEST_LABEL = 32


@dataclass(frozen=True)
class Bar:
    """begin, end: seconds. kind: its class, which gives the color. words: at its end."""

    label: str
    begin: float
    end: float
    kind: str
    words: str


def steps_picture(run: Mapping[str, Any]) -> str:
    """A step that did not end goes on to the end of the axis."""
    begins = [(step, _at(step["started"])) for step in run["steps"]]
    ends = [begin + (step["seconds"] or 0.0) for step, begin in begins]
    end = max([*ends, *([_at(run["ended"])] if run["ended"] else [])], default=0.0)
    bars = [
        Bar(
            step["name"] if step["attempt"] == 1 else f"{step['name']} (attempt {step['attempt']})",
            begin,
            end if step["seconds"] is None else begin + step["seconds"],
            step["state"],
            duration(step["seconds"]) if step["state"] == "done" else f"{duration(step['seconds'])}, {step['state']}",
        )
        for step, begin in begins
    ]
    return _picture("Steps", bars, _at(run["started"]), end)


def vms_picture(run: Mapping[str, Any]) -> str:
    """From asked to ready, by the time of being asked; empty when nothing was measured."""
    timed = [vm for vm in run["vms"] if "boot_seconds" in vm]
    timed.sort(key=lambda vm: (vm["asked"], vm["name"]))
    if not timed:
        return ""
    many = -(-len(timed) // MOST_ROWS)
    bars = [_vm_bar(timed[first : first + many]) for first in range(0, len(timed), many)]
    begin = min(_at(run["started"]), bars[0].begin)
    return _picture("Virtual machines and workloads", bars, begin, max(one.end for one in bars))


def _vm_bar(vms: Sequence[Mapping[str, Any]]) -> Bar:
    begin = _at(vms[0]["asked"])
    end = max(_at(vm["asked"]) + vm["boot_seconds"] for vm in vms)
    label = vms[0]["name"] if len(vms) == 1 else f"{len(vms)} from {vms[0]['name']}"
    return Bar(label, begin, end, "ready" if len(vms) == 1 else "several", duration(round(end - begin, 1)))


def _picture(title: str, bars: Sequence[Bar], begin: float, end: float) -> str:
    axis = Axis(begin, end, LEFT, WIDTH - LEFT - RIGHT)
    bottom = TOP + ROW * len(bars)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom + 6}" role="img">',
        f"<title>{text(title)}</title>",
    ]
    for x, words in axis.time_ticks():
        parts.append(f'<line class="grid" x1="{x}" x2="{x}" y1="{TOP - 4}" y2="{bottom}"/>')
        parts.append(f'<text class="tick" x="{x}" y="12" text-anchor="middle">{words}</text>')
    for number, one in enumerate(bars):
        parts += _drawn(one, axis, TOP + ROW * number)
    return "\n".join([*parts, "</svg>"])


def _drawn(drawn: Bar, axis: Axis, top: int) -> Iterator[str]:
    left, right = axis.at(drawn.begin), axis.at(drawn.end)
    label = drawn.label if len(drawn.label) <= LONGEST_LABEL else f"{drawn.label[: LONGEST_LABEL - 1]}…"
    yield f'<text x="{LEFT - 8}" y="{top + 13}" text-anchor="end">{text(label)}</text>'
    width = max(1.5, round(right - left, 1))
    place = f'x="{left}" y="{top + 3}" width="{width}" height="{ROW - 6}"'
    yield f'<rect class="{text(drawn.kind)}" {place}><title>{text(drawn.label)}: {text(drawn.words)}</title></rect>'
    yield f'<text class="tick" x="{left + width + 5:.1f}" y="{top + 13}">{text(drawn.words)}</text>'


def _at(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
