# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The live objects of a plan at a site: one list per kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .._cluster.api import Api, Object
from .._cluster.kinds import (
    CONFIG_MAP,
    CONTROLLER_REVISION,
    INSTANCETYPE,
    PREFERENCE,
    PV,
    PVC,
    SECRET,
    SERVICE,
    VM,
    VMI,
    Kind,
)
from .._errors import Refused
from .._model.plan import Plan
from .._model.vm import ProtectedVm, claim_names, protected_vm, references

KINDS = {kind.kind: kind for kind in (SECRET, CONFIG_MAP, CONTROLLER_REVISION, INSTANCETYPE, PREFERENCE)}


@dataclass(frozen=True)
class Protected:
    """vms, claims: namespace/name to object. volumes: claim key to its PV. others: (kind, key) to object."""

    vms: Mapping[str, Object]
    claims: Mapping[str, Object] = field(default_factory=dict)
    volumes: Mapping[str, Object] = field(default_factory=dict)
    others: Mapping[tuple[Kind, str], Object] = field(default_factory=dict)
    missing: tuple[str, ...] = ()


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
    """The selected VMs with what each of them needs. missing: "kind namespace/name" of what is absent.

    vms: the selected ones, where they were listed before.
    """
    vms = list_vms(plan, api) if vms is None else vms
    claims_by_key = _by_key(plan, api, PVC)
    volumes_by_name = {pv["metadata"]["name"]: pv for pv in api.list(PV)}
    referred = {KINDS[name] for vm in vms.values() for name, _key in references(vm)}
    stores = {kind: _by_key(plan, api, kind) for kind in {*referred, SERVICE}}
    claims: dict[str, Object] = {}
    volumes: dict[str, Object] = {}
    others: dict[tuple[Kind, str], Object] = {}
    missing: set[str] = set()
    for vm in vms.values():
        namespace = vm["metadata"]["namespace"]
        for key in (f"{namespace}/{name}" for name in claim_names(vm)):
            if key not in claims_by_key:
                missing.add(f"PersistentVolumeClaim {key}")
                continue
            claims[key] = claims_by_key[key]
            pv = volumes_by_name.get(claims[key]["spec"].get("volumeName", ""))
            if pv:
                volumes[key] = pv
        for kind_name, name in references(vm):
            kind, key = KINDS[kind_name], f"{namespace}/{name}"
            if key in stores[kind]:
                others[kind, key] = stores[kind][key]
            else:
                missing.add(f"{kind_name} {key}")
    templates = [(vm["metadata"]["namespace"], _template_labels(vm)) for vm in vms.values()]
    for key, service in stores[SERVICE].items():
        if _selects_any(service, templates):
            others[SERVICE, key] = service
    return Protected(vms, claims, volumes, others, tuple(sorted(missing)))


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


def _template_labels(vm: Mapping[str, Any]) -> Mapping[str, str]:
    return vm["spec"]["template"].get("metadata", {}).get("labels") or {}


def _selects_any(service: Mapping[str, Any], templates: list[tuple[str, Mapping[str, str]]]) -> bool:
    selector = service["spec"].get("selector")
    namespace = service["metadata"]["namespace"]
    return bool(selector) and any(
        namespace == home and selector.items() <= labels.items() for home, labels in templates
    )
