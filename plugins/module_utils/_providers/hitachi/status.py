# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Replication or a ReplicationGroup says of itself, and what that amounts to. Pure.

The product's page says nothing of what its words do. What a pair's status permits is what Hitachi's manuals of the
arrays say of P-VOL and S-VOL (TrueCopy, Universal Replicator, CCI); what they leave open is nobody's role.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ..._model.group_status import Direction, Health, Role, VolumeStatus
from ..custom_resource import FieldPath
from ..ownership import PLAN_LABEL
from .objects import final_sync_of

Item = Mapping[str, Any]
# of a pair: the volume that is sent from, or the one that is sent to; empty where nobody knows
End = Literal["P", "S", ""]

DELETION = FieldPath("metadata.deletionTimestamp")
LABELS = FieldPath("metadata.labels")
ANNOTATIONS = FieldPath("metadata.annotations")
OWNERS = FieldPath("metadata.ownerReferences", ("kind", "name"))
CLAIM = FieldPath("spec.persistentVolumeClaimName")
PARENT = FieldPath("spec.parentName")
TYPE = FieldPath("spec.replicationType")
ATTRIBUTE = FieldPath("spec.replicationAttribute")
DESIRED = FieldPath("spec.desiredPairState")
STATUS = FieldPath("status.status")
OPERATION = FieldPath("status.currentOperation.operation")
RUNNING = FieldPath("status.currentOperation.running")
PHASE = FieldPath("status.currentOperation.operationPhase")
LAST_OPERATION = FieldPath("status.currentOperation.lastOperation")
LAST_ERROR = FieldPath("status.currentOperation.lastErrorMessage")
LAST_ERROR_TIME = FieldPath("status.currentOperation.lastErrorTime")
VOLUME_STATUS = FieldPath("status.replicationPair.volumeStatus")
P_ID = FieldPath("status.replicationPair.primaryVolumeId")
P_NAME = FieldPath("status.replicationPair.primaryVolumeNickname")
S_ID = FieldPath("status.replicationPair.secondaryVolumeId")
S_NAME = FieldPath("status.replicationPair.secondaryVolumeNickname")
COPY_GROUP = FieldPath("status.replicationPair.copyGroupName")
COPY_PAIR = FieldPath("status.replicationPair.copyPairName")
LOCAL_SERIAL = FieldPath("status.replicationPair.localSerialNumber")
REMOTE_SERIAL = FieldPath("status.replicationPair.remoteSerialNumber")
CHILDREN = FieldPath("status.replications", ("name", "namespace"))

# of what is asked: of a ReplicationGroup as of a Replication
ASKED_FIELDS = (
    DELETION,
    LABELS,
    ANNOTATIONS,
    OWNERS,
    DESIRED,
    STATUS,
    OPERATION,
    RUNNING,
    PHASE,
    LAST_OPERATION,
    LAST_ERROR,
    LAST_ERROR_TIME,
)
PAIR_FIELDS = (VOLUME_STATUS, P_ID, P_NAME, S_ID, S_NAME, COPY_GROUP, COPY_PAIR, LOCAL_SERIAL, REMOTE_SERIAL)
REPLICATION_FIELDS = (*ASKED_FIELDS, CLAIM, PARENT, TYPE, ATTRIBUTE, *PAIR_FIELDS)
GROUP_FIELDS = (*ASKED_FIELDS, CHILDREN)

# TrueCopy and Universal Replicator. Both volumes of a global-active device pair can be written
KNOWN_TYPES = ("TC", "UR")
REPLICATING = ("PAIR", "COPY", "PFUL")
SPLIT = ("PSUS", "SSUS")
TAKEN_OVER = "SSWS"
# end and status of the pair: who may write. A P-VOL is never locked. An S-VOL that was split off may be written or not:
# an option of the split decides, and nothing shows it
ROLES: dict[tuple[End, str], Role] = {
    **{("P", status): "primary" for status in (*REPLICATING, *SPLIT, TAKEN_OVER, "PSUE", "PFUS")},
    **{("S", status): "secondary" for status in (*REPLICATING, "PSUE", "PFUS")},
    ("S", TAKEN_OVER): "primary",
}
SWITCHES = ("failover", "failback", "swap-resync")
# hspc: 01--PROTOCOL--STORAGE DEVICE--LDEV--NICKNAME
_HANDLE = re.compile(r"01--.+--[0-9A-Za-z]+--(?P<ldev>[0-9]+)--(?P<nickname>.+)")


@dataclass(frozen=True)
class Leg:
    """One claim's pair at one site. item: its Replication. group: its ReplicationGroup, which is asked in its place.

    handle: of the volume that the claim is bound to; empty where there is none.
    """

    key: tuple[str, str]
    item: Item | None
    group: Item | None = None
    handle: str = ""

    @property
    def volume(self) -> str:
        return "/".join(self.key)

    @property
    def asked(self) -> Item:
        """The object that takes orders for it."""
        return self.group or self.item or {"metadata": {}}

    @property
    def status(self) -> str:
        return str(VOLUME_STATUS.read(self.item or {}) or "")


def end(leg: Leg) -> End:
    """Which of the pair's volumes is the claim's. The array's answer, wherever it tells the two volumes apart."""
    if leg.item is None:
        return ""
    first, second = ((number.read(leg.item), name.read(leg.item)) for number, name in ((P_ID, P_NAME), (S_ID, S_NAME)))
    found = _HANDLE.fullmatch(leg.handle)
    if found and first != second:
        mine = int(found["ldev"]), found["nickname"]
        return "P" if mine == first else "S" if mine == second else ""
    ends: dict[str, End] = {"primary": "P", "secondary": "S"}
    return ends.get(ATTRIBUTE.read(leg.item) or "", "")


def may_be_taken_over(leg: Leg) -> bool:
    """An S-VOL whose takeover was asked for and has not happened: its operator may do it at any time."""
    return end(leg) == "S" and leg.status != TAKEN_OVER and DESIRED.read(leg.asked) in SWITCHES


def is_given_up(leg: Leg) -> bool:
    """A P-VOL of a planned switch that has not ended: what is written to it from now on would not go along."""
    return end(leg) == "P" and DESIRED.read(leg.asked) == "split" and bool(final_sync_of(leg.asked))


def role(leg: Leg) -> Role:
    """What the array shows, unless a switch is under way that may change it, or that builds on it."""
    return "unknown" if may_be_taken_over(leg) or is_given_up(leg) else role_at_array(leg)


def role_at_array(leg: Leg) -> Role:
    """Unknown too while a switch is under way, and where the kind of pair is one whose volumes can both be written."""
    item = leg.item
    if item is None or DELETION.read(item) or TYPE.read(item) not in KNOWN_TYPES:
        return "unknown"
    if is_running(leg) and DESIRED.read(leg.asked) in SWITCHES:
        return "unknown"
    return ROLES.get((end(leg), leg.status), "unknown")


def is_running(leg: Leg) -> bool:
    return bool(RUNNING.read(leg.asked) or RUNNING.read(leg.item or {}))


def is_source(leg: Leg) -> bool:
    """P-VOL of a pair that replicates."""
    return end(leg) == "P" and leg.status in REPLICATING and role_at_array(leg) == "primary"


def follows(leg: Leg) -> bool:
    """S-VOL of a pair that replicates."""
    return end(leg) == "S" and leg.status in REPLICATING and role_at_array(leg) == "secondary"


def has_taken_over(leg: Leg) -> bool:
    """An S-VOL that may be written, and that no P-VOL can be copied over any more."""
    return end(leg) == "S" and leg.status == TAKEN_OVER


def marks(item: Item) -> tuple[Any, ...]:
    """What an operation leaves changed, if only its error."""
    fields = (OPERATION, RUNNING, PHASE, LAST_OPERATION, LAST_ERROR, LAST_ERROR_TIME)
    return tuple(field.read(item) for field in fields)


def owner(item: Item) -> str:
    """The plan that switches it; empty when none does."""
    return str((LABELS.read(item) or {}).get(PLAN_LABEL, ""))


def policy(item: Item) -> str:
    """The DRPolicy that made it; empty where nobody but us asks it for a state."""
    return next((str(entry["name"]) for entry in OWNERS.read_entries(item) if entry["kind"] == "DRPolicy"), "")


def describe(leg: Leg) -> str:
    """The state in words, for messages."""
    if leg.item is None:
        return "no Replication"
    where = {"P": "P-VOL", "S": "S-VOL", "": "neither P-VOL nor S-VOL, as far as it says"}[end(leg)]
    words = [f"{where}, volumeStatus {leg.status or 'none'}", describe_asked(leg.asked)]
    if leg.group and (error := LAST_ERROR.read(leg.item)):
        words.append(f"of the pair: {error[:300]}")
    return "; ".join(words)


def describe_asked(item: Item) -> str:
    words = [f"asked for {DESIRED.read(item) or 'nothing'}", f"status {STATUS.read(item) or 'none'}"]
    if operation := OPERATION.read(item):
        state = "running" if RUNNING.read(item) else "not running"
        words.append(f"operation {operation} {state} ({PHASE.read(item) or 'no phase'})")
    if error := LAST_ERROR.read(item):
        words.append(f"last error: {error[:300]}")
    return ", ".join(words)


def volume_status(leg: Leg) -> VolumeStatus:
    """Normalised. There is never a last_sync: the product tells no moment of any data."""
    if leg.item is None:
        return VolumeStatus(leg.volume, "unknown", "unknown", "none", message="it has no Replication here")
    found = role(leg)
    flows = is_source(leg) or follows(leg)
    direction: Direction = "none" if not flows else "outgoing" if found == "primary" else "incoming"
    proof = ""
    if found == "secondary" and (moment := final_sync_of(leg.asked)) and DESIRED.read(leg.asked) in ("split", "pair"):
        proof = f"its split at {moment}, before the peer took over, had sent everything"
    health = _health(leg, found)
    return VolumeStatus(
        leg.volume,
        found,
        health,
        direction,
        sync_proof=proof,
        message="" if health == "healthy" else describe(leg),
        raw={"object": leg.asked["metadata"].get("name"), "seen": describe(leg)},
    )


def _health(leg: Leg, found: Role) -> Health:
    if end(leg) == "P" and leg.status == TAKEN_OVER:
        return "degraded" if final_sync_of(leg.asked) else "diverged"
    if leg.status == "PAIR" and found != "unknown":
        return "healthy"
    known = leg.status in (*REPLICATING, *SPLIT, TAKEN_OVER, "PSUE", "PFUS")
    broken = not known or not end(leg) or TYPE.read(leg.item or {}) not in KNOWN_TYPES
    return "error" if broken and not is_running(leg) else "degraded"
