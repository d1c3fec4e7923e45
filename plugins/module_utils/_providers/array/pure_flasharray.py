# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pure Storage FlashArray: a pod per group and site, linked by ActiveDR."""

from __future__ import annotations

from datetime import UTC, datetime

from ..._model.group_status import Direction, GroupStatus, Health, Role
from .product import Product, Seen

ROLES: dict[str, Role] = {"promoted": "primary", "demoted": "secondary"}
DIRECTIONS: dict[str, Direction] = {"outbound": "outgoing", "inbound": "incoming"}
RUNNING = ("replicating", "quiesced", "quiescing", "baselining")


def status(seen: Seen) -> GroupStatus:
    pod = (seen.raw.get("pods") or {}).get(seen.here["pod"])
    if not pod:
        return seen.absent(f"pod {seen.here['pod']}")
    link = (seen.raw.get("replica_links") or {}).get(seen.here["pod"]) or {}
    shown, state = pod.get("promotion_status"), link.get("status", "no replica link")
    # while it changes sides, nobody knows who may write
    role = ROLES.get(shown, "unknown")
    health: Health = "healthy" if state in ("replicating", "quiesced") else "degraded"
    if role == "unknown":
        health = "unknown"
    direction = DIRECTIONS.get(link.get("direction", ""), "none") if state in RUNNING else "none"
    if (role, direction) not in (("primary", "outgoing"), ("secondary", "incoming")):
        direction = "none"
    moment = _moment(link.get("recovery_point")) if role == "secondary" and direction == "incoming" else None
    is_quiesced = role == "secondary" and state == "quiesced"
    return GroupStatus(
        seen.group,
        seen.site,
        role=role,
        health=health,
        direction=direction,
        last_sync=moment,
        last_sync_source="recovery_point of the replica link" if moment else "",
        sync_proof="the pod was demoted after its replica link had quiesced" if is_quiesced else "",
        message="" if health == "healthy" else f"pod {shown}, replica link {state}",
        raw={"pod": pod, "link": link},
    )


def _moment(text: str | None) -> datetime | None:
    """purefa_info writes it in the local time of where the playbook runs."""
    if not text:
        return None
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").astimezone().astimezone(UTC)


PURE_FLASHARRAY = Product("pure_flasharray", "purestorage.flasharray", ("fa_url", "api_token", "pod"), status)
