# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a DRPlacementControl says at the hub, and what that amounts to. Pure.

Traps of it: phases FailedOver and Relocated come before Ramen has ended; observedGeneration follows the phase and not
the order, so only the conditions tell whether an order was taken up; an earlier action's phase looks like this one's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..custom_resource import FieldPath
from ..ownership import PLAN_LABEL
from .conditions import CONDITIONS, GENERATION, condition, fails, held, holds, told
from .objects import LAST_PLACED

Item = Mapping[str, Any]
Order = tuple[str, str]

DELETION = FieldPath("metadata.deletionTimestamp")
LABELS = FieldPath("metadata.labels")
ANNOTATIONS = FieldPath("metadata.annotations")
ACTION = FieldPath("spec.action")
PREFERRED = FieldPath("spec.preferredCluster")
FAILOVER = FieldPath("spec.failoverCluster")
DRY_RUN = FieldPath("spec.dryRun")
PHASE = FieldPath("status.phase")
PROGRESSION = FieldPath("status.progression")
SYNCED = FieldPath("status.lastGroupSyncTime")
FIELDS = (
    CONDITIONS,
    GENERATION,
    DELETION,
    LABELS,
    ANNOTATIONS,
    ACTION,
    PREFERRED,
    FAILOVER,
    DRY_RUN,
    PHASE,
    PROGRESSION,
    SYNCED,
)
ENDED = ("Deployed", "FailedOver", "Relocated")
CLEAN_UP = "WaitOnUserToCleanUp"
# what a person can do where Ramen waits
REMEDIES = {
    CLEAN_UP: "remove the application where it was while the hub shows that word, and never after the run was rolled"
    " back: its VMs, then the claims that stay. Ramen keeps their volumes, and goes on by itself; a claim that is"
    " deleted while its copy is primary is no longer replicated",
    "WaitForFencing": "fence the cluster that was lost: spec.clusterFence of its DRCluster",
    "WaitForStorageMaintenanceActivation": "look at status.maintenanceModes of the DRCluster that it fails over to",
    "WaitingForResourceRestore": "look at the VolumeReplicationGroup there: Ramen restores from its S3 store",
    "WaitForReadiness": "look at the conditions of the VolumeReplicationGroup there",
    "Paused": "the hub was recovered, and Ramen wants to know where the application is to run: see its conditions",
}
ELSE = "look at the DRPlacementControl's conditions and at the log of ramen-hub-operator"


def asked(item: Item) -> Order:
    """Action and cluster that are ordered; no action where it was only placed."""
    action = str(ACTION.read(item) or "")
    return action, str((FAILOVER if action == "Failover" else PREFERRED).read(item) or "")


def is_taken_up(item: Item) -> bool:
    """Whether the hub's operator has answered to what is ordered now."""
    return condition(item, "Available") is not None


def is_settled(item: Item) -> bool:
    """Ended, with the other cluster cleaned up and following."""
    return _has_ended(item) and holds(item, "Available") and holds(item, "PeerReady")


def is_untouched(item: Item) -> bool:
    """Settled before the last order, which nobody has taken up."""
    return _has_ended(item) and not is_taken_up(item) and held(item, "Available") and held(item, "PeerReady")


def is_failed_over(item: Item) -> bool:
    """As far as the hub says: never without a look at the group there."""
    return PHASE.read(item) == "FailedOver" and is_taken_up(item)


def is_relocated(item: Item, cluster: str) -> bool:
    """Ended there, which Ramen does only after it has seen DataProtected where the application was."""
    return asked(item) == ("Relocate", cluster) and PHASE.read(item) == "Relocated" and is_settled(item)


def is_unprotected(item: Item) -> bool:
    return fails(item, "Protected")


def is_tested(item: Item) -> bool:
    return bool(DRY_RUN.read(item))


def placed_at(item: Item) -> str:
    """The cluster where its application was placed last; empty where that is not told."""
    return str((ANNOTATIONS.read(item) or {}).get(LAST_PLACED) or "")


def owner(item: Item) -> str:
    """The plan that moves it; empty when none does."""
    return str((LABELS.read(item) or {}).get(PLAN_LABEL, ""))


def _has_ended(item: Item) -> bool:
    return PHASE.read(item) in ENDED and PROGRESSION.read(item) == "Completed" and not DELETION.read(item)


def remedy(item: Item) -> str:
    return REMEDIES.get(str(PROGRESSION.read(item) or ""), ELSE)


def describe(item: Item) -> str:
    """The state in words, for messages."""
    action, cluster = asked(item)
    words = [
        f"{action or 'placement'} to {cluster or 'no cluster'}",
        f"phase {PHASE.read(item) or 'none'}",
        f"progression {PROGRESSION.read(item) or 'none'}",
    ]
    if not is_taken_up(item):
        words.append("not taken up by the hub's operator")
    if is_tested(item):
        words.append("dryRun is set")
    if DELETION.read(item):
        words.append("being deleted")
    return ", ".join([*words, *told(item, "Available", "PeerReady", "Protected")])
