# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the facts of one image at one site amount to. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ..._model.group_status import Direction, Health, Role, VolumeStatus
from .images import Image
from .lineage import newest

Facts = Mapping[str, Any]

LAST_SYNC_SOURCE = "local_snapshot_timestamp of the secondary, by the primary's clock"
# up to half a minute after the data is there
LAST_SYNC_BY = "rbd-mirror"
PRIMARY = "local image is primary"
GOES_BACK = (
    "a sync was under way or cut off, for all that is known, and Ceph may go back to the mirror snapshot before the"
    " last complete one"
)


def volume_status(image: Image, facts: Facts | None) -> VolumeStatus:
    """facts: as the agent's `look` gives them; None where the cluster does not have the image."""
    if facts is None:
        return _broken(image, "there is no such image at this site", {})
    mirror = facts.get("mirror")
    if mirror is None or mirror["state"] != "enabled":
        state = mirror["state"] if mirror else "disabled"
        return _broken(image, f"mirroring of the image is {state}", facts)
    return _of_primary(image, facts) if mirror["primary"] else _of_secondary(image, facts)


def replay(status: Facts) -> dict[str, Any]:
    """The numbers that rbd-mirror puts behind its state; empty where there are none."""
    _state, comma, numbers = status["description"].partition(", ")
    try:
        found = json.loads(numbers) if comma else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def is_split_brain(status: Facts) -> bool:
    return bool(status["state"] == "error" and "split-brain" in status["description"])


def _goes_back(facts: Facts) -> str:
    """Of a copy: where its newest snapshot is not complete, Ceph 16.2 goes back to what came before the last one."""
    if facts["mirror"]["mode"] == "journal":
        return ""
    if "snapshots" in facts:
        last = newest(facts)
        return "" if last and last["complete"] else GOES_BACK
    numbers = replay(facts["status"])
    whole = "local_snapshot_timestamp" in numbers and numbers.get("replay_state") != "syncing"
    return "" if whole else GOES_BACK


def _broken(image: Image, message: str, facts: Facts) -> VolumeStatus:
    return VolumeStatus(str(image), "unknown", "error", "none", message=message, raw=dict(facts))


def _of_primary(image: Image, facts: Facts) -> VolumeStatus:
    """Its own rbd-mirror has nothing to do: what counts is what the peer's reports."""
    peer = _peer(facts)
    if peer is None:
        return _status(image, "primary", "degraded", "outgoing", facts, None, "no peer has reported on it yet")
    if is_split_brain(peer):
        message = f"split-brain at the peer: {peer['description']}"
        return _status(image, "primary", "diverged", "none", facts, None, message)
    if peer["up"] and peer["description"] == PRIMARY:
        message = "the peer says that it is primary too: split-brain, or its report is of before its demotion"
        return _status(image, "primary", "degraded", "none", facts, None, message)
    health, message = _health(peer, facts["mirror"]["mode"])
    if not peer["up"]:
        message = f"the peer's rbd-mirror does not run, or does not reach this site, since {peer['at']}Z"
    elif message:
        message = f"at the peer: {message}"
    return _status(image, "primary", health, "outgoing", facts, peer, message)


def _of_secondary(image: Image, facts: Facts) -> VolumeStatus:
    own, peer = facts["status"], _peer(facts)
    follows: Direction = "incoming" if own["up"] and own["state"] in FOLLOWING else "none"
    health, message = _health(own, facts["mirror"]["mode"])
    if is_split_brain(own):
        message = f"{own['description']}: it holds writes that its peer does not have; resync it from the primary"
        return _status(image, "secondary", "diverged", "none", facts, None, message)
    if follows == "incoming" and (peer is None or not peer["up"]):
        # the state stays at replaying when the peer is dead or cut off
        since = f" since {peer['at']}Z" if peer and not peer["at"].startswith("1970") else ""
        silence = f"the peer's rbd-mirror does not report{since}: nothing new may arrive"
        health, message = "degraded", "; ".join(filter(None, (message, silence)))
    return _status(image, "secondary", health, follows, facts, own, message)


# not starting_replay, which a demoted image shows again and again while its peer is demoted too
FOLLOWING = ("replaying", "syncing")


def _health(status: Facts, mode: str) -> tuple[Health, str]:
    """Of a secondary by what its own rbd-mirror reports."""
    if not status["up"]:
        return "degraded", f"this site's rbd-mirror does not report on it: {status['description']}"
    if status["state"] == "error":
        return "error", status["description"]
    if status["state"] != "replaying":
        return "degraded", f"{status['state']}: {status['description']}"
    numbers = replay(status)
    if mode == "snapshot" and "local_snapshot_timestamp" not in numbers:
        percent = f", {numbers['syncing_percent']} %" if "syncing_percent" in numbers else ""
        return "degraded", f"no snapshot is reported as synchronised yet{percent}"
    if mode == "journal" and not _has_taken_up(numbers):
        return "degraded", "nothing of the newest part of the peer's journal is reported as replayed yet"
    return "healthy", ""


def _has_taken_up(numbers: Facts) -> bool:
    """Whether it has replayed something that the primary wrote since it is primary, or since its client is another.

    After a switch of roles it says replaying at once; what is demoted before it took something up is not replayed.
    """
    written, replayed = (numbers.get(name) or {} for name in ("primary_position", "non_primary_position"))
    return not written or written.get("tag_tid") == replayed.get("tag_tid")


def _peer(facts: Facts) -> Facts | None:
    return facts["peers"][0] if facts["peers"] else None


def _status(
    image: Image,
    role: Role,
    health: Health,
    direction: Direction,
    facts: Facts,
    secondary: Facts | None,
    message: str,
) -> VolumeStatus:
    """secondary: the report of the secondary's rbd-mirror, which knows when the data is of."""
    seconds = replay(secondary).get("local_snapshot_timestamp") if secondary else None
    last_sync = datetime.fromtimestamp(seconds, UTC) if seconds else None
    goes_back = _goes_back(facts) if role == "secondary" else ""
    return VolumeStatus(
        str(image), role, health, direction, last_sync, goes_back=goes_back, message=message, raw=dict(facts)
    )
