# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a VolumeReplication or VolumeGroupReplication says of itself, and what that amounts to. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Literal

from ..._model.group_status import VolumeStatus
from ..custom_resource import FieldPath
from ..ownership import PLAN_LABEL
from ..verdict import Verdict
from .conditions import CONDITIONS, GENERATION, LAST_SYNC, STATE, Facts, conditions_of

DELETION = FieldPath("metadata.deletionTimestamp")
LABELS = FieldPath("metadata.labels")
ANNOTATIONS = FieldPath("metadata.annotations")
ASKED = FieldPath("spec.replicationState")
OBSERVED = FieldPath("status.observedGeneration")
MESSAGE = FieldPath("status.message")
AUTO_RESYNC = FieldPath("spec.autoResync")
REPLICATION = (
    GENERATION,
    DELETION,
    LABELS,
    ANNOTATIONS,
    ASKED,
    AUTO_RESYNC,
    STATE,
    OBSERVED,
    MESSAGE,
    LAST_SYNC,
    CONDITIONS,
)

VR_CLASS = FieldPath("spec.volumeReplicationClass")
SOURCE_KIND = FieldPath("spec.dataSource.kind")
SOURCE_NAME = FieldPath("spec.dataSource.name")
VGR_CLASS = FieldPath("spec.volumeGroupReplicationClassName")
VGR_VR_CLASS = FieldPath("spec.volumeReplicationClassName")
VGR_SELECTOR = FieldPath("spec.source.selector")
# which claims it holds, as the group controller says
VGR_CLAIMS = FieldPath("status.persistentVolumeClaimsRefList", ("name",))
# of both kinds of classes, and of a NetworkFenceClass
PROVISIONER = FieldPath("spec.provisioner")
PARAMETERS = FieldPath("spec.parameters")

FENCE_ASKED = FieldPath("spec.fenceState")
FENCE_DRIVER = FieldPath("spec.driver")
FENCE_CIDRS = FieldPath("spec.cidrs")
FENCE_RESULT = FieldPath("status.result")
FENCE_MESSAGE = FieldPath("status.message")
FENCE = (LABELS, ANNOTATIONS, FENCE_ASKED, FENCE_DRIVER, FENCE_CIDRS, FENCE_RESULT, FENCE_MESSAGE)

# names in a message
SHOWN = 5
# primary, secondary: switched. sends: the peer has taken data since the promotion. reported: the controller has looked
# at a secondary once more after its demotion. follows: it takes what a primary sends, or has all. synced: both sites
# are secondary and hold the same. resyncing: the product has taken the order to throw the copy away
Goal = Literal["primary", "sends", "secondary", "reported", "follows", "synced", "resyncing"]
IN_WORDS: dict[Goal, str] = {
    "primary": "primary",
    "sends": "primary with a sync after the promotion",
    "secondary": "secondary",
    "reported": "secondary with a report on its sync",
    "follows": "secondary and in sync with its primary, or on the way",
    "synced": "secondary and in sync with a secondary peer",
    "resyncing": "thrown away and on the way to its primary's data",
}
ASKED_FOR: dict[Goal, str] = {"primary": "primary", "sends": "primary", "resyncing": "resync"}


def judge(item: Mapping[str, Any], goal: Goal, generation: int = 0) -> Verdict:
    """generation: the least one that holds what was asked for; an older one is not a state of what was asked."""
    seen = describe(item)
    if DELETION.read(item):
        return Verdict(False, seen, "it is being deleted, which ends its replication")
    asked = ASKED_FOR.get(goal, "secondary")
    if ASKED.read(item) != asked and (GENERATION.read(item) or 0) >= max(generation, 1):
        return Verdict(False, seen, f"somebody else asked it for {ASKED.read(item)}")
    if not _current(item, generation):
        return Verdict(False, seen)
    facts = Facts(item)
    done = {
        "primary": facts.promoted,
        "sends": facts.promoted and facts.sends,
        "secondary": facts.demoted,
        "reported": facts.demoted and (facts.synced or facts.resyncing or facts.broken),
        "follows": facts.demoted and (facts.synced or facts.resyncing),
        "synced": facts.demoted and facts.synced,
        "resyncing": facts.completed == "Demoted" and (facts.resyncing or not facts.degraded),
    }[goal]
    return Verdict(done, seen, "" if done else facts.terminal)


def describe(item: Mapping[str, Any]) -> str:
    """The state in words, for messages."""
    conditions = conditions_of(item)
    words = [f"asked for {ASKED.read(item)}", f"state {STATE.read(item) or 'none'}"]
    words += [
        f"{kind}={found['status']}/{found['reason']}"
        for kind in ("Completed", "Degraded", "Resyncing", "Validated")
        if (found := conditions.get(kind))
    ]
    if (OBSERVED.read(item) or 0) != GENERATION.read(item):
        words.append(f"the controller has seen generation {OBSERVED.read(item) or 0} of {GENERATION.read(item)}")
    if synced_at := LAST_SYNC.read(item):
        words.append(f"last sync {synced_at}")
    message = _failure(item)
    return ", ".join(words) + (f": {message}" if message else "")


def is_primary(item: Mapping[str, Any]) -> bool:
    return judge(item, "primary").done


def may_write(item: Mapping[str, Any]) -> bool:
    """Whether the copy is, was or becomes primary as far as the object shows; only a completed demotion is none."""
    return not judge(item, "secondary").done


def stands_down_first(item: Mapping[str, Any]) -> bool:
    """Whether asking it for primary would do nothing: the controller skips what calls itself Primary, even after a
    resync that it was asked for in that state, or a demotion that failed."""
    return STATE.read(item) == "Primary" and not Facts(item).promoted


def cannot_follow(item: Mapping[str, Any]) -> bool:
    """Whether a demoted copy has failed to take its primary's data, as after a split brain."""
    return judge(item, "reported").done and not judge(item, "follows").done


def owner(item: Mapping[str, Any]) -> str:
    """The plan that made it or took it over; empty: not ours."""
    return str((LABELS.read(item) or {}).get(PLAN_LABEL, ""))


def left_out(item: Mapping[str, Any], claims: Collection[str]) -> str:
    """Of a group's claims (names) those that its object does not hold, in words: it says nothing about them."""
    held = {entry["name"] for entry in VGR_CLAIMS.read_entries(item)}
    missing = sorted({*claims} - held)
    more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
    return (
        f"it does not hold {len(missing)} of {len(claims)} claims: {', '.join(missing[:SHOWN])}{more}"
        if missing
        else ""
    )


def volume_status(volume: str, item: Mapping[str, Any] | None, kind: str) -> VolumeStatus:
    """Normalised. An object that does not exist says nothing: its volume's role is unknown."""
    if item is None:
        return VolumeStatus(volume, "unknown", "unknown", "none", message=f"it has no {kind} here")
    facts = Facts(item)
    raw = {"object": f"{item['metadata']['namespace']}/{item['metadata']['name']}", "seen": describe(item)}
    if is_primary(item):
        return _primary(volume, facts, raw)
    if judge(item, "secondary").done:
        return _secondary(volume, item, facts, raw)
    health: Literal["error", "degraded"] = "error" if facts.broken or facts.terminal else "degraded"
    return VolumeStatus(volume, "unknown", health, "none", message=describe(item), raw=raw)


def _primary(volume: str, facts: Facts, raw: dict[str, Any]) -> VolumeStatus:
    why = "it does not replicate" if facts.replicating is False else "no sync was reported since it became primary"
    return VolumeStatus(
        volume,
        "primary",
        "degraded" if facts.degraded or facts.replicating is False else "healthy",
        "outgoing" if facts.sends else "none",
        last_sync=facts.last_sync,
        message="" if facts.sends else why,
        raw=raw,
    )


def _secondary(volume: str, item: Mapping[str, Any], facts: Facts, raw: dict[str, Any]) -> VolumeStatus:
    if facts.broken:
        return VolumeStatus(volume, "secondary", "error", "none", message=describe(item), raw=raw)
    if facts.synced:
        proof = "state Secondary, Degraded=False, Resyncing=False"
        return VolumeStatus(volume, "secondary", "healthy", "incoming", sync_proof=proof, raw=raw)
    if facts.resyncing:
        # the product's word for following a live primary
        return VolumeStatus(volume, "secondary", "healthy", "incoming", raw=raw)
    message = "demoted; its sync has not been reported yet"
    return VolumeStatus(volume, "secondary", "degraded", "none", message=message, raw=raw)


def _current(item: Mapping[str, Any], generation: int) -> bool:
    now = GENERATION.read(item) or 0
    return bool(now >= generation and OBSERVED.read(item) == now)


def _failure(item: Mapping[str, Any]) -> str:
    """The product's own words about what failed."""
    conditions = conditions_of(item)
    told = [
        conditions[kind]["message"]
        for kind, bad in (("Validated", "False"), ("Degraded", "True"))
        if kind in conditions and conditions[kind]["status"] == bad and conditions[kind]["reason"] != "VolumeDegraded"
    ]
    if conditions.get("Completed", {}).get("status") == "False":
        told.append(MESSAGE.read(item) or "")
    return "; ".join(dict.fromkeys(text for text in told if text))[:500]
