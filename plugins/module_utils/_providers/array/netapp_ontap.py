# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NetApp ONTAP: one NFS volume of a group, replicated by SnapMirror, read-only by its export policy when demoted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from ..._model.group_status import GroupStatus, Health, SyncProof
from .product import Product, Seen

# ISO 8601, as ONTAP writes lags
_LAG = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")
FOLLOWING = ("snapmirrored", "in_sync", "synchronizing", "paused")
LAG = "lag_time of the SnapMirror relationship, by ONTAP's clock"


def status(seen: Seen) -> GroupStatus:
    """A destination that ONTAP keeps read-only is a secondary; so is a volume with the read-only export policy."""
    volumes = seen.raw.get("volumes") or []
    if not volumes:
        return seen.absent(f"volume {_path(seen.here)}")
    volume = volumes[0]
    relation = _relation(seen)
    if volume.get("type") == "dp":
        return _destination(seen, relation)
    policy = ((volume.get("nas") or {}).get("export_policy") or {}).get("name")
    if policy == seen.here["demoted_policy"]:
        message = f"its exports are read-only by the policy {policy}"
        return GroupStatus(seen.group, seen.site, "secondary", "healthy", "none", message=message, raw=dict(seen.raw))
    if policy != seen.here["export_policy"]:
        message = f"export policy {policy}, which the plan does not name"
        return GroupStatus(seen.group, seen.site, "unknown", "error", "none", message=message, raw=dict(seen.raw))
    sends = any(
        (item.get("destination") or {}).get("path") == _path(seen.there) for item in _listed(seen, "destinations")
    )
    return GroupStatus(seen.group, seen.site, "primary", "healthy", "outgoing" if sends else "none", raw=dict(seen.raw))


def proof(seen: Seen, source: GroupStatus) -> SyncProof:
    """An update that began after the demotion has been transferred as a whole."""
    before, after = (_first(seen.raw.get(name)) for name in ("before", "after"))
    transfer = after.get("transfer") or {}
    is_new = bool(transfer.get("uuid")) and transfer.get("uuid") != (before.get("transfer") or {}).get("uuid")
    whole = is_new and transfer.get("state") == "success" and after.get("state") in ("snapmirrored", "in_sync")
    return SyncProof(
        group=seen.group,
        holds=whole and bool(after.get("healthy")),
        compared="a SnapMirror update that began after the demotion",
        source=source.message or source.role,
        target=f"transfer {transfer.get('uuid') or 'none'} {transfer.get('state') or 'not begun'}, "
        f"ended {transfer.get('end_time') or 'never'}, relationship {after.get('state') or 'absent'}",
        at=seen.now.isoformat(timespec="seconds"),
        volumes=1,
    )


def check(here: Mapping[str, Any], _there: Mapping[str, Any]) -> str:
    """P1: with one policy for both a demotion would change nothing, and a volume in use be taken for a copy."""
    one = here["export_policy"] == here["demoted_policy"]
    return f"export_policy and demoted_policy: both {here['demoted_policy']}, wanted two" if one else ""


def _destination(seen: Seen, relation: Mapping[str, Any]) -> GroupStatus:
    state = relation.get("state", "absent")
    follows = state in FOLLOWING
    reasons = [str(item.get("message", "")) for item in relation.get("unhealthy_reason") or []]
    moment = _moment(relation.get("lag_time"), seen.now) if follows else None
    health: Health = "degraded" if follows else "error"
    if follows and relation.get("healthy") and state != "paused":
        health = "healthy"
    return GroupStatus(
        seen.group,
        seen.site,
        role="secondary",
        health=health,
        direction="incoming" if follows and state != "paused" else "none",
        last_sync=moment,
        last_sync_source=LAG if moment else "",
        message="; ".join([] if health == "healthy" else [f"relationship {state}", *reasons]),
        raw=dict(seen.raw),
    )


def _relation(seen: Seen) -> Mapping[str, Any]:
    """The one that comes from the peer's volume; a volume may be the destination of one only."""
    wanted = _path(seen.there)
    found = [item for item in _listed(seen, "relationships") if (item.get("source") or {}).get("path") == wanted]
    return found[0] if found else {}


def _listed(seen: Seen, name: str) -> list[Mapping[str, Any]]:
    return list(seen.raw.get(name) or [])


def _first(records: Any) -> Mapping[str, Any]:
    return records[0] if records else {}


def _path(options: Mapping[str, Any]) -> str:
    return f"{options['svm']}:{options['volume']}"


def _moment(lag: str | None, now: datetime) -> datetime | None:
    found = _LAG.fullmatch(lag or "")
    if not found or not any(found.groups()):
        return None
    days, hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return now - timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


NETAPP_ONTAP = Product(
    "netapp_ontap",
    "netapp.ontap",
    ("hostname", "username", "password", "svm", "volume", "export_policy", "demoted_policy"),
    status,
    resync_demotes=False,
    proof=proof,
    check=check,
    verbs=frozenset({"observe", "promote", "demote", "final_sync", "resync"}),
)
