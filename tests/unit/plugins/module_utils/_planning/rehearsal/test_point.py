# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import UTC, datetime

from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.rehearsal.point import in_words, tried_point

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_the_age_is_that_of_the_oldest_clone_when_the_rehearsal_began() -> None:
    point = tried_point({"name": "old", "taken": "2026-03-01T10:00:00Z"}, NOON.isoformat())
    assert point == {"name": "old", "taken": "2026-03-01T10:00:00Z", "age_seconds": 7200.0}
    assert in_words(point) == ", from recovery point old, 2 h 00 min old when it began"


def test_of_clones_without_a_moment_the_age_is_not_known() -> None:
    point = tried_point({"name": "old", "taken": ""}, NOON.isoformat())
    assert (point["taken"], point["age_seconds"]) == (None, None)
    assert in_words(point) == ", from recovery point old, of an unknown moment"


def test_the_newest_copies_are_no_recovery_point() -> None:
    assert tried_point(None, NOON.isoformat()) == {}
    assert in_words({}) == ""
