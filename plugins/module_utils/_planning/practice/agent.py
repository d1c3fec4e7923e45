# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VMs that a start waits for in vain: their guest agent does not speak. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ..._errors import Refused
from ..._model.finding import Finding
from ..._model.plan import Startup
from ..._model.readiness import Readiness
from ..._model.vm import protected_vm
from ..start.readiness import readiness_by_key
from ..vm.parts import Object, key_of, title


def silent_agents(vms: Mapping[str, Object], vmis: Iterable[Object], startup: Startup) -> Iterator[Finding]:
    """vms: the plan's, by key."""
    for vmi in vmis:
        vm, status = vms.get(key_of(vmi)), vmi.get("status") or {}
        true = {item["type"] for item in status.get("conditions") or () if item.get("status") == "True"}
        if vm is None or status.get("phase") != "Running" or "AgentConnected" in true:
            continue
        readiness = _readiness(vm, startup)
        if readiness is not None and readiness.agent:
            yield Finding(
                "warning",
                "AgentSilent",
                title(vm),
                "it runs and its guest agent is not connected: after a move it counts as failed when "
                f"{readiness.timeout.total_seconds():.0f} s are over",
                "install qemu-guest-agent in it, or set readiness.agent to false: of the plan, its wave or the VM",
            )


def _readiness(vm: Object, startup: Startup) -> Readiness | None:
    """None where its annotations can't be read, which the finding StartOrder says."""
    try:
        own = protected_vm(vm)
    except (ValueError, TypeError, Refused):
        return None
    return readiness_by_key([own], startup)[own.key]
