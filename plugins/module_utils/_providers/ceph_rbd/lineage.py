# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether one site's image holds all that the other's holds, by their mirror snapshots or journals. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Facts = Mapping[str, Any]

COMPARED = {
    "snapshot": "the demotion snapshot of each image, and its complete copy at the target",
    "journal": "the last entry of each image's journal, and the target's committed position in it",
}
# behind it, where they were read
AND_DATA = "; and all data of each image at both sites, by digests"


@dataclass(frozen=True)
class Arrival:
    """holds: the target has all that the source has. source, target: what each showed.

    is_copy: the source itself only ever held what the target has, or nothing. skipped: what the target lacks it has
    gone past, and will never take.
    """

    holds: bool
    source: str
    target: str
    is_copy: bool = False
    skipped: bool = False


def arrival(source: Facts, source_uuid: str, target: Facts, target_uuid: str) -> Arrival:
    """uuid: of the pool's mirror at each site. Both with `history`; it proves nothing while the source is primary."""
    if source["mirror"]["mode"] != target["mirror"]["mode"]:
        return Arrival(False, source["mirror"]["mode"], target["mirror"]["mode"])
    if source["mirror"]["global_id"] != target["mirror"]["global_id"]:
        return Arrival(False, f"global id {source['mirror']['global_id']}", "another global id")
    if source["mirror"]["mode"] == "journal":
        return _by_journal(source, target_uuid)
    return _by_snapshots(source, source_uuid, target, target_uuid)


def has_complete_copy(facts: Facts) -> bool:
    """Whether there is a moment that a forced promotion can go back to.

    Of an image with a journal, rbd-mirror's word tells: how far its first copy is, it keeps in the peer's journal. It
    may be half a minute late, or never come; then the snapshot that the copy is of is there. Whatever else it says, or
    not, is no sign against an image whose source is lost.
    """
    if facts["mirror"]["mode"] == "journal":
        copying = facts.get("sync_point") and facts["status"]["state"] != "replaying"
        return not copying and not _is_first_copy(facts["status"])
    return any(item["complete"] for item in facts["snapshots"])


def is_half_a_sync(facts: Facts) -> bool:
    """Whether a forced promotion was cut off before it went back to the last complete snapshot.

    It marks the image with a snapshot of no origin first, on top of one that is not complete. The next forced promotion
    takes that mark for a complete copy and promotes what lies in the image.
    """
    if facts["mirror"]["mode"] == "journal" or facts["mirror"]["primary"]:
        return False
    later = sorted(facts["snapshots"], key=lambda item: -int(item["id"]))
    marks = list(itertools.takewhile(lambda item: item["state"] == "non-primary" and not item["origin"], later))
    below = later[len(marks) :]
    return bool(marks and below and not below[0]["complete"])


def is_journaled(facts: Facts) -> bool:
    """Whether an image that is mirrored is so by its journal."""
    return bool(facts["mirror"]["mode"] == "journal")


def has_backlog(source: Facts, target_uuid: str) -> bool:
    """Whether the target has still to replay some of what was written to an image with a journal; with history."""
    taken = source["journal"].get(target_uuid, {"positions": [], "state": "not registered"})
    return taken["state"] != "connected" or _end(taken) < _end(source["journal"].get("", {"positions": []}))


def _end(client: Facts) -> tuple[int, int]:
    return max(((item["tag_tid"], item["entry_tid"]) for item in client["positions"]), default=(-1, -1))


def newest(facts: Facts) -> Facts | None:
    """The newest mirror snapshot."""
    found: list[Facts] = sorted(facts["snapshots"], key=lambda item: int(item["id"]))
    return found[-1] if found else None


def _is_first_copy(status: Facts) -> bool:
    """Whether rbd-mirror copies, or waits to copy, all of an image with a journal; it says so of nothing else.

    That stays its last word when it dies.
    """
    return bool(status["state"] == "syncing" or status["description"].startswith("bootstrapping"))


def _by_snapshots(source: Facts, source_uuid: str, target: Facts, target_uuid: str) -> Arrival:
    last = newest(source)
    if last is None:
        return Arrival(False, "no mirror snapshot", _in_words(newest(target)))
    if last["origin"] == target_uuid:
        # never written since it followed the target: there is nothing that the target could lack
        return Arrival(True, "a copy of the target's", _in_words(newest(target)), is_copy=True)
    if last["origin"] or last["state"] != "demoted":
        return Arrival(False, _in_words(last), _in_words(newest(target)))
    for item in target["snapshots"]:
        if item["origin"] == source_uuid and item["origin_id"] == last["id"] and item["complete"]:
            return Arrival(True, f"snapshot {last['id']}", f"snapshot {last['id']}")
    return Arrival(False, _in_words(last), _in_words(newest(target)))


def _by_journal(source: Facts, target_uuid: str) -> Arrival:
    written = source["journal"].get("", {"positions": []})["positions"]
    if not written:
        return Arrival(True, "an empty journal", "an empty journal", is_copy=True)
    taken = source["journal"].get(target_uuid)
    if taken is None or taken["state"] != "connected":
        return Arrival(False, _position(written), "not connected to this journal")
    holds = taken["positions"] == written
    # 16.2.15 jumps to a demotion when the link was cut in the middle of a replay
    skipped = not holds and taken["positions"][:1] == written[:1]
    found = _position(taken["positions"]) + (", behind a gap" if skipped else "")
    return Arrival(holds, _position(written), found, skipped=skipped)


def _position(positions: list[Facts]) -> str:
    if not positions:
        return "nothing of the journal"
    return f"tag {positions[0]['tag_tid']} entry {positions[0]['entry_tid']}"


def _in_words(snapshot: Facts | None) -> str:
    if snapshot is None:
        return "no mirror snapshot"
    of = f" of the peer's {snapshot['origin_id']}" if snapshot["origin"] else ""
    copied = "" if snapshot["complete"] else f", incomplete: {snapshot['copied']} objects copied"
    return f"snapshot {snapshot['id']} ({snapshot['state']}{of}{copied})"
