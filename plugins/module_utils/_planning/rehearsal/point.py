# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which recovery point a rehearsal tries, how old that is, and whether its clones have arrived. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from ..._errors import Refused
from ..._model.group_status import GroupStatus
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


def check_arrived(copies: Sequence[GroupStatus], concerned: Collection[str], point: str, captured: str) -> None:
    """A clone is made at one moment and replicated later: a copy that ends before is of a part of it, or of nothing.

    copies: the groups at the target. concerned: names of those with clones. captured: when clones were whole at the
    latest, as the capture holds them.
    """
    moment = datetime.fromisoformat(captured)
    for status in copies:
        if status.group in concerned and status.last_sync is not None and status.last_sync < moment:
            raise Refused(
                f"rehearse from recovery point {point}",
                site=status.site,
                on=f"group {status.group}",
                seen=f"its copy ends at {status.last_sync.isoformat()}, before the clones were captured at {captured}",
                wanted="a copy that holds them whole",
                next_step="nothing was copied: wait until replication has brought them, then run it again",
            )
