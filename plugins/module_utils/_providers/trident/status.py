# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a TridentMirrorRelationship or TridentActionMirrorUpdate says of itself, and what that amounts to. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ..._model.group_status import VolumeStatus
from ..custom_resource import FieldPath
from ..ownership import PLAN_LABEL
from ..verdict import Verdict
from .objects import final_sync_of

Object = Mapping[str, Any]

GENERATION = FieldPath("metadata.generation")
DELETION = FieldPath("metadata.deletionTimestamp")
LABELS = FieldPath("metadata.labels")
ANNOTATIONS = FieldPath("metadata.annotations")
ASKED = FieldPath("spec.state")
POLICY = FieldPath("spec.replicationPolicy")
SCHEDULE = FieldPath("spec.replicationSchedule")
MAPPINGS = FieldPath("spec.volumeMappings", ("localPVCName", "remoteVolumeHandle"))
CONDITIONS = FieldPath(
    "status.conditions",
    (
        "state",
        "message",
        "observedGeneration",
        "localVolumeHandle",
        "remoteVolumeHandle",
        "replicationPolicy",
        "replicationSchedule",
    ),
)
RELATIONSHIP = (GENERATION, DELETION, LABELS, ANNOTATIONS, ASKED, POLICY, SCHEDULE, MAPPINGS, CONDITIONS)

ACTION_OF = FieldPath("spec.tridentMirrorRelationshipName")
ACTION_STATE = FieldPath("status.state")
ACTION_MESSAGE = FieldPath("status.message")
ACTION_LOCAL = FieldPath("status.localVolumeHandle")
ACTION_REMOTE = FieldPath("status.remoteVolumeHandle")
ACTION = (ACTION_OF, ACTION_STATE, ACTION_MESSAGE, ACTION_LOCAL, ACTION_REMOTE)

FOLLOWING = ("established", "reestablished")
NO_MIRROR = "its backend cannot mirror: Trident calls every volume of it promoted, whatever it holds"
# a status names what could not be done, and no cause
CAUSE = "the log of trident-controller says why"

# primary: promoted. follows: the first transfer is complete. accepted: a mirror of its source, complete or not. looked
# at: the controller has seen what was asked last.
Goal = Literal["primary", "follows", "accepted", "looked at"]
IN_WORDS: dict[Goal, str] = {
    "primary": "promoted",
    "follows": "established or reestablished",
    "accepted": "a mirror of its source",
    "looked at": "looked at by Trident",
}


@dataclass(frozen=True)
class Condition:
    """The one condition of a relationship; state is empty where Trident has said nothing."""

    state: str
    message: str
    generation: int
    local: str
    remote: str
    policy: str
    schedule: str


def condition(item: Object) -> Condition:
    first = next(iter(CONDITIONS.read_entries(item)), {})
    return Condition(
        state=first.get("state") or "",
        message=first.get("message") or "",
        generation=first.get("observedGeneration") or 0,
        local=first.get("localVolumeHandle") or "",
        remote=first.get("remoteVolumeHandle") or "",
        policy=first.get("replicationPolicy") or "",
        schedule=first.get("replicationSchedule") or "",
    )


def judge(item: Object, goal: Goal, generation: int = 0) -> Verdict:
    """generation: the least one that holds what was asked for."""
    seen = describe(item)
    if DELETION.read(item):
        return Verdict(False, seen, "it is being deleted, which breaks its mirror")
    asked = ASKED.read(item) or ""
    wanted = {"primary": ("promoted",), "looked at": ("",)}.get(goal, FOLLOWING)
    if asked not in wanted and (GENERATION.read(item) or 0) >= max(generation, 1):
        return Verdict(False, seen, f"somebody else asked it for {asked or 'no state'}")
    if not is_current(item, generation):
        return Verdict(False, seen)
    found = condition(item)
    if goal == "looked at":
        return Verdict(True, seen)
    if found.state == "failed":
        return Verdict(False, seen, f"failed: {found.message or 'no message'}; {CAUSE}")
    if found.state == "invalid":
        return Verdict(False, seen, f"invalid: {found.message or 'no message'}")
    if goal == "primary" and found.state == "promoted":
        return Verdict(can_mirror(item), seen, "" if can_mirror(item) else NO_MIRROR)
    transfers = ("establishing", "reestablishing") if goal == "accepted" else ()
    return Verdict(goal != "primary" and found.state in (*FOLLOWING, *transfers), seen)


def judge_update(item: Object, _generation: int = 0) -> Verdict:
    """A TridentActionMirrorUpdate is run once, and never again."""
    state, message = ACTION_STATE.read(item) or "", ACTION_MESSAGE.read(item) or ""
    seen = f"state {state or 'none'}" + (f": {message}" if message else "")
    failed = f"the update failed: {message or 'no message'}" if state == "Failed" else ""
    return Verdict(state == "Succeeded", seen, failed)


def describe(item: Object) -> str:
    """The state in words, for messages."""
    found = condition(item)
    words = [f"asked for {ASKED.read(item) or 'no state'}", f"state {found.state or 'none'}"]
    if not is_current(item):
        words.append(f"Trident has seen generation {found.generation} of {GENERATION.read(item)}")
    return ", ".join(words) + (f": {found.message}" if found.message else "")


def is_current(item: Object, generation: int = 0) -> bool:
    now = GENERATION.read(item) or 0
    return bool(now >= generation and condition(item).generation == now)


def is_primary(item: Object | None) -> bool:
    return item is not None and judge(item, "primary").done


def follows(item: Object | None, remote: str = "") -> bool:
    """Whether it is a complete mirror; with remote: of that volume."""
    return item is not None and judge(item, "follows").done and remote in ("", remote_of(item))


def mirrors(item: Object | None, remote: str) -> bool:
    """Whether it is a mirror of that volume, complete or not."""
    return item is not None and judge(item, "accepted").done and remote_of(item) == remote


def is_whole(item: Object | None, remote: str) -> bool:
    """Whether a complete mirror of that volume is there, whatever it is asked for."""
    if item is None or DELETION.read(item) or not is_current(item):
        return False
    return condition(item).state in FOLLOWING and remote_of(item) == remote


def is_stuck(item: Object) -> bool:
    """Trident does nothing more for it before its spec changes."""
    return condition(item).state in ("failed", "invalid")


def can_mirror(item: Object) -> bool:
    """A backend that cannot mirror names no SVM in the handle."""
    return bool(handle(item))


def handle(item: Object) -> str:
    """`svm:volume` of the local volume; empty where Trident does not know it."""
    svm, _colon, volume = condition(item).local.partition(":")
    return f"{svm}:{volume}" if svm and volume else ""


def claim_of(item: Object) -> str:
    return str(next(iter(MAPPINGS.read_entries(item)), {}).get("localPVCName") or "")


def remote_of(item: Object) -> str:
    """The volume that it mirrors or has mirrored, which Trident never lets change."""
    asked = next(iter(MAPPINGS.read_entries(item)), {}).get("remoteVolumeHandle")
    return condition(item).remote or asked or ""


def settings(item: Object) -> dict[FieldPath, str]:
    """Policy and schedule of the mirror that it is, or was; where it asked for none, those that its backend gave it."""
    known = condition(item)
    return {
        POLICY: POLICY.read(item) or known.policy,
        SCHEDULE: SCHEDULE.read(item) or known.schedule,
    }


def owner(item: Object) -> str:
    """The plan that made it or took it over; empty: not ours."""
    return str((LABELS.read(item) or {}).get(PLAN_LABEL, ""))


def volume_status(volume: str, item: Object | None, peer: Object | None) -> VolumeStatus:
    """Normalised. peer: the relationship at the other site, which alone knows that it follows; None where unknown."""
    if item is None:
        return VolumeStatus(volume, "unknown", "unknown", "none", message="it has no TridentMirrorRelationship here")
    raw = {"object": f"{item['metadata']['namespace']}/{item['metadata']['name']}", "seen": describe(item)}
    if is_primary(item):
        sends = follows(peer, handle(item))
        message = "" if sends else "no mirror of it was seen at the other site"
        return VolumeStatus(volume, "primary", "healthy", "outgoing" if sends else "none", message=message, raw=raw)
    if follows(item):
        return VolumeStatus(volume, "secondary", "healthy", "incoming", sync_proof=_proof(item, peer), raw=raw)
    verdict = judge(item, "accepted")
    if verdict.done and condition(item).state == "establishing":
        # its first transfer: nothing was ever able to write to it. A copy that is reestablished was writable before
        message = "its first transfer is not complete"
        return VolumeStatus(volume, "secondary", "degraded", "incoming", message=message, raw=raw)
    unable = condition(item).state == "promoted" and not can_mirror(item)
    message = NO_MIRROR if unable else describe(item)
    broken = unable or is_stuck(item) or bool(DELETION.read(item))
    return VolumeStatus(volume, "unknown", "error" if broken else "degraded", "none", message=message, raw=raw)


def _proof(item: Object, peer: Object | None) -> str:
    if peer is None or not is_primary(peer) or remote_of(item) != handle(peer) or not final_sync_of(peer):
        return ""
    return f"its peer was promoted after TridentActionMirrorUpdate {final_sync_of(peer)}"
