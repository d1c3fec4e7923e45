# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a plan's VMs is left at a site and could still write (P1, P3)."""

from __future__ import annotations

from collections.abc import Mapping

from .._cluster.api import Api, Object
from .._cluster.kinds import POD, PVC, VMI, VOLUME_ATTACHMENT
from .._model.plan import Plan
from .._model.vm import claim_names
from .protected import key_of, list_vms

VM_NAME_LABEL = "vm.kubevirt.io/name"


def remains_at(plan: Plan, api: Api) -> list[str]:
    """`remains` of all the plan's VMs at a site."""
    return remains(plan, api, list_vms(plan, api))


def remains(plan: Plan, api: Api, vms: Mapping[str, Object]) -> list[str]:
    """What of the plan's VMs could still write: VMIs, launcher, migration and hotplug pods, VolumeAttachments."""
    found = [
        f"VirtualMachineInstance/{key_of(item)}"
        for namespace in plan.namespaces
        for item in api.list(VMI, namespace)
        if key_of(item) in vms
    ]
    for namespace in plan.namespaces:
        used = {name for key, vm in vms.items() if key.startswith(f"{namespace}/") for name in claim_names(vm)}
        for pod in api.list(POD, namespace):
            if pod.get("status", {}).get("phase") in ("Succeeded", "Failed"):
                continue
            name = (pod["metadata"].get("labels") or {}).get(VM_NAME_LABEL)
            claims = {
                v["persistentVolumeClaim"]["claimName"]
                for v in pod["spec"].get("volumes", [])
                if "persistentVolumeClaim" in v
            }
            if f"{namespace}/{name}" in vms or claims & used:
                found.append(f"Pod/{key_of(pod)}")
    return found + _attachments(plan, api, vms)


def _attachments(plan: Plan, api: Api, vms: Mapping[str, Object]) -> list[str]:
    claims = {f"{vm['metadata']['namespace']}/{name}" for vm in vms.values() for name in claim_names(vm)}
    volumes = {
        item["spec"].get("volumeName")
        for namespace in plan.namespaces
        for item in api.list(PVC, namespace)
        if key_of(item) in claims
    }
    return [
        f"VolumeAttachment/{item['metadata']['name']}"
        for item in api.list(VOLUME_ATTACHMENT)
        if item["spec"].get("source", {}).get("persistentVolumeName") in volumes
    ]
