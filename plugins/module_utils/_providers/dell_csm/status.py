# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a DellCSIReplicationGroup says of itself, and what that amounts to. Pure.

The link's state and side are the array's answer, copied by a monitor once a minute or by an action when it has ended.
The state beside it is of the last action only, and stays Error where the array has done what it was asked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..._model.group_status import Direction, GroupStatus, Health, Role
from ..custom_resource import FieldPath
from .objects import PLAN_LABEL, REMOTE_GROUP

Item = Mapping[str, Any]

DELETION = FieldPath("metadata.deletionTimestamp")
LABELS = FieldPath("metadata.labels")
ANNOTATIONS = FieldPath("metadata.annotations")
DRIVER = FieldPath("spec.driverName")
ASKED = FieldPath("spec.action")
REMOTE_CLUSTER = FieldPath("spec.remoteClusterId")
LOCAL_ID = FieldPath("spec.protectionGroupId")
REMOTE_ID = FieldPath("spec.remoteProtectionGroupId")
STATE = FieldPath("status.state")
LINK = FieldPath("status.replicationLinkState.state")
IS_SOURCE = FieldPath("status.replicationLinkState.isSource")
# when the monitor looked: no moment of any data
POLLED = FieldPath("status.replicationLinkState.lastSuccessfulUpdate")
LINK_ERROR = FieldPath("status.replicationLinkState.errorMessage")
LAST_CONDITION = FieldPath("status.lastAction.condition")
LAST_TIME = FieldPath("status.lastAction.time")
LAST_ERROR = FieldPath("status.lastAction.errorMessage")
# newest first
CONDITIONS = FieldPath("status.conditions", ("condition", "time"))
FIELDS = (
    DELETION,
    LABELS,
    ANNOTATIONS,
    DRIVER,
    ASKED,
    REMOTE_CLUSTER,
    LOCAL_ID,
    REMOTE_ID,
    STATE,
    LINK,
    IS_SOURCE,
    POLLED,
    LINK_ERROR,
    LAST_CONDITION,
    LAST_TIME,
    LAST_ERROR,
    CONDITIONS,
)

REPLICATING = ("SYNCHRONIZED", "SYNC_IN_PROGRESS")
FAILED_OVER = "FAILEDOVER"
# whether a failover turns the sides at once; else the copy that was failed over to goes on calling itself no source
# until it is reprotected. Of other drivers nobody knows who may write after a failover
TURNS_AT_FAILOVER = {
    "csi-powerstore.dellemc.com": True,
    "csi-powermax.dellemc.com": False,
    "csi-vxflexos.dellemc.com": False,
    "csi-isilon.dellemc.com": False,
}
SWITCHES = ("FAILOVER", "FAILBACK", "REPROTECT", "SWAP")
IN_PROGRESS = "_IN_PROGRESS"
_ACTION = re.compile(r"Action (\w+) (succeeded|failed)")


@dataclass(frozen=True)
class Ended:
    """An action that the product reports to have ended."""

    action: str
    succeeded: bool


def pending(item: Item) -> str:
    """The action that is asked for or under way; empty when there is none."""
    state = STATE.read(item) or ""
    return state.removesuffix(IN_PROGRESS) if state.endswith(IN_PROGRESS) else (ASKED.read(item) or "").upper()


def is_under_way(item: Item) -> bool:
    """Whether the sidecar has taken the action up; it cannot be withdrawn then."""
    return bool((STATE.read(item) or "").endswith(IN_PROGRESS))


def last_switch(item: Item) -> Ended | None:
    """The newest action of this site that was to change who may write."""
    told = [entry["condition"] for entry in CONDITIONS.read_entries(item)] or [LAST_CONDITION.read(item)]
    return next((ended for text in told if (ended := _ended(text)) and _is_switch(ended.action)), None)


def last_action(item: Item) -> Ended | None:
    return _ended(LAST_CONDITION.read(item))


def marks(item: Item) -> tuple[Any, ...]:
    """What every action that ends leaves changed; to be compared with what was seen before, and with no clock."""
    told = [
        (entry["condition"], entry["time"]) for entry in CONDITIONS.read_entries(item) if _ended(entry["condition"])
    ]
    return LAST_CONDITION.read(item) or "", LAST_TIME.read(item), told


def role(item: Item) -> Role:
    """Who may write, by the array's answer; unknown while a switch is asked for or under way."""
    link, source = LINK.read(item), IS_SOURCE.read(item)
    if DELETION.read(item) or source is None or _is_switch(pending(item)):
        return "unknown"
    if link == FAILED_OVER:
        turns = TURNS_AT_FAILOVER.get(DRIVER.read(item) or "")
        return "unknown" if turns is None else "primary" if source == turns else "secondary"
    if link in (*REPLICATING, "SUSPENDED", "INVALID"):
        return "primary" if source else "secondary"
    return "unknown"


def replicates(item: Item) -> bool:
    return LINK.read(item) in REPLICATING and role(item) != "unknown"


def is_paused(item: Item) -> bool:
    return bool(LINK.read(item) == "SUSPENDED")


def is_given_up(item: Item) -> bool:
    """Whether a planned switch, the last one of this site, has made the copy secondary. An error that the action
    reports proves nothing against what the array says."""
    ended = last_switch(item)
    return role(item) == "secondary" and ended is not None and ended.action == "FAILOVER_REMOTE"


def was_forced(item: Item) -> bool:
    """Whether the last switch of this site was a forced promotion."""
    ended = last_switch(item)
    return ended is not None and ended.action.startswith("UNPLANNED_FAILOVER")


def owner(item: Item) -> str:
    """The plan that switches it; empty when none does."""
    return str((LABELS.read(item) or {}).get(PLAN_LABEL, ""))


def remote_name(item: Item) -> str:
    """Of the counterpart at the other site; empty while the controller has not made one."""
    return str((ANNOTATIONS.read(item) or {}).get(REMOTE_GROUP, ""))


def describe(item: Item) -> str:
    """The state in words, for messages."""
    source = IS_SOURCE.read(item)
    words = [
        f"state {STATE.read(item) or 'none'}",
        f"link {LINK.read(item) or 'none'}",
        "no side reported" if source is None else "source" if source else "not source",
    ]
    if asked := ASKED.read(item):
        words.append(f"asked for {asked}")
    if polled := POLLED.read(item):
        words.append(f"looked at {polled}")
    told = [LAST_CONDITION.read(item), LINK_ERROR.read(item)]
    return ", ".join([*words, *(text[:300] for text in told if text)])


def group_status(group: str, site: str, item: Item) -> GroupStatus:
    """Normalised. There is never a last_sync: the product tells no moment of the newest data at the secondary."""
    found = role(item)
    flows = replicates(item)
    directions: dict[Role, Direction] = {"primary": "outgoing", "secondary": "incoming"}
    health = _health(item)
    proof = f"{last_switch_words(item)}; link {LINK.read(item)}" if is_given_up(item) and not flows else ""
    return GroupStatus(
        group,
        site,
        role=found,
        health=health,
        direction=directions.get(found, "none") if flows else "none",
        sync_proof=proof,
        message="" if health == "healthy" else describe(item),
        raw={"object": item["metadata"]["name"], "seen": describe(item)},
    )


def last_switch_words(item: Item) -> str:
    ended = last_switch(item)
    if ended is None:
        return "no switch reported"
    return f"Action {ended.action} {'succeeded' if ended.succeeded else 'reported an error'}"


def _health(item: Item) -> Health:
    if role(item) == "unknown":
        return "unknown" if pending(item) else "error"
    if LINK.read(item) == "INVALID":
        return "error"
    if LINK.read(item) == FAILED_OVER and role(item) == "secondary" and not is_given_up(item):
        return "diverged"
    return "healthy" if replicates(item) and STATE.read(item) != "Error" else "degraded"


def _ended(text: str | None) -> Ended | None:
    found = _ACTION.match(text or "")
    return Ended(found[1].upper(), found[2] == "succeeded") if found else None


def _is_switch(action: str) -> bool:
    return any(word in action for word in SWITCHES) and not action.startswith("TEST_")
