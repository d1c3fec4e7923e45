# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a VolumeReplicationGroup says of a group at one managed cluster, and what that amounts to. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._model.group_status import Health, Role
from ..custom_resource import FieldPath
from .conditions import CONDITIONS, GENERATION, condition, fails, holds, holds_where_known, told
from .objects import DESTINATION

Item = Mapping[str, Any]

ANNOTATIONS = FieldPath("metadata.annotations")
DELETION = FieldPath("metadata.deletionTimestamp")
ASKED = FieldPath("spec.replicationState")
ACTION = FieldPath("spec.action")
# a test failover of the product's: the copy is primary meanwhile, and is thrown back after it
DRY_RUN = FieldPath("spec.dryRun")
OBSERVED = FieldPath("status.observedGeneration")
STATE = FieldPath("status.state")
LAST_SYNC = FieldPath("status.lastGroupSyncTime")
PROTECTED = FieldPath("status.protectedPVCs", ("namespace", "name"))
FIELDS = (
    CONDITIONS,
    GENERATION,
    ANNOTATIONS,
    DELETION,
    ASKED,
    ACTION,
    DRY_RUN,
    OBSERVED,
    STATE,
    LAST_SYNC,
    PROTECTED,
)
ROLES: Mapping[tuple[str, str], Role] = {("primary", "Primary"): "primary", ("secondary", "Secondary"): "secondary"}
# in the order in which they matter to a person
TOLD = ("DataReady", "DataProtected", "ClusterDataReady", "ClusterDataProtected", "KubeObjectsReady")
CONFLICT, REPLICATING = "NoClusterDataConflict", "ReplicationHealthy"


def cluster_of(item: Item) -> str:
    """What Ramen calls the cluster where it is; empty where its version does not say so."""
    return str((ANNOTATIONS.read(item) or {}).get(DESTINATION) or "")


def role(item: Item) -> Role:
    """Who may write. What is asked for and what is reached have to agree, of the same generation."""
    if DELETION.read(item) or DRY_RUN.read(item) or OBSERVED.read(item) != GENERATION.read(item):
        return "unknown"
    return ROLES.get((ASKED.read(item) or "", STATE.read(item) or ""), "unknown")


def is_asked_to_be(item: Item | None, wanted: str) -> bool:
    return item is not None and ASKED.read(item) == wanted


def is_restored(item: Item) -> bool:
    """Primary with all that Ramen brings: the phase of the hub says so before."""
    ready = holds(item, "DataReady") and holds(item, "ClusterDataReady") and holds_where_known(item, "KubeObjectsReady")
    return role(item) == "primary" and ready


def may_leave(item: Item) -> bool:
    """Whether Ramen would begin a relocation from here: without these it waits and does not say for how long."""
    return role(item) == "primary" and holds(item, "DataReady") and holds(item, "ClusterDataProtected")


def is_given_up(item: Item) -> bool:
    """Secondary by a relocation, with all data at the peer."""
    return role(item) == "secondary" and ACTION.read(item) == "Relocate" and holds(item, "DataProtected")


def follows_since(item: Item) -> bool:
    """Secondary by a relocation, and a copy of its peer by now: Ramen takes DataProtected back for that."""
    said = condition(item, "DataProtected")
    following = said is not None and said["reason"] == "Replicating"
    return role(item) == "secondary" and ACTION.read(item) == "Relocate" and following


def was_forced(item: Item) -> bool:
    return bool(ACTION.read(item) == "Failover")


def protected(item: Item) -> frozenset[str]:
    """Its claims as namespace/name. An older Ramen names no namespace where it is the group's own."""
    own = item["metadata"]["namespace"]
    return frozenset(f"{entry['namespace'] or own}/{entry['name']}" for entry in PROTECTED.read_entries(item))


def health(item: Item) -> Health:
    found = role(item)
    if found == "unknown":
        ready = condition(item, "DataReady")
        return "error" if DRY_RUN.read(item) or (ready and ready["reason"] == "Error") else "unknown"
    if fails(item, CONFLICT):
        return "error"
    weak = fails(item, REPLICATING) or not holds(item, "DataReady")
    return "degraded" if weak or (found == "primary" and not holds(item, "ClusterDataProtected")) else "healthy"


def describe(item: Item) -> str:
    """The state in words, for messages."""
    words = [f"asked to be {ASKED.read(item) or 'nothing'}", f"state {STATE.read(item) or 'none'}"]
    if action := ACTION.read(item):
        words.append(f"by {action}")
    if DRY_RUN.read(item):
        words.append("in a test failover of Ramen's")
    if DELETION.read(item):
        words.append("being deleted")
    if OBSERVED.read(item) != GENERATION.read(item):
        words.append("not taken up yet")
    wrong = [text for name in TOLD if not holds(item, name) for text in told(item, name)]
    return ", ".join(
        [*words, *wrong, *(text for name in (CONFLICT, REPLICATING) if fails(item, name) for text in told(item, name))]
    )
