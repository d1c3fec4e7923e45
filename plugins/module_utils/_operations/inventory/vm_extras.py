# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Live objects that belong to a plan's VMs and that no cluster has to have: of kinds that it may not serve."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..._cluster.api import Api, Object
from ..._cluster.bulk import for_each
from ..._cluster.kinds import (
    ATTACHMENT_DEFINITION,
    DATA_VOLUME,
    ROUTE,
    SERVICE,
    VM_SNAPSHOT,
    VM_SNAPSHOT_CONTENT,
    Kind,
)
from ..._errors import NotFound
from ..._model.plan import Plan
from ..._model.vm_needs import data_volumes, is_snapshot_of, leads_to, networks
from ..._model.workload import controller_of

EXTRA_KINDS = (DATA_VOLUME, ATTACHMENT_DEFINITION, ROUTE, VM_SNAPSHOT, VM_SNAPSHOT_CONTENT)


Extras = Mapping[tuple[Kind, str], Mapping[str, Object]]


def belonging(
    plan: Plan, seen: Extras, vms: Iterable[Object], others: Iterable[tuple[Kind, str]]
) -> dict[tuple[Kind, str], Object]:
    """DataVolumes and networks that VMs name, their snapshots with content, Routes to Services among the others.

    A Route that an Ingress makes has another name at each site.
    """
    found: dict[tuple[Kind, str], Object] = {}
    vms_by_namespace: dict[str, list[Object]] = {}
    for vm in vms:
        vms_by_namespace.setdefault(vm["metadata"]["namespace"], []).append(vm)
    for namespace in plan.namespaces:
        mine = vms_by_namespace.get(namespace, [])
        named = {
            DATA_VOLUME: {name for vm in mine for name in data_volumes(vm)},
            ATTACHMENT_DEFINITION: {name for vm in mine for name in networks(vm)},
        }
        for kind, names in named.items():
            found |= {
                (kind, f"{namespace}/{name}"): seen[kind, namespace][name]
                for name in names & seen[kind, namespace].keys()
            }
        names_of_vms = {vm["metadata"]["name"] for vm in mine}
        for name, snapshot in seen[VM_SNAPSHOT, namespace].items():
            if is_snapshot_of(snapshot, names_of_vms):
                found[VM_SNAPSHOT, f"{namespace}/{name}"] = snapshot
                content = (snapshot.get("status") or {}).get("virtualMachineSnapshotContentName")
                if content in seen[VM_SNAPSHOT_CONTENT, namespace]:
                    found[VM_SNAPSHOT_CONTENT, f"{namespace}/{content}"] = seen[VM_SNAPSHOT_CONTENT, namespace][content]
        services = {
            key.partition("/")[2] for kind, key in others if kind is SERVICE and key.startswith(f"{namespace}/")
        }
        for name, route in seen[ROUTE, namespace].items():
            if leads_to(route, services) and controller_of(route) is None:
                found[ROUTE, f"{namespace}/{name}"] = route
    return found


def list_extras(plan: Plan, api: Api) -> Extras:
    """(kind, namespace) to objects by name, whoever they belong to."""

    def listed(asked: tuple[Kind, str]) -> list[Object]:
        try:
            return api.list(*asked)
        except NotFound:
            # not every cluster serves every kind
            return []

    outcome = for_each([(kind, namespace) for kind in EXTRA_KINDS for namespace in plan.namespaces], listed)
    for _asked, error in outcome.failed:
        raise error
    return {asked: {item["metadata"]["name"]: item for item in items} for asked, items in outcome.done}
