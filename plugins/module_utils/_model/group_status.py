# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of a consistency group, normalised over all replication products."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any, Literal

from .._errors import DrError, Unreachable

Role = Literal["primary", "secondary", "unknown"]
Health = Literal["healthy", "degraded", "diverged", "error", "unknown"]
Direction = Literal["outgoing", "incoming", "none"]

# what is worst is what a group of volumes is
SEVERITY: tuple[Health, ...] = ("healthy", "degraded", "unknown", "error", "diverged")
MESSAGES = 5


@dataclass(frozen=True)
class GroupStatus:
    """One group as one site's product reports it.

    last_sync: moment of the newest data that is wholly at the secondary; None where the product has none, never a
    stand-in. last_sync_source: what the product calls it, or whose clock it is.
    last_sync_by: who tells last_sync where what arrived may be newer: it is told late, or was read some time after it.
    Empty where the copy itself shows it.
    arrived: when the newest whole data came to a secondary that cannot say of which moment that is: it is older.
    goes_back: why a promotion by force may go back further than to what was told of this copy; empty where it does not.
    sync_proof: what shows that the other site holds all of a demoted copy; empty while nothing shows it.
    reachable: whether the product at that site answered; if not, role is `unknown`.
    present: False when it answered that it has nothing of the group yet; role is `unknown` then too.
    partly_switched: whether its volumes have different roles, so that some may be primary; role is `unknown` then too.
    """

    group: str
    site: str
    role: Role
    health: Health
    direction: Direction
    last_sync: datetime | None = None
    last_sync_source: str = ""
    last_sync_by: str = ""
    arrived: datetime | None = None
    goes_back: str = ""
    sync_proof: str = ""
    reachable: bool = True
    message: str = ""
    present: bool = True
    partly_switched: bool = False
    raw: dict[str, Any] = field(default_factory=dict)

    def lag(self, reference: datetime) -> timedelta | None:
        """How old the secondary's data was at a moment (the source's last sign of life, not always now)."""
        return max(reference - self.last_sync, timedelta()) if self.last_sync else None

    def as_dict(self) -> dict[str, Any]:
        # not asdict: it copies raw deeply, which for a thousand groups takes seconds
        plain = {item.name: getattr(self, item.name) for item in fields(self)}
        return {**plain, "last_sync": _text(self.last_sync), "arrived": _text(self.arrived)}


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def silent(group: str, site: str, message: str) -> GroupStatus:
    """The status of a group whose product does not answer."""
    return GroupStatus(group, site, "unknown", "unknown", "none", reachable=False, message=message)


def unknown(group: str, site: str, error: DrError) -> GroupStatus:
    """The status of a group that could not be looked at. Whose product answers with an error is not silent."""
    if isinstance(error, Unreachable):
        return silent(group, site, str(error))
    return GroupStatus(group, site, "unknown", "error", "none", message=str(error))


@dataclass(frozen=True)
class VolumeStatus:
    """One volume of a group, where the product knows volumes and not groups. Fields as in `GroupStatus`."""

    volume: str
    role: Role
    health: Health
    direction: Direction
    last_sync: datetime | None = None
    arrived: datetime | None = None
    goes_back: str = ""
    sync_proof: str = ""
    message: str = ""
    raw: dict[str, Any] = field(default_factory=dict)


def combine(group: str, site: str, volumes: Sequence[VolumeStatus], last_sync_source: str = "") -> GroupStatus:
    """The group's status: a role only if all volumes share it, the worst health, the oldest of moments, proof only of
    all."""
    if not volumes:
        return GroupStatus(group, site, "unknown", "unknown", "none", message="it has no volume here", present=False)
    roles = {item.role for item in volumes}
    directions = {item.direction for item in volumes}
    synced = _oldest([item.last_sync for item in volumes])
    messages = [f"{item.volume}: {item.message}" for item in volumes if item.message]
    health = max((item.health for item in volumes), key=SEVERITY.index)
    partly_switched = len(roles) > 1
    if partly_switched:
        messages.insert(0, _partly(volumes))
        health = max(health, "degraded", key=SEVERITY.index)
    more = [f"and {len(messages) - MESSAGES} more"] if len(messages) > MESSAGES else []
    return GroupStatus(
        group,
        site,
        role="unknown" if partly_switched else roles.pop(),
        health=health,
        direction=directions.pop() if len(directions) == 1 else "none",
        last_sync=synced,
        last_sync_source=last_sync_source if synced else "",
        arrived=_oldest([item.arrived for item in volumes]),
        goes_back=next((f"{item.volume}: {item.goes_back}" for item in volumes if item.goes_back), ""),
        sync_proof=_proof(volumes),
        message="; ".join([*messages[:MESSAGES], *more]),
        partly_switched=partly_switched,
        raw={item.volume: item.raw for item in volumes},
    )


def _oldest(moments: Sequence[datetime | None]) -> datetime | None:
    known = [moment for moment in moments if moment]
    return min(known) if len(known) == len(moments) else None


def _partly(volumes: Sequence[VolumeStatus]) -> str:
    counts = [
        f"{len(names)} {role} ({names[0]}{', …' if len(names) > 1 else ''})"
        for role in ("primary", "secondary", "unknown")
        if (names := [item.volume for item in volumes if item.role == role])
    ]
    return f"partly switched: {', '.join(counts)}"


def _proof(volumes: Sequence[VolumeStatus]) -> str:
    if not all(item.sync_proof for item in volumes):
        return ""
    return f"{len(volumes)} volumes, each: {volumes[0].sync_proof}"


@dataclass(frozen=True)
class SyncProof:
    """Evidence that the target holds all that the source had, taken after the source was demoted.

    compared: what was compared, and how. source, target: what each side showed. at: RFC 3339.
    volumes, bytes: how much was compared; None where the product does not say.
    """

    group: str
    holds: bool
    compared: str
    source: str
    target: str
    at: str
    volumes: int | None = None
    bytes: int | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)
