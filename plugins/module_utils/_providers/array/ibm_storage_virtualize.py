# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IBM Storage Virtualize: a remote copy consistency group, master at one site and auxiliary at the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._model.group_status import Direction, GroupStatus, Health, Role
from .product import Product, Seen

# both sides can be written to
IDLE = ("idling", "idling_disconnected")
COPYING = ("consistent_synchronized", "consistent_copying", "inconsistent_copying")
HEALTHY = ("consistent_synchronized", "consistent_copying")


def status(seen: Seen) -> GroupStatus:
    name = seen.here["consistency_group"]
    shown = seen.raw.get("groups") or []
    found = [item for item in ([shown] if isinstance(shown, dict) else shown) if item.get("name") == name]
    if not found:
        return seen.absent(f"consistency group {name}")
    group = found[0]
    state, primary, side = group.get("state", ""), group.get("primary", ""), seen.here["side"]
    role: Role = "unknown"
    if state in IDLE:
        role = "primary"
    elif primary in ("master", "aux"):
        role = "primary" if primary == side else "secondary"
    direction: Direction = "none"
    if state in COPYING and role != "unknown":
        direction = "outgoing" if role == "primary" else "incoming"
    health: Health = "healthy" if state in HEALTHY and role != "unknown" else "degraded"
    is_whole = role == "secondary" and state == "consistent_synchronized"
    return GroupStatus(
        seen.group,
        seen.site,
        role=role,
        health=health,
        direction=direction,
        sync_proof="the group was consistent_synchronized when it was stopped, and is again the other way round"
        if is_whole
        else "",
        message="" if health == "healthy" else f"{state or 'no state'}, primary {primary or 'none'}",
        raw=dict(group),
    )


def check(here: Mapping[str, Any], there: Mapping[str, Any]) -> str:
    """Of two sides with one name both would be primary at once, or none."""
    if here["side"] not in ("master", "aux"):
        return f"side: {here['side']}, wanted master or aux"
    return "" if here["side"] != there["side"] else f"side: {here['side']} at both sites"


def unsent(source: GroupStatus) -> str:
    """Stopped in another state, the auxiliary lacks what is not sent."""
    state = source.raw.get("state")
    return "" if state == "consistent_synchronized" else f"the consistency group is {state}"


IBM_STORAGE_VIRTUALIZE = Product(
    "ibm_storage_virtualize",
    "ibm.storage_virtualize",
    ("clustername", "username", "password", "consistency_group", "side"),
    status,
    check=check,
    unsent=unsent,
)
