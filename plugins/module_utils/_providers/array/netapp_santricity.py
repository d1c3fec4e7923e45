# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NetApp E-Series: an asynchronous mirror group, whose role reversal is one action of both arrays."""

from __future__ import annotations

from ..._model.group_status import Direction, GroupStatus, Health, Role
from .product import Product, Seen

ROLES: dict[str, Role] = {"primary": "primary", "secondary": "secondary"}


def status(seen: Seen) -> GroupStatus:
    found = [item for item in seen.raw.get("groups") or [] if item.get("label") == seen.here["mirror_group"]]
    if not found:
        return seen.absent(f"mirror group {seen.here['mirror_group']}")
    group = found[0]
    is_settled = group.get("roleChangeProgress") == "none"
    role: Role = ROLES.get(group.get("localRole", ""), "unknown") if is_settled else "unknown"
    is_opposite = {group.get("localRole"), group.get("remoteRole")} == {"primary", "secondary"}
    runs = role != "unknown" and is_opposite and group.get("syncActivity") in ("idle", "active")
    direction: Direction = "none"
    if runs:
        direction = "outgoing" if role == "primary" else "incoming"
    health: Health = "healthy" if runs and group.get("groupState") == "optimal" else "degraded"
    return GroupStatus(
        seen.group,
        seen.site,
        role=role,
        health=health,
        direction=direction,
        sync_proof="the roles were changed with a synchronization before it"
        if (role, health) == ("secondary", "healthy")
        else "",
        message=""
        if health == "healthy"
        else f"{group.get('groupState')}, {group.get('syncActivity')}, role change {group.get('roleChangeProgress')}",
        raw=dict(group),
    )


NETAPP_SANTRICITY = Product(
    "netapp_santricity",
    "netapp_eseries.santricity",
    ("api_url", "api_username", "api_password", "ssid", "mirror_group"),
    status,
)
