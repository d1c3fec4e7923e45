# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a VM or a workload stands at a site: what it is, what it is to be, and why it is not. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ..._errors import Refused
from ..._model.recorded import is_recorded
from ..._model.vm import own_power, power_record
from ..._model.vmi_state import vmi_state
from ..._model.workload import is_up, workload_key, workload_record
from .order import StartOrder

# of the messages of one VM
REASON = 300
UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Place:
    """Where in a start something is. stays_off: why it is not started, empty when it is."""

    wave: str
    priority: int
    stays_off: str


@dataclass(frozen=True)
class VmStanding:
    """recorded: the runStrategy that it gets back, None unless a run stopped it, or UNREADABLE.

    why_not: empty when it is ready.
    """

    vm: str
    power: str
    status: str
    run_strategy: str
    recorded: str | None
    ready: bool
    agent: bool
    wave: str
    priority: int
    node: str
    why_not: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class WorkloadStanding:
    """recorded: what it gets back, in words, or UNREADABLE."""

    workload: str
    recorded: str | None
    ready: bool
    wave: str
    priority: int
    why_not: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def places(order: StartOrder, priorities: Mapping[str, int]) -> dict[str, Place]:
    """By key. What stays off is in no wave."""
    found = {key: Place(wave.name, priorities[key], "") for wave in order.waves for key in wave.keys}
    return found | {key: Place("", priorities[key], why) for key, why in order.stays_off.items()}


def vm_standing(
    vm: Mapping[str, Any], vmi: Mapping[str, Any] | None, place: Place, ready: bool, agent: bool
) -> VmStanding:
    """ready: as a start wants it, which may be more than KubeVirt's."""
    meta, status = vm["metadata"], vm.get("status") or {}
    theirs = (vmi or {}).get("status") or {}
    return VmStanding(
        vm=f"{meta['namespace']}/{meta['name']}",
        power="on" if vmi is not None and theirs.get("phase") not in ("Succeeded", "Failed") else "off",
        status=status.get("printableStatus", ""),
        run_strategy=own_power(vm).run_strategy,
        recorded=_told(lambda: power_record(vm).run_strategy) if is_recorded(vm) else None,
        ready=ready,
        agent=agent,
        wave=place.wave,
        priority=place.priority,
        node=theirs.get("nodeName", ""),
        why_not="" if ready else place.stays_off or "; ".join(_reasons(status, theirs))[:REASON] or _unsaid(vmi),
    )


def workload_standing(item: Mapping[str, Any], place: Place) -> WorkloadStanding:
    ready, status = is_up(item), item.get("status") or {}
    conditions = [c["message"] for c in status.get("conditions") or [] if c.get("message") and c["status"] != "True"]
    return WorkloadStanding(
        workload=workload_key(item),
        recorded=_told(lambda: workload_record(item).shown) if is_recorded(item) else None,
        ready=ready,
        wave=place.wave,
        priority=place.priority,
        why_not="" if ready else place.stays_off or "; ".join(conditions)[:REASON] or "not all of it is available",
    )


def _told(read: Callable[[], str]) -> str:
    """One that nobody can read is no reason to show nothing of the others; what reads it to start refuses by name."""
    try:
        return read()
    except Refused:
        return UNREADABLE


def _reasons(*statuses: Mapping[str, Any]) -> Iterator[str]:
    """What conditions say that do not hold, or that tell a failure, once each."""
    said = set()
    for status in statuses:
        for condition in status.get("conditions") or []:
            text = condition.get("message")
            if text and text not in said and (condition["status"] != "True" or condition["type"] == "Failure"):
                said.add(text)
                yield text


def _unsaid(vmi: Mapping[str, Any] | None) -> str:
    if vmi is None:
        return "it has no VirtualMachineInstance"
    state = vmi_state(vmi)
    if state.ready and not state.agent:
        return "its guest agent is not connected"
    return f"its VirtualMachineInstance is {state.phase}"
