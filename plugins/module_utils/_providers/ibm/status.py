# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What IBM's driver means by what csi-addons shows of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from ..._model.group_status import VolumeStatus
from ..._model.names import PREFIX
from ..csi_addons.conditions import CONDITIONS, LAST_SYNC
from ..csi_addons.status import ANNOTATIONS, ASKED
from .configuration import Mode

Object = dict[str, Any]
# what csi-addons' manager says of a promotion that it repeats with force; of one that succeeds it says nothing
FORCED = "force promote"
# on an object that was seen like that; its next demotion takes it off
FORCED_MARK = f"{PREFIX}/promoted-by-force"


def forced_attempt(item: Mapping[str, Any]) -> str:
    """What the product said when the driver had refused a promotion, and it tried again by force; empty: it did not."""
    for entry in CONDITIONS.read_entries(item):
        if (entry["type"], entry["status"]) == ("Completed", "False") and FORCED in (entry["message"] or ""):
            causes = [other["message"] for other in CONDITIONS.read_entries(item) if other["type"] == "Degraded"]
            return f"{entry['message']}: {'; '.join(filter(None, causes))}"[:300]
    return ""


def forced_mark(why: str | None) -> Object:
    """Merge patch; None takes the mark off."""
    return {"metadata": {"annotations": {FORCED_MARK: why}}}


def marked_as_forced(item: Mapping[str, Any]) -> str:
    return str((ANNOTATIONS.read(item) or {}).get(FORCED_MARK, ""))


def reports_syncs(item: Mapping[str, Any]) -> bool:
    """Whether the driver tells of syncs at all, as those do whose demotion by a policy is none in name only."""
    return bool(LAST_SYNC.read(item))


def as_told_by_ibm(status: VolumeStatus, item: Mapping[str, Any], mode: Mode) -> VolumeStatus:
    """csi-addons' status without what the driver makes up."""
    if why := forced_attempt(item) or marked_as_forced(item):
        said = f"csi-addons promoted it by force, or tried to: {why}"
        status = replace(status, message="; ".join(filter(None, (said, status.message))))
    if status.role != "primary":
        return status
    if mode == "policy":
        return replace(status, last_sync=_real(status.last_sync))
    # of a mirror the driver says nothing, and newer ones call the present the time of its last sync
    told = "the driver found its relationship; whether that copies now, only the storage system tells"
    if status.health != "healthy" or ASKED.read(item) != "primary":
        return replace(status, last_sync=None, direction="none")
    message = status.message if why else told
    return replace(status, health="unknown", direction="outgoing", last_sync=None, message=message)


def _real(moment: datetime | None) -> datetime | None:
    """The driver writes the epoch where the storage system has none."""
    return moment if moment and moment.timestamp() > 0 else None
