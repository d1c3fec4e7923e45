# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What VolSync's objects of a claim say, and what that amounts to. Pure.

VolSync locks no volume: primary and secondary are who sends and who takes in, and nothing more.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from ..._model.group_status import Health, VolumeStatus
from ..custom_resource import FieldPath
from ..ownership import PLAN_LABEL
from .objects import word_of

LABELS = FieldPath("metadata.labels")
DELETION = FieldPath("metadata.deletionTimestamp")
PAUSED = FieldPath("spec.paused")
MANUAL = FieldPath("spec.trigger.manual")
SCHEDULE = FieldPath("spec.trigger.schedule")
LAST_MANUAL = FieldPath("status.lastManualSync")
LAST_SYNC = FieldPath("status.lastSyncTime")
STARTED = FieldPath("status.lastSyncStartTime")
DURATION = FieldPath("status.lastSyncDuration")
RESULT = FieldPath("status.latestMoverStatus.result")
LOGS = FieldPath("status.latestMoverStatus.logs")
CONDITIONS = FieldPath("status.conditions", ("type", "status", "reason", "message"))
BOTH = (LABELS, DELETION, PAUSED, MANUAL, SCHEDULE, LAST_MANUAL, LAST_SYNC, STARTED, DURATION, RESULT, LOGS, CONDITIONS)

SOURCE_CLAIM = FieldPath("spec.sourcePVC")
MOVER = FieldPath("spec.rsyncTLS")
SENDS_TO = FieldPath("spec.rsyncTLS.address")
KEY_SECRET = FieldPath("spec.rsyncTLS.keySecret")
ADDRESS = FieldPath("status.rsyncTLS.address")
# a ReplicationDestination of any mover writes to the claim that it names; syncthing has none
BY_RSYNC_TLS = FieldPath("spec.rsyncTLS.destinationPVC")
BY_RSYNC = FieldPath("spec.rsync.destinationPVC")
BY_RESTIC = FieldPath("spec.restic.destinationPVC")
BY_RCLONE = FieldPath("spec.rclone.destinationPVC")
DESTINATION_CLAIMS = (BY_RSYNC_TLS, BY_RSYNC, BY_RESTIC, BY_RCLONE)

GIVEN_UP = ("demoted", "drain", "final")
_GO_DURATION = re.compile(
    r"(?:(?P<hours>\d+)h)?(?:(?P<minutes>\d+)m)?(?:(?P<seconds>\d+(?:\.\d+)?)s)?(?:(?P<milliseconds>\d+(?:\.\d+)?)ms)?"
)
_SHOWN = 200

Item = Mapping[str, Any]
SourceState = Literal["none", "live", "demoted"]


@dataclass(frozen=True)
class Pair:
    """The objects of one claim at one site. others: in words, what else writes to the claim or sends it by rsync."""

    claim: tuple[str, str]
    source: dict[str, Any] | None = None
    destination: dict[str, Any] | None = None
    others: tuple[str, ...] = ()

    @property
    def volume(self) -> str:
        return "/".join(self.claim)

    @property
    def sending(self) -> SourceState:
        if self.source is None:
            return "none"
        return "demoted" if word_of(MANUAL.read(self.source)) in GIVEN_UP else "live"

    @property
    def listens(self) -> bool:
        return self.destination is not None and not PAUSED.read(self.destination)

    @property
    def is_primary(self) -> bool:
        return self.sending == "live" and not self.listens and not self._leaving and not self.others

    @property
    def is_secondary(self) -> bool:
        gives_up = self.sending == "demoted" or (self.sending == "none" and self.destination is not None)
        return gives_up and not self._leaving and not self.others

    @property
    def _leaving(self) -> bool:
        return any(DELETION.read(item) for item in (self.source, self.destination) if item)


def is_idle(item: Item) -> bool:
    """It has ended what its manual trigger asked for; nothing moves until the next one."""
    return bool(MANUAL.read(item)) and MANUAL.read(item) == LAST_MANUAL.read(item) and not STARTED.read(item)


def ended(item: Item, asked: str) -> bool:
    """The sync that a manual trigger asked for is over, and its mover has said so."""
    return is_idle(item) and MANUAL.read(item) == asked and RESULT.read(item) in (None, "Successful")


def final_tag(item: Item | None) -> str:
    """Of the final sync that the object has ended; empty where it has ended none."""
    asked = str(MANUAL.read(item) or "") if item else ""
    return asked if item and word_of(asked) == "final" and ended(item, asked) else ""


def owner(item: Item) -> str:
    return str((LABELS.read(item) or {}).get(PLAN_LABEL, ""))


def failure(item: Item) -> str:
    """The product's own words about what failed."""
    words = [
        f"{entry['reason']}: {entry['message']}"
        for entry in CONDITIONS.read_entries(item)
        if entry["type"] == "Synchronizing" and entry["reason"] == "Error"
    ]
    if RESULT.read(item) == "Failed":
        words.append(f"the mover failed: {str(LOGS.read(item) or 'no log')[-_SHOWN:]}")
    return "; ".join(words)


def describe(item: Item) -> str:
    asked, done = MANUAL.read(item), LAST_MANUAL.read(item)
    words = [f"paused {str(bool(PAUSED.read(item))).lower()}"]
    words.append(f"asked for {asked}, has ended {done or 'none'}" if asked else f"schedule {SCHEDULE.read(item)}")
    words.append(f"syncing since {STARTED.read(item)}" if STARTED.read(item) else f"last sync {LAST_SYNC.read(item)}")
    return ", ".join([*words, *filter(None, [failure(item)])])


def volume_status(pair: Pair) -> VolumeStatus:
    raw = {kind: describe(item) for kind, item in (("source", pair.source), ("destination", pair.destination)) if item}
    if pair.is_primary and pair.source:
        return _primary(pair, pair.source, raw)
    if pair.is_secondary and pair.source:
        return _demoted(pair, pair.source, raw)
    if pair.is_secondary and pair.destination:
        return _replica(pair, pair.destination, raw)
    return VolumeStatus(pair.volume, "unknown", "unknown" if not raw else "error", "none", message=_why(pair), raw=raw)


def _why(pair: Pair) -> str:
    if pair.others:
        return f"also used by {', '.join(pair.others)}"
    if pair.source is None and pair.destination is None:
        return "it has no ReplicationSource and no ReplicationDestination here"
    if pair.sending == "live" and pair.listens:
        return "its ReplicationSource sends while its ReplicationDestination takes in"
    return "its ReplicationSource or ReplicationDestination is being deleted"


def _primary(pair: Pair, item: Item, raw: dict[str, Any]) -> VolumeStatus:
    failed = failure(item)
    message = failed or _idle_reason(item)
    return VolumeStatus(
        pair.volume,
        "primary",
        _health(failed, message),
        "none" if message else "outgoing",
        last_sync=_taken(item),
        message=message,
        raw=raw,
    )


def _idle_reason(item: Item) -> str:
    if not SENDS_TO.read(item):
        return "it sends nowhere: the peer's ReplicationDestination has published no address"
    if PAUSED.read(item):
        return "paused"
    if not SCHEDULE.read(item):
        return f"it waits for a manual trigger after {MANUAL.read(item)}, and follows no schedule"
    return "" if LAST_SYNC.read(item) else "no sync has ended yet"


def _demoted(pair: Pair, item: Item, raw: dict[str, Any]) -> VolumeStatus:
    final = final_tag(item)
    failed = failure(item)
    message = failed or ("" if final else "demoted; its final sync is not proven")
    proof = f"lastManualSync {final} at its ReplicationSource, which was asked for after the demotion" if final else ""
    health = _health(failed, message)
    return VolumeStatus(pair.volume, "secondary", health, "none", sync_proof=proof, message=message, raw=raw)


def _replica(pair: Pair, item: Item, raw: dict[str, Any]) -> VolumeStatus:
    """Without a last sync: the source keeps a copy through any number of failed transfers, so that nothing here tells
    how old the copy was that came, and be it the moment from which on this end listened."""
    failed = failure(item)
    message = failed or ("paused" if PAUSED.read(item) else "" if LAST_SYNC.read(item) else "nothing has arrived yet")
    return VolumeStatus(
        pair.volume,
        "secondary",
        _health(failed, message),
        "none" if PAUSED.read(item) else "incoming",
        arrived=_moment(LAST_SYNC.read(item)),
        message=message,
        raw=raw,
    )


def _health(failed: str, message: str) -> Health:
    if failed:
        return "error"
    return "degraded" if message else "healthy"


def _taken(item: Item) -> datetime | None:
    """When a source began its last sync, and then its copy: what was written later may not be in it."""
    at = _moment(LAST_SYNC.read(item))
    took = DURATION.read(item)
    match = _GO_DURATION.fullmatch(took) if took else None
    if at is None or match is None:
        return None
    return at - timedelta(**{unit: float(value) for unit, value in match.groupdict().items() if value})


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
