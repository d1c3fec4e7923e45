# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A group's status from the VolumeReplicationGroup of a site and the DRPlacementControl of the hub. Pure.

The site says who may write. Only the hub says whether the two follow each other, and it keeps the moment of the last
sync when the primary that told it is gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..._model.group_status import SEVERITY, Direction, GroupStatus, Health, Role
from .placement import SYNCED, is_settled, is_unprotected, placed_at
from .placement import describe as describe_placement
from .status import LAST_SYNC, describe, health, is_given_up, role

Item = Mapping[str, Any]
DIRECTIONS: dict[Role, Direction] = {"primary": "outgoing", "secondary": "incoming"}


@dataclass(frozen=True)
class Told:
    """By the hub. placement: None where it told nothing, for the reason in `why`."""

    placement: Item | None
    why: str = ""


def group_status(
    group: str, site: str, item: Item, told: Told, cluster: str, peer: str, left_out: list[str]
) -> GroupStatus:
    """cluster, peer: what Ramen calls this site and the other one. left_out: claims that are not protected."""
    found = role(item)
    home = cluster if found == "primary" else peer
    placement = told.placement
    flows = found != "unknown" and placement is not None and _follows(placement, home)
    wrong = _wrong(told, flows, left_out)
    worst = max(health(item), *(severity for severity, _text in wrong), key=SEVERITY.index) if wrong else health(item)
    last, source = _last_sync(item, placement, found, home)
    texts = [*([describe(item)] if health(item) != "healthy" else []), *(text for _severity, text in wrong)]
    return GroupStatus(
        group,
        site,
        role=found,
        health=worst,
        direction=DIRECTIONS.get(found, "none") if flows else "none",
        last_sync=last,
        last_sync_source=source,
        sync_proof=f"given up by Ramen's Relocate: {describe(item)}, DataProtected" if is_given_up(item) else "",
        message="; ".join(texts),
        raw={
            "object": f"{item['metadata']['namespace']}/{item['metadata']['name']}",
            "seen": describe(item),
            "hub": describe_placement(placement) if placement is not None else told.why,
        },
    )


def _follows(placement: Item, home: str) -> bool:
    return is_settled(placement) and placed_at(placement) in ("", home)


def _wrong(told: Told, flows: bool, left_out: list[str]) -> list[tuple[Health, str]]:
    found: list[tuple[Health, str]] = []
    if told.placement is None:
        found.append(("degraded", f"no action can be ordered: {told.why}"))
    elif not flows or is_unprotected(told.placement):
        found.append(("degraded", f"at the hub: {describe_placement(told.placement)}"))
    if left_out:
        more = ", …" if len(left_out) > 1 else ""
        found.append(("error", f"Ramen does not protect {len(left_out)} of its claims ({left_out[0]}{more})"))
    return found


def _last_sync(item: Item, placement: Item | None, found: Role, home: str) -> tuple[datetime | None, str]:
    """A copy's own group knows of no sync. What the hub keeps is never too new."""
    if found == "primary" and (moment := LAST_SYNC.read(item)):
        return _moment(moment), "lastGroupSyncTime of the primary's VolumeReplicationGroup"
    told = SYNCED.read(placement) if placement is not None and placed_at(placement) == home else None
    if found == "secondary" and told:
        return _moment(told), "lastGroupSyncTime of the DRPlacementControl, as the primary told it last"
    return None, ""


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
