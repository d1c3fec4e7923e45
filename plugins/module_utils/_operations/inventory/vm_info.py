# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a plan's VMs and workloads stand at a site: one list per kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..._cluster.api import Api, Object
from ..._cluster.kinds import VMI
from ..._errors import Refused, Unreachable
from ..._model.plan import Plan
from ..._model.readiness import Readiness
from ..._model.vm import ProtectedVm, protected_vm
from ..._model.vmi_state import vmi_state
from ..._planning.start.order import StartOrder, order_start
from ..._planning.start.readiness import readiness_by_key
from ..._planning.start.standing import (
    Place,
    VmStanding,
    WorkloadStanding,
    places,
    vm_standing,
    workload_standing,
)
from ..entry import bounded
from ..plan.sites import reach
from ..stop.latch_closing import latch_is_closed
from .protected import key_of, list_vms, start_records
from .workloads import Workloads, list_workloads, workload_records

# of a result of at most 64 KB
VMS_BYTES, WORKLOADS_BYTES = 40_000, 16_000
NOWHERE = Place("", 0, "")


@dataclass(frozen=True)
class Look:
    """One look at a site. order: None where the annotations give none; problem: why."""

    vms: Mapping[str, Object]
    workloads: Workloads
    standing: Sequence[VmStanding]
    workloads_standing: Sequence[WorkloadStanding]
    order: StartOrder | None
    problem: str = ""


def vm_info(plan: Plan, site: str) -> dict[str, Any]:
    """Everything of the plan at a site; what is not ready and ought to be comes first, as lists are cut."""
    there = reach(plan, site)
    if there.api is None:
        raise Unreachable(
            "look at the VMs", site=site, seen=there.message, next_step=f"bring {site} back, or look at the other site"
        )
    seen = look(plan, there.api)
    vms = [item.as_dict() for item in sorted(seen.standing, key=lambda item: (*_urgent(item), item.vm))]
    workloads = [
        item.as_dict() for item in sorted(seen.workloads_standing, key=lambda item: (*_urgent(item), item.workload))
    ]
    shown = bounded(vms, size=VMS_BYTES), bounded(workloads, size=WORKLOADS_BYTES)
    return {
        "changed": False,
        "site": site,
        "latch_closed": latch_is_closed(plan, there.api),
        "counts": {
            "vms": len(vms),
            "on": sum(item["power"] == "on" for item in vms),
            "ready": sum(item["ready"] for item in vms),
            "to_run": sum(bool(item["wave"]) for item in vms),
            "workloads": len(workloads),
            "workloads_ready": sum(item["ready"] for item in workloads),
        },
        "vms": shown[0],
        "workloads": shown[1],
        "left_out": len(vms) + len(workloads) - len(shown[0]) - len(shown[1]),
        "order_problem": seen.problem,
    }


def look(plan: Plan, api: Api) -> Look:
    """One list per kind and namespace."""
    vms, workloads = list_vms(plan, api), list_workloads(plan, api)
    vmis = {key_of(vmi): vmi for namespace in plan.namespaces for vmi in api.list(VMI, namespace)}
    order, found, problem = _order(plan, vms, workloads)
    wanted = _readiness(plan, vms)
    standing = [_standing(vm, vmis.get(key), found.get(key, NOWHERE), wanted[key].agent) for key, vm in vms.items()]
    others = [workload_standing(item, found.get(key, NOWHERE)) for key, item in workloads.selected.items()]
    return Look(vms, workloads, standing, others, order, problem)


def _order(
    plan: Plan, vms: Mapping[str, Object], workloads: Workloads
) -> tuple[StartOrder | None, Mapping[str, Place], str]:
    try:
        records = [*start_records(vms), *workload_records(workloads.selected.values())]
        order = order_start(records, plan.startup.waves)
    except Refused as error:
        return None, {}, str(error)
    return order, places(order, {record.key: record.priority for record in records}), ""


def _readiness(plan: Plan, vms: Mapping[str, Object]) -> dict[str, Readiness]:
    """By key, as a start wants it. The plan's for a VM whose annotations can't be read, of which `_order` tells."""
    readable = [own for vm in vms.values() if (own := _readable(vm)) is not None]
    return dict.fromkeys(vms, plan.startup.readiness) | readiness_by_key(readable, plan.startup)


def _readable(vm: Object) -> ProtectedVm | None:
    try:
        return protected_vm(vm)
    except (ValueError, TypeError, Refused):
        return None


def _standing(vm: Object, vmi: Object | None, place: Place, agent: bool) -> VmStanding:
    """agent: whether it is ready only with its guest agent. Nothing is probed, and no delay is waited for."""
    if vmi is None:
        return vm_standing(vm, None, place, ready=False, agent=False)
    state = vmi_state(vmi)
    return vm_standing(vm, vmi, place, state.is_up(agent), state.agent)


def _urgent(item: VmStanding | WorkloadStanding) -> tuple[bool, int]:
    return item.ready or not item.wave, item.priority


def unready(items: Iterable[VmStanding | WorkloadStanding]) -> bool:
    """Whether anything that is to run does not, or still has a record that a start takes off."""
    return any(item.wave and (not item.ready or item.recorded is not None) for item in items)
