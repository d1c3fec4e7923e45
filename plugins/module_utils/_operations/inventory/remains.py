# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a plan's VMs and workloads is left at a site and could still write (P1, P3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..._cluster.api import Api, Object
from ..._cluster.kinds import POD, PVC, VMI, VOLUME_ATTACHMENT
from ..._errors import DrError
from ..._model.plan import Plan
from ..._model.pod_template import by_replica, named_claims, used_claims
from ..._model.vm import claim_names
from ..._model.vm_needs import state_claims
from ..._model.workload import ENDED, is_stopped, pods_of, workload_key
from ..._planning.guards.promotion import UNSEEN
from ..plan.sites import Reach, tells_nothing
from .protected import key_of, list_vms
from .workloads import Workloads, list_workloads

VM_NAME_LABEL = "vm.kubevirt.io/name"


def remains_at(plan: Plan, api: Api) -> list[str]:
    """`remains` of all that the plan selects at a site."""
    return remains(plan, api, list_vms(plan, api), list_workloads(plan, api))


def seen_left(plan: Plan, there: Reach) -> list[str] | None:
    """`remains_at` of a site that was declared lost, if it answers; None when it does not, or not any more.

    Who refuses a request, be it the first, is no dead site: what it does not show is left. One whose server is broken
    shows nothing.
    """
    if there.api is None:
        return [f"{UNSEEN}: {there.message}"] if there.refuses else None
    try:
        return remains_at(plan, there.api)
    except DrError as error:
        return None if tells_nothing(error) else [f"{UNSEEN}: {error}"]


def machines_at(plan: Plan, api: Api) -> list[str]:
    """`remains` of the plan's VMs alone, for a site where it does not live: workloads there are looked at apart."""
    return remains(plan, api, list_vms(plan, api), Workloads())


def remains(plan: Plan, api: Api, vms: Mapping[str, Object], workloads: Workloads) -> list[str]:
    """What of the plan could still write: VMIs, pods of VMs, of workloads or with a claim of theirs, VolumeAttachments.

    A workload that asks for pods is named too: it may make one at any moment.
    """
    found = [
        f"VirtualMachineInstance/{key_of(item)}"
        for namespace in plan.namespaces
        for item in api.list(VMI, namespace)
        if key_of(item) in vms
    ]
    found += [workload_key(item) for item in workloads.writers if not is_stopped(item)]
    claims = {key_of(item): item for namespace in plan.namespaces for item in api.list(PVC, namespace)}
    used = _used_claims(claims, vms, workloads.writers)
    pods = [pod for namespace in plan.namespaces for pod in api.list(POD, namespace)]
    of_workloads = {key_of(pod) for pod in pods_of(workloads.writers, pods)}
    for pod in pods:
        if pod.get("status", {}).get("phase") in ENDED:
            continue
        key, namespace = key_of(pod), pod["metadata"]["namespace"]
        vm = (pod["metadata"].get("labels") or {}).get(VM_NAME_LABEL)
        mounted = {f"{namespace}/{name}" for name in named_claims(pod["spec"])}
        if key in of_workloads or f"{namespace}/{vm}" in vms or mounted & used:
            found.append(f"Pod/{key}")
    # neither a claim that is not bound yet nor an inline volume has the name of a PV
    volumes = {claims[key]["spec"].get("volumeName") for key in used & claims.keys()} - {None, ""}
    return found + [
        f"VolumeAttachment/{item['metadata']['name']}"
        for item in api.list(VOLUME_ATTACHMENT)
        if item["spec"].get("source", {}).get("persistentVolumeName") in volumes
    ]


def _used_claims(
    claims: Mapping[str, Object], vms: Mapping[str, Object], workloads: Iterable[Mapping[str, Any]]
) -> set[str]:
    """Keys; those that a pod may mount although the claim is gone are among them."""
    used = {f"{vm['metadata']['namespace']}/{name}" for vm in vms.values() for name in claim_names(vm)}
    used |= {claim for vm, states in state_claims(claims).items() if vm in vms for claim in states}
    replicas = by_replica(claims)
    return used.union(*(used_claims(item, replicas) for item in workloads))
