# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The check for lost records fails when it should."""

from __future__ import annotations

from typing import Any

from ansible_collections.ocpvirt.dr.tests.faults.losses import lost_records, newest_own


def disk(*boots: tuple[str, int], gaps: list[dict[str, int]] | None = None, bad: int = 0) -> dict[str, Any]:
    return {
        "boots": [{"site": site, "last_n": last} for site, last in boots],
        "last_n": boots[-1][1] if boots else 0,
        "gaps": gaps or [],
        "bad_checksums": bad,
    }


def test_the_highest_record_of_the_sites_own_guest_counts() -> None:
    seen = newest_own({}, {"db-0": disk(("east", 12))}, "east")
    assert newest_own(seen, {"db-0": disk(("east", 15))}, "east") == {"db-0": 15}


def test_a_disk_that_was_replaced_by_the_other_sites_lowers_nothing() -> None:
    assert newest_own({"db-0": 15}, {"db-0": disk(("east", 12), ("west", 90))}, "east") == {"db-0": 15}


def test_a_disk_that_nobody_wrote_on_tells_nothing() -> None:
    assert newest_own({}, {"db-0": disk()}, "east") == {}


def test_p3_nothing_is_lost_where_the_target_goes_on_behind_the_last_record() -> None:
    assert lost_records({"db-0": 15}, {"db-0": disk(("east", 15), ("west", 20))}, "east", ["db-0"]) == {}


def test_p3_records_that_did_not_arrive_are_counted() -> None:
    assert lost_records({"db-0": 15}, {"db-0": disk(("east", 12), ("west", 20))}, "east", ["db-0"]) == {"db-0": 3}


def test_p3_a_disk_that_is_not_there_lost_everything() -> None:
    assert lost_records({"db-0": 15}, {}, "east", ["db-0"]) == {"db-0": 15}


def test_p3_gaps_and_torn_records_are_lost_too() -> None:
    after = {"db-0": disk(("east", 15), ("west", 20), gaps=[{"after": 3, "next": 6}], bad=1)}
    assert lost_records({"db-0": 15}, after, "east", ["db-0"]) == {"db-0": 3}
