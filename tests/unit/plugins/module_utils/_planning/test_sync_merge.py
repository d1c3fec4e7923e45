# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.sync_merge import merged_syncs

OLD = {"primary": "east", "last_sync": "2026-03-01T12:00:00+00:00", "seen_at": "2026-03-01T12:00:10+00:00"}
NEW = {"primary": "east", "last_sync": "2026-03-01T12:05:00+00:00", "seen_at": "2026-03-01T12:05:10+00:00"}


def test_a_newer_sync_replaces_an_older_one_and_never_the_other_way_round() -> None:
    assert merged_syncs({"db": OLD}, {"db": NEW}, ["db"]) == {"db": NEW}
    assert merged_syncs({"db": NEW}, {"db": OLD}, ["db"]) == {"db": NEW}


@pytest.mark.parametrize(
    ("seen_at", "is_kept"), [("2026-03-01T12:01:09+00:00", False), ("2026-03-01T12:01:10+00:00", True)]
)
def test_the_same_sync_seen_again_is_kept_once_a_minute(seen_at: str, is_kept: bool) -> None:
    again = {**OLD, "seen_at": seen_at}
    assert merged_syncs({"db": OLD}, {"db": again}, ["db"]) == {"db": again if is_kept else OLD}


def test_a_new_primary_begins_anew_whatever_its_clock_says() -> None:
    moved = {**OLD, "primary": "west"}
    assert merged_syncs({"db": NEW}, {"db": moved}, ["db"]) == {"db": moved}


def test_a_group_that_says_nothing_keeps_its_record_and_one_that_left_the_plan_loses_it() -> None:
    assert merged_syncs({"db": OLD, "gone": OLD}, {}, ["db"]) == {"db": OLD}
