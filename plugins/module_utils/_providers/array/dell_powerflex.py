# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dell PowerFlex: a replication consistency group, whose switchover is one action of both sides."""

from __future__ import annotations

from ..._model.group_status import GroupStatus, Health, Role
from .product import Product, Seen

DIRECTIONS = ("LocalToRemote", "RemoteToLocal")


def status(seen: Seen) -> GroupStatus:
    """After a switchover or a failover the sides have changed, though the direction says so only after `reverse`."""
    found = [item for item in seen.raw.get("groups") or [] if item.get("name") == seen.here["rcg_name"]]
    if not found:
        return seen.absent(f"replication consistency group {seen.here['rcg_name']}")
    group = found[0]
    way, kind, state = (group.get(name) for name in ("replicationDirection", "failoverType", "failoverState"))
    is_switched = kind in ("Switchover", "Failover") and state == "Done"
    is_settled = way in DIRECTIONS and (is_switched or (kind, state) == ("None", "None"))
    role: Role = "unknown"
    if is_settled:
        role = "primary" if (way == "LocalToRemote") != is_switched else "secondary"
    runs = is_settled and not is_switched and group.get("pauseMode") == "None"
    consistent = group.get("currConsistMode") == "Consistent"
    shown = f"{group.get('abstractState')}, {group.get('currConsistMode')}, failover {kind} {state}"
    return GroupStatus(
        seen.group,
        seen.site,
        role=role,
        health=_health(group.get("abstractState"), is_settled and consistent),
        direction={"primary": "outgoing", "secondary": "incoming"}.get(role, "none") if runs else "none",  # type: ignore[arg-type]
        sync_proof="the switchover of both sides is done"
        if (kind, state, role) == ("Switchover", "Done", "secondary") and consistent
        else "",
        message="" if runs and consistent else shown,
        raw=dict(group),
    )


def _health(state: str | None, as_wanted: bool) -> Health:
    if state == "Error":
        return "error"
    return "healthy" if state == "Ok" and as_wanted else "degraded"


DELL_POWERFLEX = Product(
    "dell_powerflex", "dellemc.powerflex", ("hostname", "username", "password", "rcg_name"), status
)
