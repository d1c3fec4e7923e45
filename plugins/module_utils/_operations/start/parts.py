# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Of which limited parts of a site each VM and workload is: its node, storage classes, groups and namespace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..._cluster.api import Api, Object
from ..._cluster.kinds import PVC
from ..._model.plan import Plan
from ..._model.vm import claim_names
from ..._model.workload import claims_of
from ..._planning.start.caps import NODE, NODES, Parts
from ..inventory.protected import key_of
from ..inventory.workloads import Workloads

# the label by which a VM asks for one node
HOSTNAME = "kubernetes.io/hostname"
BY_CLAIM = ("storage class", "group")


def parts_by_key(plan: Plan, api: Api, vms: Mapping[str, Object], workloads: Workloads) -> dict[str, Parts]:
    """Only those parts that the plan limits. Claims are listed only where they matter."""
    caps = plan.startup.caps
    if not caps:
        return {}
    claims: dict[str, Object] = {}
    if any(kind in caps for kind in BY_CLAIM):
        claims = {key_of(item): item for namespace in plan.namespaces for item in api.list(PVC, namespace)}
    return parts_of(plan, claims, vms, workloads)


def parts_of(
    plan: Plan, claims: Mapping[str, Object], vms: Mapping[str, Object], workloads: Workloads
) -> dict[str, Parts]:
    """The same, where the claims are known."""
    if not plan.startup.caps:
        return {}
    parts = _Parts(plan, claims)
    found = {}
    for key, vm in vms.items():
        namespace = vm["metadata"]["namespace"]
        used = [f"{namespace}/{name}" for name in claim_names(vm)]
        found[key] = parts.of(namespace, used, vm["spec"]["template"]["spec"].get("nodeSelector") or {})
    for key, item in workloads.selected.items():
        found[key] = parts.of(item["metadata"]["namespace"], claims_of(item), {})
    return found


class _Parts:
    def __init__(self, plan: Plan, claims: Mapping[str, Object]) -> None:
        self._plan = plan
        self._claims = claims

    def of(self, namespace: str, claims: list[str], nodes: Mapping[str, str]) -> Parts:
        """nodes: the labels of those that it asks for."""
        caps = self._plan.startup.caps
        limited = caps.keys() | ({NODES} if NODE in caps else set())
        return tuple(dict.fromkeys(part for part in self._all(namespace, claims, nodes) if part[0] in limited))

    def _all(self, namespace: str, claims: list[str], nodes: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        yield "namespace", namespace
        if HOSTNAME in nodes:
            yield NODE, nodes[HOSTNAME]
        elif nodes:
            yield NODES, ",".join(f"{label}={value}" for label, value in sorted(nodes.items()))
        for claim in (self._claims[key] for key in claims if key in self._claims):
            yield "storage class", claim["spec"].get("storageClassName") or ""
            for group in self._plan.group_for(claim["metadata"].get("labels") or {}):
                yield "group", group.name
