# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a start is about: the VMs and workloads of its run, and the gates that are open for it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from ..._cluster.api import Api, Object
from ..._cluster.bulk import together
from ..._cluster.kinds import VM
from ..._model.plan import Plan
from ..._model.vm import POWER_STATUS
from ..._planning.start.gates import check_gates, gates_of
from ..inventory.protected import Protected, key_of
from ..inventory.workloads import Workloads, list_workloads
from ..run.session import Session

# what the run's record calls the gates that were opened
GATES = "open-gates"
KEPT = ("name", "namespace", "uid", "labels", "annotations", "ownerReferences")


def open_gates(session: Session, site: str, given: Collection[str]) -> set[str]:
    waves = session.plan.startup.waves
    if site != session.target:
        # what is given back had passed its gates
        return set(gates_of(waves))
    check_gates(waves, given)
    opened = set(session.load(GATES) or ())
    if not opened.issuperset(given):
        opened.update(given)
        session.put(GATES, sorted(opened))
    return opened


def list_of_start(plan: Plan, api: Api) -> Protected:
    """The VirtualMachines that the plan selects, as far as a start needs them, and its workloads."""
    vms, workloads = together(lambda: _list_vms(plan, api), lambda: list_workloads(plan, api))
    return Protected(vms, workloads=workloads)


def _list_vms(plan: Plan, api: Api) -> dict[str, Object]:
    query = plan.selector.to_query() or None
    found = (api.list(VM, namespace, labels=query, keep=of_start) for namespace in plan.namespaces)
    return {key_of(vm): vm for vms in found for vm in vms}


def of_start(vm: Mapping[str, Any]) -> Object:
    """What a start needs of a VM: the whole of ten thousand would fill the memory of a small controller."""
    meta, template = vm["metadata"], vm["spec"]["template"]["spec"]
    spec = {key: vm["spec"][key] for key in ("running", "runStrategy") if key in vm["spec"]}
    pod = {key: template[key] for key in ("volumes", "nodeSelector") if key in template}
    return {
        "metadata": {key: meta[key] for key in KEPT if key in meta},
        "spec": {**spec, "template": {"spec": pod}},
        "status": {key: vm["status"][key] for key in POWER_STATUS if key in vm.get("status", {})},
    }


def of_run(session: Session, site: str, found: Callable[[], Protected]) -> tuple[Mapping[str, Object], Workloads]:
    """Of what is found there; at a target only what the capture holds: the rest was given up where the plan lived."""
    listed, captured = together(found, lambda: session.load("capture") if site == session.target else None)
    if captured is None:
        return listed.vms, listed.workloads
    workloads = listed.workloads
    selected = _only(workloads.selected, captured.get("workloads", []))
    return _only(listed.vms, captured["vms"]), Workloads(selected, workloads.jobs, workloads.foreign)


def _only(items: Mapping[str, Object], keys: Iterable[str]) -> dict[str, Object]:
    wanted = set(keys)
    return {key: item for key, item in items.items() if key in wanted}
