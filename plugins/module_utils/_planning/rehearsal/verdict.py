# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rehearsal has shown: how long each VM took, and that replication went on untouched. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from ..._model.group_status import GroupStatus

# what a rehearsal must not change, wherever it looks
STEADY = ("role", "direction")


def seen_of(groups: Sequence[GroupStatus]) -> list[dict[str, Any]]:
    """What of groups is compared afterwards; last_sync as text, null where a product has none."""
    return [
        {
            "group": status.group,
            "site": status.site,
            "role": status.role,
            "direction": status.direction,
            "health": status.health,
            "last_sync": status.last_sync.isoformat() if status.last_sync else None,
        }
        for status in groups
    ]


def disturbed(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> list[str]:
    """In words, what of the replication is not as it was; a copy may only have become newer."""
    then = {(item["site"], item["group"]): item for item in before}
    found = []
    for now in after:
        was, on = then.get((now["site"], now["group"])), f"group {now['group']} at {now['site']}"
        if was is None:
            found.append(f"{on} was not observed before")
            continue
        found += [f"{on}: {key} was {was[key]}, is {now[key]}" for key in STEADY if was[key] != now[key]]
        if now["health"] in ("diverged", "error") and now["health"] != was["health"]:
            found.append(f"{on}: health was {was['health']}, is {now['health']}")
        if was["last_sync"] and (not now["last_sync"] or _moment(now) < _moment(was)):
            found.append(f"{on}: last_sync was {was['last_sync']}, is {now['last_sync']}")
    return found


def went_on(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> list[str]:
    """Groups of which a newer state arrived meanwhile."""
    then = {(item["site"], item["group"]): item for item in before}
    return sorted(
        {
            str(now["group"])
            for now in after
            if now["last_sync"]
            and (was := then.get((now["site"], now["group"])))
            and was["last_sync"]
            and _moment(now) > _moment(was)
        }
    )


def start_times(record: Mapping[str, Any] | None) -> dict[str, float]:
    """Key to the seconds from asked to ready."""
    return {key: seconds for key, (_asked, seconds) in sorted((record or {}).get("started", {}).items())}


def verdict(
    times: Mapping[str, float],
    failed: Mapping[str, str],
    wrong: Sequence[str],
    restored: tuple[str, Mapping[str, Any]],
    arrived: Sequence[str],
) -> dict[str, Any]:
    """wrong: what was seen that must not be. restored: the capture, and the recovery point that was tried.

    arrived: groups that went on meanwhile.
    """
    capture, point = restored
    reasons = [*wrong, *(f"{key}: {why}" for key, why in sorted(failed.items()))]
    return {
        "verdict": "failed" if reasons else "passed",
        "reasons": reasons[:20],
        "capture": capture,
        "recovery_point": dict(point),
        "started": len(times),
        "longest_start": max(times.values(), default=None),
        "groups_gone_on": list(arrived),
    }


def _moment(item: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(str(item["last_sync"]))
