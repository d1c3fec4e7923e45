# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of a consistency group, normalised over all replication products."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

Role = Literal["primary", "secondary", "unknown"]
Health = Literal["healthy", "degraded", "diverged", "error", "unknown"]
Direction = Literal["outgoing", "incoming", "none"]


@dataclass(frozen=True)
class GroupStatus:
    """One group as one site's product reports it.

    last_sync: moment of the newest data that is wholly at the secondary; None where the product has none, never a
    stand-in. reachable: whether the product at that site answered; if not, role is `unknown`.
    """

    group: str
    site: str
    role: Role
    health: Health
    direction: Direction
    last_sync: datetime | None = None
    reachable: bool = True
    message: str = ""
    raw: dict[str, Any] = field(default_factory=dict)

    def lag(self, reference: datetime) -> timedelta | None:
        """How old the secondary's data was at a moment (the source's last sign of life, not always now)."""
        return max(reference - self.last_sync, timedelta()) if self.last_sync else None

    def as_dict(self) -> dict[str, Any]:
        plain = asdict(self)
        plain["last_sync"] = self.last_sync.isoformat() if self.last_sync else None
        return plain


@dataclass(frozen=True)
class SyncProof:
    """Evidence that the target holds all that the source had, taken after the source was demoted."""

    group: str
    digest_source: str
    digest_target: str
    compared: str
    files: int
    bytes: int
    at: str

    @property
    def holds(self) -> bool:
        return bool(self.digest_source) and self.digest_source == self.digest_target

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "holds": self.holds}
