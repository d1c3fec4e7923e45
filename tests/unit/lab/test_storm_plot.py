# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture of a storm."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from ocpvirt_lab.storm_plot import picture
from ocpvirt_lab.storm_run import Storm

SVG = "{http://www.w3.org/2000/svg}"


def storm(name: str, points: int = 50, peak_at: int = 20) -> Storm:
    curve = [(float(at), 900 if at == peak_at else at % 7, at) for at in range(points)]
    latency = [(float(at), 0.005 * (1 + at % 3)) for at in range(points)]
    return Storm(name, points, 900, 0.5, 3.0, None, float(points), curve, latency)


@pytest.fixture(scope="module")
def drawn() -> ElementTree.Element:
    return ElementTree.fromstring(picture([storm("all at once"), storm("throttled <60>")], 60))


def test_every_panel_has_a_curve_of_each_storm_in_its_color(drawn: ElementTree.Element) -> None:
    colors = [line.get("stroke") for line in drawn.iter(f"{SVG}polyline")]
    assert len(colors) == 6
    assert colors[::2] == [colors[0]] * 3
    assert colors[0] != colors[1]


@pytest.mark.parametrize(
    "label", ["VMs in flight", "VMs ready", "API latency, ms", "seconds since the first request", "cap 60"]
)
def test_what_is_drawn_is_labelled(drawn: ElementTree.Element, label: str) -> None:
    assert label in [text.text for text in drawn.iter(f"{SVG}text")]


def test_the_legend_says_what_each_storm_came_to(drawn: ElementTree.Element) -> None:
    texts = [text.text for text in drawn.iter(f"{SVG}text")]
    assert "throttled <60>: first ready after 3 s, all after 50 s" in texts


def test_it_needs_nothing_from_elsewhere() -> None:
    text = picture([storm("a")], 60)
    assert set(re.findall(r"https?://[^\"]+", text)) == {"http://www.w3.org/2000/svg"}


def test_a_peak_between_many_points_is_not_lost() -> None:
    highest = "".join(picture([storm("a", 100_000, peak_at=77_777)], 60))
    ys = [float(point.split(",")[1]) for point in re.findall(r'points="([^"]*)"', highest)[0].split()]
    assert min(ys) == pytest.approx(64 + 170 - 170 / 1.05, abs=0.1)


def test_ten_thousand_vms_make_a_small_picture() -> None:
    assert len(picture([storm("a", 100_000), storm("b", 100_000)], 60)) < 60_000


def test_what_was_probed_after_the_last_vm_was_ready_is_not_drawn_beyond_the_frame() -> None:
    long = replace(storm("a", 60), total=50.0)
    drawn = ElementTree.fromstring(picture([long], 60))
    (frame, *_others) = [item for item in drawn.iter(f"{SVG}rect") if item.get("class") == "frame"]
    right = float(frame.get("x", 0)) + float(frame.get("width", 0))
    points = " ".join(line.get("points", "") for line in drawn.iter(f"{SVG}polyline")).split()
    assert max(float(point.split(",")[0]) for point in points) <= right
