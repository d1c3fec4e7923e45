# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a planned move lost, from the guests' records on the disks of both sites. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Volume = Mapping[str, Any]


def newest_own(known: Mapping[str, int], volumes: Mapping[str, Volume], site: str) -> dict[str, int]:
    """By claim the highest record that was ever seen on a site's disk while its own guest had written last.

    Once the other site is primary this disk is replaced by that site's: what was lost could not be seen any more.
    """
    found = dict(known)
    for claim, volume in volumes.items():
        if volume["boots"] and volume["boots"][-1]["site"] == site:
            found[claim] = max(found.get(claim, 0), volume["last_n"])
    return found


def lost_records(
    written: Mapping[str, int], after: Mapping[str, Volume], source: str, running: Iterable[str]
) -> dict[str, int]:
    """By claim how many records did not arrive, or arrived torn; only of claims that lost any.

    written: by claim the last record at the source. after: the target's disks, with its guests writing.
    """
    found = {}
    for claim in running:
        volume = after.get(claim)
        boots = volume["boots"] if volume else []
        arrived = max((boot["last_n"] for boot in boots if boot["site"] == source), default=0)
        missing = max(0, written.get(claim, 0) - arrived)
        if volume:
            missing += sum(gap["next"] - gap["after"] - 1 for gap in volume["gaps"]) + volume["bad_checksums"]
        if missing:
            found[claim] = missing
    return found
