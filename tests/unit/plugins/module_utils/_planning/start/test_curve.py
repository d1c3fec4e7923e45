# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.start.curve import MOST_POINTS, StartCurve


def test_the_highest_of_each_second_is_kept_and_what_stays_the_same_is_one_point() -> None:
    curve = StartCurve()
    for moment, flying in ((0.0, 1), (0.2, 4), (0.9, 2), (1.5, 2), (2.5, 2), (9.0, 0)):
        curve.look(moment, flying, 4)
    assert curve.points == [[0.0, 4, 4], [1.5, 2, 4], [9.0, 0, 4]]


def test_two_hours_are_no_more_points_and_lose_no_peak() -> None:
    curve = StartCurve()
    for second in range(7200):
        curve.look(float(second), 41 if second == 3333 else second % 7, 41)
    assert len(curve.points) <= MOST_POINTS
    assert max(point[1] for point in curve.points) == 41


def test_another_process_goes_on_with_the_curve() -> None:
    curve = StartCurve()
    curve.look(1.0, 3, 4)
    curve.end(1.5, 2, 4)
    later = StartCurve.of(curve.as_dict())
    later.look(60.0, 1, 4)
    assert later.points == [[1.0, 3, 4], [1.5, 2, 4], [60.0, 1, 4]]
