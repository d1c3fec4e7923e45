# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a site's guests wrote last is kept, also when the disk is replaced by the other site's."""

from __future__ import annotations

from typing import Any

from ansible_collections.ocpvirt.dr.tests.unit.lab.demo_site import disk
from demo.disk_watch import DiskWatch


class Lab:
    """Shows the disks at a site, one look after the other."""

    def __init__(self, *looks: dict[str, dict[str, Any]]) -> None:
        self._looks = list(looks)

    def records(self, _site: str) -> dict[str, dict[str, Any]]:
        return self._looks.pop(0)


def watched(*looks: dict[str, Any]) -> DiskWatch:
    watch = DiskWatch(Lab(*({"db-0": look} for look in looks)), "west")  # type: ignore[arg-type]
    for _look in looks:
        watch.look()
    return watch


def test_the_last_record_of_the_sites_own_guest_is_kept_when_the_other_site_takes_over() -> None:
    own, grown = disk(("east", 1, 8), ("west", 9, 20)), disk(("east", 1, 8), ("west", 9, 25))
    replaced = disk(("east", 1, 8), ("west", 9, 22), ("east", 23, 40))
    watch = watched(own, grown, replaced)
    assert watch.highest == {"db-0": 25}
    assert watch.fullest["db-0"] is grown


def test_a_disk_that_lags_behind_hides_nothing_that_was_seen() -> None:
    assert watched(disk(("west", 1, 20)), disk(("west", 1, 12))).highest == {"db-0": 20}


def test_a_disk_that_only_the_other_site_wrote_on_says_nothing() -> None:
    assert watched(disk(("east", 1, 20)), disk()).highest == {}
