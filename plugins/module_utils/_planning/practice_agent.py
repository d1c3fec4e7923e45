# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VMs that a start waits for in vain: their guest agent does not speak. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from .._model.finding import Finding
from .._model.plan import Readiness
from .vm_parts import Object, key_of, title


def silent_agents(vms: Mapping[str, Object], vmis: Iterable[Object], readiness: Readiness) -> Iterator[Finding]:
    """vms: the plan's, by key."""
    if not readiness.agent:
        return
    for vmi in vmis:
        vm, status = vms.get(key_of(vmi)), vmi.get("status") or {}
        true = {item["type"] for item in status.get("conditions") or () if item.get("status") == "True"}
        if vm is not None and status.get("phase") == "Running" and "AgentConnected" not in true:
            yield Finding(
                "warning",
                "AgentSilent",
                title(vm),
                "it runs and its guest agent is not connected: after a move it counts as failed when "
                f"{readiness.timeout.total_seconds():.0f} s are over",
                "install qemu-guest-agent in it, or set startup.readiness.agent to false",
            )
