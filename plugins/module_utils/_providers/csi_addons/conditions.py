# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the conditions of a VolumeReplication or VolumeGroupReplication amount to, each by itself. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..custom_resource import FieldPath

GENERATION = FieldPath("metadata.generation")
STATE = FieldPath("status.state")
LAST_SYNC = FieldPath("status.lastSyncTime")
CONDITIONS = FieldPath(
    "status.conditions", ("type", "status", "reason", "message", "lastTransitionTime", "observedGeneration")
)


class Facts:
    """The conditions of an object, by name."""

    def __init__(self, item: Mapping[str, Any]) -> None:
        found = conditions_of(item)
        self._item = item
        self._found = found
        self.state = STATE.read(item)
        completed = found.get("Completed")
        self.completed = completed["reason"] if completed and completed["status"] == "True" else ""
        degraded = found.get("Degraded")
        self.degraded = not degraded or degraded["status"] != "False"
        self.broken = bool(degraded and degraded["status"] == "True" and degraded["reason"] == "Error")
        resyncing = found.get("Resyncing")
        self.resyncing = bool(resyncing and resyncing["status"] == "True")
        replicating = found.get("Replicating")
        self.replicating = None if replicating is None else replicating["status"] == "True"

    @property
    def promoted(self) -> bool:
        """The reason counts: a resync leaves the state Primary with Completed=True."""
        return self.state == "Primary" and self.completed == "Promoted"

    @property
    def demoted(self) -> bool:
        """Also where the resync that follows each demotion fails: the demotion itself had succeeded."""
        completed = self._found.get("Completed")
        known = self.completed == "Demoted" or bool(completed and completed["reason"] == "FailedToResync")
        return self.state == "Secondary" and known

    @property
    def last_sync(self) -> datetime | None:
        text = LAST_SYNC.read(self._item)
        return datetime.fromisoformat(text) if text else None

    @property
    def sends(self) -> bool:
        """Older versions have no condition Replicating, and show a forced promotion as a clean one: there only a sync
        after the promotion proves that somebody takes the data."""
        if self.replicating is not None:
            return bool(self.replicating)
        synced_at, since = self.last_sync, self.healthy_since
        return bool(synced_at and since and synced_at > since)

    @property
    def synced(self) -> bool:
        return not self.degraded and not self.resyncing

    @property
    def healthy_since(self) -> datetime | None:
        degraded = self._found.get("Degraded")
        if not degraded or degraded["status"] != "False" or not degraded["lastTransitionTime"]:
            return None
        return datetime.fromisoformat(degraded["lastTransitionTime"])

    @property
    def terminal(self) -> str:
        """Only a prerequisite that is not met; all else is tried again by the controller.

        A later success leaves Validated=False behind, so it counts only for this generation and beside a failure.
        """
        validated = self._found.get("Validated")
        if not validated or validated["status"] != "False" or self.completed:
            return ""
        if (validated["observedGeneration"] or 0) < (GENERATION.read(self._item) or 0):
            return ""
        return f"{validated['reason']}: {validated['message']}"


def conditions_of(item: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {entry["type"]: entry for entry in CONDITIONS.read_entries(item)}
