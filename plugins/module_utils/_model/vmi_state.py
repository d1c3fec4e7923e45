# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a start needs of a VirtualMachineInstance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# phases of a VMI that starts nothing any more
ENDED = ("Succeeded", "Failed")


@dataclass(frozen=True, slots=True)
class VmiState:
    """Ready to serve, and if not, why. addresses: of its interfaces by their names, KubeVirt's order.

    created: by the API server's clock. node: where its pod is, empty until it was scheduled. deleted: on its way out.
    """

    ready: bool
    agent: bool
    phase: str
    reason: str
    addresses: Mapping[str, str]
    created: str = ""
    node: str = ""
    deleted: bool = False

    @property
    def lasts(self) -> bool:
        """Whether it runs or may come to it."""
        return not self.deleted and self.phase not in ENDED

    def is_up(self, agent: bool) -> bool:
        return self.ready and (self.agent or not agent)

    def address(self, network: str | None) -> str | None:
        """Of that interface, or of the first that has one."""
        if network is not None:
            return self.addresses.get(network)
        return next(iter(self.addresses.values()), None)


def vmi_state(vmi: Mapping[str, Any]) -> VmiState:
    status = vmi.get("status", {})
    conditions = {item["type"]: item for item in status.get("conditions", [])}

    def is_true(name: str) -> bool:
        return bool(conditions.get(name, {}).get("status") == "True")

    deleted = "deletionTimestamp" in vmi["metadata"]
    return VmiState(
        ready=is_true("Ready") and status.get("phase") == "Running" and not deleted,
        agent=is_true("AgentConnected"),
        phase=status.get("phase", "Pending"),
        reason=conditions.get("Ready", {}).get("message", ""),
        # some guest agents report the prefix's length too. What has no name is inside the guest, as a bridge of its
        # containers, with an address that the prober may have as well
        addresses={
            item["name"]: item["ipAddress"].partition("/")[0]
            for item in status.get("interfaces", [])
            if item.get("name") and item.get("ipAddress")
        },
        created=vmi["metadata"].get("creationTimestamp", ""),
        # nodeName is there only when the pod runs
        node=status.get("nodeName") or next(filter(None, (status.get("activePods") or {}).values()), ""),
        deleted=deleted,
    )
