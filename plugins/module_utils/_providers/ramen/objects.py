# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What we write on a DRPlacementControl, and the marks of Ramen that lead to things. Pure."""

from __future__ import annotations

from typing import Any, Literal

from ..ownership import GROUP_LABEL, PLAN_LABEL

Object = dict[str, Any]
Action = Literal["Failover", "Relocate"]

DOMAIN = "ramendr.openshift.io"
# annotation on a DRPlacementControl: the managed cluster where its application was placed last
LAST_PLACED = f"drplacementcontrol.{DOMAIN}/last-app-deployment-cluster"

# annotation on a VolumeReplicationGroup: the managed cluster that the hub made it at
DESTINATION = f"drplacementcontrol.{DOMAIN}/destination-cluster"


def order_patch(action: Action, cluster: str, version: str) -> Object:
    """Merge patch that orders an action. version: what the object must still be."""
    goes_to = "failoverCluster" if action == "Failover" else "preferredCluster"
    return {"metadata": {"resourceVersion": version}, "spec": {"action": action, goes_to: cluster}}


def mark_patch(plan: str | None, group: str | None) -> Object:
    """Merge patch that takes a DRPlacementControl for a plan, or gives it back."""
    return {"metadata": {"labels": {PLAN_LABEL: plan, GROUP_LABEL: group}}}


def example() -> Object:
    """As a person or a console makes one; we make none."""
    return {
        "apiVersion": f"{DOMAIN}/v1alpha1",
        "kind": "DRPlacementControl",
        "metadata": {"name": "payroll", "namespace": "default"},
        "spec": {
            "drPolicyRef": {"name": "east-west"},
            "placementRef": {"kind": "Placement", "name": "payroll"},
            "preferredCluster": "east",
            "protectedNamespaces": ["payroll"],
            "pvcSelector": {"matchLabels": {"dr.ocpvirt.io/plan": "payroll"}},
        },
    }
