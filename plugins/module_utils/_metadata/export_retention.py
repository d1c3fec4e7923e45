# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which captures and contents of an export may go. Pure: by what was listed, and by the store's clock alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from .export_index import CaptureName

# no capture takes longer: past it its index is not written any more
LONGEST_CAPTURE = timedelta(hours=1)
# what no index names is kept for so long, since a capture that is being written names nothing yet
GRACE = timedelta(days=1)


@dataclass(frozen=True)
class Stored:
    """A capture as it was listed. written: by the store's clock."""

    name: CaptureName
    written: datetime
    complete: bool


def expired(captures: Collection[Stored], now: datetime, keep: timedelta | None) -> list[str]:
    """Names of captures older than `keep`. The newest complete one of each site stays, however old."""
    if keep is None:
        return []
    newest: dict[str, Stored] = {}
    for item in captures:
        before = newest.get(item.name.site)
        if item.complete and (before is None or age_order(item) > age_order(before)):
            newest[item.name.site] = item
    return sorted(
        item.name.text for item in captures if item.written < now - keep and item is not newest.get(item.name.site)
    )


def lasting(captures: Collection[Stored], now: datetime, keep: timedelta | None) -> list[str]:
    """Names of captures that no retention removes while another capture is being written."""
    return sorted(
        item.name.text for item in captures if keep is None or item.written > now + 2 * LONGEST_CAPTURE - keep
    )


def collectable(contents: Mapping[str, datetime], referenced: Collection[str], now: datetime) -> list[str]:
    """Keys of contents that no index names and that no capture under way can have written or relied on."""
    return sorted(key for key, written in contents.items() if key not in referenced and written < now - GRACE)


def age_order(item: Stored) -> tuple[datetime, datetime, str]:
    return item.name.created, item.written, item.name.text
