# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hitachi VSP: the pairs of a remote copy group of Universal Replicator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._model.group_status import Direction, GroupStatus, Health, Role, VolumeStatus, combine
from .product import Product, Seen

# side and status of a volume: its role. A P-VOL that is split off can still be written to. SSUS depends on how the
# pair was split, so it is nobody's role.
ROLES: dict[tuple[str, str], Role] = {
    ("P", "PAIR"): "primary",
    ("P", "COPY"): "primary",
    ("P", "PSUS"): "primary",
    ("P", "PSUE"): "primary",
    ("S", "PAIR"): "secondary",
    ("S", "COPY"): "secondary",
    ("S", "PSUE"): "secondary",
    ("S", "SSWS"): "primary",
}


def status(seen: Seen) -> GroupStatus:
    pairs = [item for item in seen.raw.get("pairs") or [] if item.get("copy_group_name") == seen.here["copy_group"]]
    if not pairs:
        return seen.absent(f"copy group {seen.here['copy_group']}")
    return combine(seen.group, seen.site, [_volume(pair, seen.here["storage_device_id"]) for pair in pairs])


def _volume(pair: Mapping[str, Any], device: str) -> VolumeStatus:
    side = {pair.get("pvol_storage_device_id"): "P", pair.get("svol_storage_device_id"): "S"}.get(device, "")
    shown = str(pair.get("pvol_status" if side == "P" else "svol_status") or "none")
    role = ROLES.get((side, shown), "unknown")
    direction: Direction = "none"
    if shown in ("PAIR", "COPY") and role != "unknown":
        direction = "outgoing" if role == "primary" else "incoming"
    health: Health = "healthy" if shown == "PAIR" and role != "unknown" else "degraded"
    where = f"{side}-VOL {shown}" if side else f"neither P-VOL nor S-VOL is at {device}"
    return VolumeStatus(
        str(pair.get("copy_pair_name")),
        role=role,
        health=health,
        direction=direction,
        sync_proof="PAIR as S-VOL, after the swap-split had sent the journal" if (side, shown) == ("S", "PAIR") else "",
        message="" if health == "healthy" else where,
        raw=dict(pair),
    )


def unsent(source: GroupStatus) -> str:
    """Of a pair that is suspended or still copied, a swap-split makes stale data writable and reports no error."""
    shown = {name: (pair.get("pvol_status"), pair.get("svol_status")) for name, pair in source.raw.items()}
    behind = [f"{name} is {' and '.join(map(str, both))}" for name, both in shown.items() if both != ("PAIR", "PAIR")]
    return ", ".join(behind[:3])


HITACHI_VSPONE_BLOCK = Product(
    "hitachi_vspone_block",
    "hitachivantara.vspone_block",
    ("address", "username", "password", "copy_group", "storage_device_id"),
    status,
    unsent=unsent,
    asks_both=True,
)
