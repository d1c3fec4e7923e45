# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which recovery point a rehearsal tries, and how old that is. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..report.text import duration


def tried_point(recorded: Mapping[str, Any] | None, began: str) -> dict[str, Any]:
    """recorded: with the capture; None with the newest copies. The age is that of the oldest clone when it began."""
    if not recorded:
        return {}
    taken, seconds = recorded.get("taken") or None, None
    if taken:
        age = datetime.fromisoformat(began) - datetime.fromisoformat(taken)
        seconds = round(max(0.0, age.total_seconds()), 1)
    return {"name": recorded["name"], "taken": taken, "age_seconds": seconds}


def in_words(point: Mapping[str, Any]) -> str:
    """To be put behind a verdict; empty with the newest copies."""
    if not point:
        return ""
    age = point["age_seconds"]
    told = "of an unknown moment" if age is None else f"{duration(age)} old when it began"
    return f", from recovery point {point['name']}, {told}"
