# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dell Unity: a replication session, whose failover with a sync before it is one action."""

from __future__ import annotations

from datetime import UTC, datetime

from ..._model.group_status import GroupStatus, Health, Role
from .product import Product, Seen

# of the session, and what a failover makes of them
ROLES: dict[tuple[str, bool], Role] = {
    ("SOURCE", False): "primary",
    ("SOURCE", True): "secondary",
    ("DESTINATION", False): "secondary",
    ("DESTINATION", True): "primary",
}
SWITCHED = ("FAILED_OVER", "FAILED_OVER_WITH_SYNC")
RUNNING = ("ACTIVE", "IDLE", "AUTO_SYNC_CONFIGURED", "OK", "SYNCING")
STOPPED = ("PAUSED", "LOST_COMMUNICATION", "LOST_SYNC_COMMUNICATION")


def status(seen: Seen) -> GroupStatus:
    session = seen.raw.get("session") or {}
    if not session:
        return seen.absent(f"replication session {seen.here['session_name']}")
    state, side = _word(session.get("status")), _word(session.get("local_role"))
    is_switched, runs = state in SWITCHED, state in RUNNING
    known = is_switched or runs or state in STOPPED
    role: Role = ROLES.get((side, is_switched), "unknown") if known else "unknown"
    in_sync = _word(session.get("sync_state")) in ("IN_SYNC", "CONSISTENT", "IDLE", "AUTO_SYNC_CONFIGURED")
    health: Health = "healthy" if (runs and in_sync) or state == "FAILED_OVER_WITH_SYNC" else "degraded"
    if not known:
        health = "error" if "ERROR" in state or "RECOVERABLE" in state else "unknown"
    moment = _moment(session.get("last_sync_time")) if role == "secondary" and runs else None
    with_sync = state == "FAILED_OVER_WITH_SYNC" and role == "secondary"
    return GroupStatus(
        seen.group,
        seen.site,
        role=role,
        health=health,
        direction={"primary": "outgoing", "secondary": "incoming"}.get(role, "none") if runs else "none",  # type: ignore[arg-type]
        last_sync=moment,
        last_sync_source="last_sync_time of the session" if moment else "",
        sync_proof="the session was failed over with a sync of source and destination" if with_sync else "",
        message="" if health == "healthy" else f"session {state}, {_word(session.get('sync_state'))}",
        raw=dict(session),
    )


def _word(name: str | None) -> str:
    """`ReplicationOpStatusEnum.ACTIVE` to `ACTIVE`."""
    return (name or "").rpartition(".")[2]


def _moment(text: str | None) -> datetime | None:
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else None


DELL_UNITY = Product("dell_unity", "dellemc.unity", ("unispherehost", "username", "password", "session_name"), status)
