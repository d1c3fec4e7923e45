# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What we write on a DellCSIReplicationGroup, and the marks of Dell's controller that lead to it. Pure."""

from __future__ import annotations

from typing import Any, Literal

from ..._model.names import PREFIX

Object = dict[str, Any]
Action = Literal[
    "FAILOVER_REMOTE", "UNPLANNED_FAILOVER_LOCAL", "REPROTECT_LOCAL", "SWAP_LOCAL", "SUSPEND", "RESUME", "SYNC"
]

DOMAIN = "replication.storage.dell.com"
# label on a PV: the group at the same site that replicates it
GROUP_OF_PV = f"{DOMAIN}/replicationGroupName"
# annotation on a group: its counterpart at the other site
REMOTE_GROUP = f"{DOMAIN}/remoteReplicationGroupName"

# on a group that a plan switches: no other plan does then
PLAN_LABEL = f"{PREFIX}/replicates-plan"
GROUP_LABEL = f"{PREFIX}/replicates-group"


def action_patch(action: Action | Literal[""], version: str | None = None) -> Object:
    """Merge patch that asks for an action, or for none. version: what the object must still be."""
    body: Object = {"spec": {"action": action}}
    if version:
        body["metadata"] = {"resourceVersion": version}
    return body


def mark_patch(plan: str | None, group: str | None) -> Object:
    """Merge patch that takes a group for a plan, or gives it back."""
    return {"metadata": {"labels": {PLAN_LABEL: plan, GROUP_LABEL: group}}}


def example() -> Object:
    """A group as Dell's sidecar makes it; we make none."""
    return {
        "apiVersion": f"{DOMAIN}/v1",
        "kind": "DellCSIReplicationGroup",
        "metadata": {"name": "rg-1", "annotations": {REMOTE_GROUP: "rg-1"}},
        "spec": {
            "action": "",
            "driverName": "csi-powerstore.dellemc.com",
            "protectionGroupId": "local",
            "remoteClusterId": "west",
            "remoteProtectionGroupId": "remote",
        },
    }
