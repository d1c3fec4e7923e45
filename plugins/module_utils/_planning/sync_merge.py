# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of two records of a group's last sync is kept. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

NOTHING = timedelta()
WORTH_WRITING = timedelta(minutes=1)


def merged_syncs(
    kept: Mapping[str, Mapping[str, Any]], found: Mapping[str, Mapping[str, Any]], groups: Collection[str]
) -> dict[str, Any]:
    """By group: the newer one of the same primary; a new primary begins anew. Groups that the plan has no more go.

    The same sync seen again later is newer: that nothing has arrived since tells how old a copy is.
    """
    merged: dict[str, Any] = {}
    for group in groups:
        old, new = kept.get(group), found.get(group)
        if old and new and old["primary"] == new["primary"] and not _is_newer(new, old):
            merged[group] = dict(old)
        elif latest := new or old:
            merged[group] = dict(latest)
    return merged


def _is_newer(new: Mapping[str, Any], old: Mapping[str, Any]) -> bool:
    synced = _moment(new["last_sync"]) - _moment(old["last_sync"])
    seen = _moment(new["seen_at"]) - _moment(old["seen_at"])
    return synced > NOTHING or (synced == NOTHING and seen >= WORTH_WRITING)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
