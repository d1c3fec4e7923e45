# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of two records of a group's last sync is kept. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any


def merged_syncs(
    kept: Mapping[str, Mapping[str, Any]], found: Mapping[str, Mapping[str, Any]], groups: Collection[str]
) -> dict[str, Any]:
    """By group: the newer one of the same primary; a new primary begins anew. Groups that the plan has no more go."""
    merged: dict[str, Any] = {}
    for group in groups:
        old, new = kept.get(group), found.get(group)
        if old and new and old["primary"] == new["primary"] and _moment(old) >= _moment(new):
            merged[group] = dict(old)
        elif latest := new or old:
            merged[group] = dict(latest)
    return merged


def _moment(sync: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(sync["last_sync"])
