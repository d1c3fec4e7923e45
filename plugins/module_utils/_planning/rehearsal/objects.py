# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A capture as it is restored for a rehearsal: other namespaces, no way out, nothing that others see. Pure."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..._model.capture import Capture
from ..._model.names import DEPENDS_ON, READINESS, START_AFTER, protected_label
from ..._model.plan import Plan
from ..._model.pod_template import pod_template
from ..._model.workload import captured_workloads, workload_key
from ..vm.identity import identity_kept, without_addresses
from .isolation import bubble_name
from .place import FROM_OUTSIDE, relabelled, spaces_of

Object = dict[str, Any]

VMS = "virtualmachines.kubevirt.io"
SERVICES = "services"
# what VMs need to start; all else stays in the capture: Routes, policies and quotas are about the world outside
NEEDED = (
    "serviceaccounts",
    "secrets",
    "configmaps",
    "virtualmachineinstancetypes.instancetype.kubevirt.io",
    "virtualmachinepreferences.instancetype.kubevirt.io",
    "controllerrevisions.apps",
    SERVICES,
)
# made anew by other steps, or of no use without the original
ELSEWHERE = ("namespaces", "persistentvolumes", "persistentvolumeclaims", "datavolumes.cdi.kubevirt.io")
# of a Service: how somebody outside reaches it
OUTSIDE = (
    "externalIPs",
    "externalTrafficPolicy",
    "loadBalancerClass",
    "loadBalancerIP",
    "loadBalancerSourceRanges",
    "allocateLoadBalancerNodePorts",
)
# volumes of pods that hold nothing of anybody else's; a kubelet mounts others whatever a policy says
OWN_VOLUMES = {"configMap", "secret", "emptyDir", "downwardAPI", "projected", "persistentVolumeClaim", "ephemeral"}


@dataclass(frozen=True)
class Rehearsed:
    """capture: what is restored, in the rehearsal's namespaces. decisions: what stays away, for people."""

    capture: Capture
    decisions: tuple[str, ...]


def rehearsed(capture: Capture, plan: Plan) -> Rehearsed:
    spaces = spaces_of(plan)
    objects: dict[str, list[Object]] = {}
    decisions: list[str] = []
    for resource in NEEDED:
        for item in capture.objects.get(resource, ()):
            if resource == SERVICES and (item.get("spec") or {}).get("type") == "ExternalName":
                decisions.append(f"Service/{_key(item)} stays in the capture: it names a host outside")
            elif item["metadata"].get("namespace") in spaces:
                objects.setdefault(resource, []).append(_moved(item, plan, spaces))
    objects[VMS] = [rehearsed_vm(vm, plan) for vm in capture.objects.get(VMS, ())]
    chosen = captured_workloads(capture, plan.selector)
    for resource, items in capture.objects.items():
        for item in items:
            of_a_namespace = resource not in (*NEEDED, *ELSEWHERE, VMS) and "namespace" in item["metadata"]
            if not of_a_namespace or "spec" not in item or workload_key(item) not in chosen:
                continue
            why = why_not_apart(item)
            if why:
                decisions.append(f"{workload_key(item)} stays in the capture: {why}")
            else:
                objects.setdefault(resource, []).append(_moved(item, plan, spaces))
    decisions += _left_behind(capture, objects)
    return Rehearsed(Capture(capture.name, objects), tuple(decisions))


def rehearsed_vm(vm: Mapping[str, Any], plan: Plan) -> Object:
    """The same machine to its guest, with networks that lead nowhere and without its addresses on them.

    Its UUID and serial number stay: a guest that finds others configures itself anew, and that is not what a failover
    would start. Its MAC addresses are KubeVirt's to choose: those of the plan may be known at this site.
    """
    home = vm["metadata"]["namespace"]
    moved = without_addresses(identity_kept(_moved(vm, plan, spaces_of(plan))))
    template = moved["spec"]["template"]
    labels = (template.get("metadata") or {}).get("labels") or {}
    labels.pop(protected_label(plan.name), None)
    for network in template["spec"].get("networks") or []:
        if network.get("multus"):
            network["multus"]["networkName"] = bubble_name(network["multus"]["networkName"], home)
    for interface in ((template["spec"].get("domain") or {}).get("devices") or {}).get("interfaces") or []:
        if "sriov" in interface:
            del interface["sriov"]
            interface["bridge"] = {}
    return moved


def why_not_apart(workload: Mapping[str, Any]) -> str:
    """Why a workload's pods would reach what is not the rehearsal's; empty when they would not."""
    pod = pod_template(workload)["spec"]
    if pod.get("hostNetwork"):
        return "hostNetwork, which no network policy holds"
    for volume in pod.get("volumes") or []:
        kinds = set(volume) - {"name"}
        if not kinds <= OWN_VOLUMES:
            return f"its volume {volume['name']} is {', '.join(sorted(kinds))}, which is not copied"
    return ""


def _moved(item: Mapping[str, Any], plan: Plan, spaces: Mapping[str, str]) -> Object:
    moved: Object = copy.deepcopy(dict(item))
    meta = moved["metadata"]
    meta["namespace"] = spaces[meta["namespace"]]
    meta["labels"] = relabelled(meta.get("labels"), plan.name)
    meta.pop("ownerReferences", None)
    annotations = meta.get("annotations") or {}
    for part in (annotations, meta["labels"]):
        for name in (DEPENDS_ON, START_AFTER):
            if name in part:
                part[name] = ",".join(_renamed(key.strip(), spaces) for key in part[name].split(","))
    if READINESS in annotations:
        annotations[READINESS] = _without_questions(annotations[READINESS])
    if item.get("kind") == "Service":
        _stay_inside(moved["spec"])
    return moved


def _stay_inside(spec: Object) -> None:
    for name in OUTSIDE:
        spec.pop(name, None)
    if spec.get("type") in ("LoadBalancer", "NodePort"):
        spec["type"] = "ClusterIP"


def _renamed(key: str, spaces: Mapping[str, str]) -> str:
    """name, namespace/name, Kind/name or Kind/namespace/name."""
    *before, name = key.split("/")
    return "/".join([*(spaces.get(part, part) for part in before), name])


def _without_questions(text: str) -> str:
    try:
        found = json.loads(text)
    except ValueError:
        # refused by name where it is read
        return text
    if not isinstance(found, dict):
        return text
    return json.dumps({key: value for key, value in found.items() if key not in FROM_OUTSIDE})


def _left_behind(capture: Capture, objects: Mapping[str, Any]) -> Iterator[str]:
    counts = Counter({resource: len(items) for resource, items in capture.objects.items() if items})
    for resource, number in sorted(counts.items()):
        if resource not in objects and resource not in ELSEWHERE:
            yield f"{number} {resource} stay in the capture: a rehearsal needs none"


def _key(item: Mapping[str, Any]) -> str:
    return f"{item['metadata'].get('namespace')}/{item['metadata']['name']}"
