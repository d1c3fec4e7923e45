# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The live objects of a plan at a site: one list per kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..._cluster.api import Api, Object
from ..._cluster.bulk import together
from ..._cluster.kinds import (
    CONFIG_MAP,
    CONTROLLER_REVISION,
    INSTANCETYPE,
    PREFERENCE,
    PV,
    PVC,
    SECRET,
    SERVICE,
    SERVICE_ACCOUNT,
    VM,
    VMI,
    Kind,
)
from ..._errors import Refused
from ..._model.plan import Plan
from ..._model.pod_template import by_replica, pod_references, template_labels, used_claims
from ..._model.vm import ProtectedVm, claim_names, protected_vm, references
from ..._model.vm_needs import state_claims
from ..._model.workload import claims_of
from .vm_extras import Extras, belonging, list_extras
from .workloads import Workloads, list_workloads

KINDS = {
    kind.kind: kind for kind in (SECRET, CONFIG_MAP, SERVICE_ACCOUNT, CONTROLLER_REVISION, INSTANCETYPE, PREFERENCE)
}


@dataclass(frozen=True)
class Protected:
    """vms, claims: namespace/name to object. volumes: claim key to its PV. others: (kind, key) to object.

    extras: all objects of the kinds that not every cluster serves, of the plan or not.
    """

    vms: Mapping[str, Object]
    claims: Mapping[str, Object] = field(default_factory=dict)
    volumes: Mapping[str, Object] = field(default_factory=dict)
    others: Mapping[tuple[Kind, str], Object] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    workloads: Workloads = field(default_factory=Workloads)
    extras: Extras = field(default_factory=dict)


@dataclass(frozen=True)
class Needs:
    """What one VM or workload needs. claims: keys; more: those that it uses besides. refers: whether it must be there.

    labels: of its pods, by which Services select them.
    """

    namespace: str
    claims: tuple[str, ...]
    more: tuple[str, ...]
    refers: Mapping[tuple[str, str], bool]
    labels: Mapping[str, str]


def list_vms(plan: Plan, api: Api) -> dict[str, Object]:
    """The VirtualMachines that the plan selects."""
    query = plan.selector.to_query() or None
    return {key_of(vm): vm for namespace in plan.namespaces for vm in api.list(VM, namespace, labels=query)}


def list_everyone(plan: Plan, api: Api) -> dict[str, Object]:
    """All VirtualMachines of the plan's namespaces, selected or not."""
    return _by_key(plan, api, VM)


def selected(plan: Plan, vms: Mapping[str, Object]) -> dict[str, Object]:
    """Those among them that the plan selects."""
    return {key: vm for key, vm in vms.items() if plan.selector.matches(vm["metadata"].get("labels") or {})}


def list_protected(plan: Plan, api: Api, vms: dict[str, Object] | None = None) -> Protected:
    """What the plan selects with what each of it needs. missing: "kind namespace/name" of what is absent.

    vms: the selected ones, where they were listed before.
    """
    vms = list_vms(plan, api) if vms is None else vms
    workloads = list_workloads(plan, api)
    claims_by_key = _by_key(plan, api, PVC)
    volumes_there = api.list(PV)
    needs = _needs(vms, workloads, claims_by_key)
    claims, volumes = _claimed(needs, claims_by_key, volumes_there)
    referred = {KINDS[kind] for need in needs for kind, _name in need.refers}
    stores = {kind: _by_key(plan, api, kind) for kind in {*referred, SERVICE}}
    others: dict[tuple[Kind, str], Object] = {}
    missing: set[str] = set()
    for need in needs:
        missing |= {f"PersistentVolumeClaim {key}" for key in need.claims if key not in claims_by_key}
        for (kind_name, name), required in need.refers.items():
            kind, key = KINDS[kind_name], f"{need.namespace}/{name}"
            if key in stores[kind]:
                others[kind, key] = stores[kind][key]
            elif required:
                missing.add(f"{kind_name} {key}")
    pods = [(need.namespace, need.labels) for need in needs]
    for key, service in stores[SERVICE].items():
        if _selects_any(service, pods):
            others[SERVICE, key] = service
    extras = list_extras(plan, api)
    others |= belonging(plan, extras, vms.values(), others)
    return Protected(vms, claims, volumes, others, tuple(sorted(missing)), workloads, extras)


def list_volumes(plan: Plan, api: Api, found: Callable[[], Protected]) -> Protected:
    """What is found there, with its claims and volumes, which are listed while that is waited for."""
    seen, claims_by_key, volumes_there = together(found, lambda: _by_key(plan, api, PVC), lambda: api.list(PV))
    claims, volumes = _claimed(_needs(seen.vms, seen.workloads, claims_by_key), claims_by_key, volumes_there)
    return replace(seen, claims=claims, volumes=volumes)


def start_records(vms: Mapping[str, Mapping[str, Any]]) -> list[ProtectedVm]:
    """What a start needs of each VM; a bad annotation is refused by name."""
    try:
        return [protected_vm(vm) for vm in vms.values()]
    except (ValueError, TypeError) as error:
        raise Refused("read the VM's annotations", seen=str(error), next_step="correct that annotation") from error


def running_vmis(plan: Plan, api: Api, names: set[str]) -> list[str]:
    """Keys of VMIs of these VMs that exist at the site, in whatever phase."""
    found = {key_of(vmi) for namespace in plan.namespaces for vmi in api.list(VMI, namespace)}
    return sorted(found & names)


def key_of(item: Mapping[str, Any]) -> str:
    return f"{item['metadata']['namespace']}/{item['metadata']['name']}"


def _by_key(plan: Plan, api: Api, kind: Kind) -> dict[str, Object]:
    return {key_of(item): item for namespace in plan.namespaces for item in api.list(kind, namespace)}


def _needs(vms: Mapping[str, Object], workloads: Workloads, claims: Mapping[str, Object]) -> list[Needs]:
    states, replicas = state_claims(claims), by_replica(claims)
    needs = [_needs_of_vm(vm, states.get(key, ())) for key, vm in vms.items()]
    return needs + [_needs_of_workload(item, replicas) for item in workloads.selected.values()]


def _claimed(
    needs: Iterable[Needs], claims: Mapping[str, Object], volumes: Iterable[Object]
) -> tuple[dict[str, Object], dict[str, Object]]:
    """The claims that are needed and there, and the volumes that these are bound to; both by the claim's key."""
    by_name = {pv["metadata"]["name"]: pv for pv in volumes}
    used = {key: claims[key] for need in needs for key in (*need.claims, *need.more) if key in claims}
    bound = {key: by_name.get(claim["spec"].get("volumeName", "")) for key, claim in used.items()}
    return used, {key: pv for key, pv in bound.items() if pv}


def _needs_of_vm(vm: Mapping[str, Any], states: Sequence[str]) -> Needs:
    """states: keys of the claims on which KubeVirt keeps its TPM and EFI variables."""
    namespace = vm["metadata"]["namespace"]
    return Needs(
        namespace=namespace,
        claims=tuple(f"{namespace}/{name}" for name in claim_names(vm)),
        more=tuple(states),
        refers=dict.fromkeys(references(vm), True),
        labels=vm["spec"]["template"].get("metadata", {}).get("labels") or {},
    )


def _needs_of_workload(item: Mapping[str, Any], replicas: Mapping[str, list[str]]) -> Needs:
    used = used_claims(item, replicas)
    namespace = item["metadata"]["namespace"]
    return Needs(namespace, tuple(claims_of(item)), tuple(used), pod_references(item), template_labels(item))


def _selects_any(service: Mapping[str, Any], templates: list[tuple[str, Mapping[str, str]]]) -> bool:
    selector = service["spec"].get("selector")
    namespace = service["metadata"]["namespace"]
    return bool(selector) and any(
        namespace == home and selector.items() <= labels.items() for home, labels in templates
    )
