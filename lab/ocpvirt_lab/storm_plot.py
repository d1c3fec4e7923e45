"""The picture of storms: in flight, ready and API latency over time, in one self-contained SVG. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from xml.sax.saxutils import escape

from ocpvirt_lab.storm_run import Storm

WIDTH, LEFT, RIGHT = 880, 70, 16
PANEL, GAP, TOP = 170, 46, 64
COLORS = ("#1f6feb", "#d1495b", "#7a5195", "#ef9b20")
# of a curve: what the eye can tell apart
STEPS = 240
TICKS = 5
STYLE = (
    "text{font:12px sans-serif;fill:#24292f}.title{font-size:15px;font-weight:bold}"
    ".grid{stroke:#d0d7de}.frame{stroke:#57606a;fill:none}.cap{stroke:#57606a;stroke-dasharray:5 4}"
    ".curve{fill:none;stroke-width:1.8}"
)

Curve = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Panel:
    """curves: one for each storm, in their order. limit: a dashed line, with its name."""

    axis: str
    curves: Sequence[Curve]
    limit: tuple[float, str] | None = None


def picture(storms: Sequence[Storm], cap: int) -> str:
    """The storms in one plot, each in its color; cap: that of the throttled one."""
    panels = [
        Panel(
            "VMs in flight", [[(at, flying) for at, flying, _ready in storm.curve] for storm in storms], (cap, "cap")
        ),
        Panel("VMs ready", [[(at, ready) for at, _flying, ready in storm.curve] for storm in storms]),
        Panel("API latency, ms", [[(at, 1000 * seconds) for at, seconds in storm.latency] for storm in storms]),
    ]
    seconds = max(storm.total for storm in storms)
    height = TOP + len(panels) * (PANEL + GAP) + 6
    title = f"{storms[0].vms:,} VMs started at one site"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        f"<title>{escape(title)}</title><style>{STYLE}</style>",
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<text class="title" x="{LEFT}" y="22">{escape(title)}</text>',
        *_legend(storms),
    ]
    for number, panel in enumerate(panels):
        parts += _drawn(panel, TOP + number * (PANEL + GAP), seconds, last=number == len(panels) - 1)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _legend(storms: Sequence[Storm]) -> Iterator[str]:
    x = LEFT
    for storm, color in zip(storms, COLORS, strict=False):
        text = f"{storm.name}: first ready after {storm.first:.0f} s, all after {storm.total:.0f} s"
        yield f'<rect x="{x}" y="36" width="12" height="12" fill="{color}"/>'
        yield f'<text x="{x + 18}" y="46">{escape(text)}</text>'
        x += 18 + 7 * len(text)


def _drawn(panel: Panel, top: float, seconds: float, last: bool) -> Iterator[str]:
    width = WIDTH - LEFT - RIGHT
    highest = max([value for curve in panel.curves for _at, value in curve] + [panel.limit[0] if panel.limit else 0])
    y_step, x_step = _step(highest or 1), _step(seconds)
    scale = (width / seconds, PANEL / (highest * 1.05 or 1))
    for tick in _ticks(highest, y_step):
        y = top + PANEL - tick * scale[1]
        yield f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{tick:g}</text>'
    for tick in _ticks(seconds, x_step):
        yield f'<text x="{LEFT + tick * scale[0]:.1f}" y="{top + PANEL + 15}" text-anchor="middle">{tick:g}</text>'
    if panel.limit:
        y = top + PANEL - panel.limit[0] * scale[1]
        yield f'<line class="cap" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        label = escape(f"{panel.limit[1]} {panel.limit[0]:g}")
        yield f'<text x="{WIDTH - RIGHT - 4}" y="{y - 4:.1f}" text-anchor="end">{label}</text>'
    for curve, color in zip(panel.curves, COLORS, strict=False):
        points = " ".join(
            f"{LEFT + at * scale[0]:.1f},{top + PANEL - value * scale[1]:.1f}" for at, value in _thinned(curve, seconds)
        )
        yield f'<polyline class="curve" stroke="{color}" points="{points}"/>'
    yield f'<rect class="frame" x="{LEFT}" y="{top}" width="{width}" height="{PANEL}"/>'
    middle = top + PANEL / 2
    turned = f'transform="rotate(-90 16 {middle})" x="16" y="{middle}" text-anchor="middle"'
    yield f"<text {turned}>{escape(panel.axis)}</text>"
    if last:
        x = LEFT + width / 2
        yield f'<text x="{x}" y="{top + PANEL + 34}" text-anchor="middle">seconds since the first request</text>'


def _thinned(curve: Curve, seconds: float) -> Iterator[tuple[float, float]]:
    """Of every step the lowest and the highest, in the order in which they came: no peak is lost. Up to the end."""
    shown = [point for point in curve if point[0] <= seconds]
    for _step_number, group in groupby(shown, lambda point: int(STEPS * point[0] / seconds)):
        points = list(group)
        yield from sorted({min(points, key=lambda point: point[1]), max(points, key=lambda point: point[1])})


def _step(highest: float) -> float:
    """1, 2 or 5 times a power of ten, for at most so many ticks."""
    power = 10.0**-3
    while True:
        for factor in (1, 2, 5):
            if highest / (factor * power) <= TICKS:
                return factor * power
        power *= 10


def _ticks(highest: float, step: float) -> Iterable[float]:
    return (number * step for number in range(int(highest / step) + 1))
