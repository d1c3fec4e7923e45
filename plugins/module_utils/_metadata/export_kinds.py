# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an export holds, and in which order it comes back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .._cluster.api import Api, Object
from .._cluster.bulk import for_each
from .._cluster.kinds import (
    ATTACHMENT_DEFINITION,
    CONFIG_MAP,
    CONTROLLER_REVISION,
    CRON_JOB,
    DAEMON_SET,
    DATA_VOLUME,
    DEPLOYMENT,
    INGRESS,
    INSTANCETYPE,
    JOB,
    NAMESPACE,
    NETWORK_POLICY,
    PREFERENCE,
    PV,
    PVC,
    RESOURCE_QUOTA,
    ROUTE,
    SECRET,
    SERVICE,
    SERVICE_ACCOUNT,
    STATEFUL_SET,
    VM,
    VM_SNAPSHOT,
    VM_SNAPSHOT_CONTENT,
    Kind,
)
from .._errors import NotFound
from .._model.names import protected_label
from .._model.plan import Plan
from .._model.workload import controller_of

# in order of dependency: whatever an object refers to comes before it
RESTORED = (
    NAMESPACE,
    RESOURCE_QUOTA,
    Kind("", "v1", "limitranges", "LimitRange"),
    SERVICE_ACCOUNT,
    Kind("rbac.authorization.k8s.io", "v1", "roles", "Role"),
    Kind("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding"),
    SECRET,
    CONFIG_MAP,
    INSTANCETYPE,
    PREFERENCE,
    CONTROLLER_REVISION,
    ATTACHMENT_DEFINITION,
    NETWORK_POLICY,
    SERVICE,
    INGRESS,
    ROUTE,
)
WORKLOADS = (DEPLOYMENT, STATEFUL_SET, DAEMON_SET, CRON_JOB, JOB)
# made from the capture by the steps for volumes, VMs and workloads, or only kept in it
HELD = (
    PVC,
    DATA_VOLUME,
    VM_SNAPSHOT,
    VM_SNAPSHOT_CONTENT,
    Kind("snapshot.storage.k8s.io", "v1", "volumesnapshots", "VolumeSnapshot"),
    VM,
    *WORKLOADS,
)
SERVICE_ACCOUNT_NAME = "kubernetes.io/service-account.name"


def collect(plan: Plan, api: Api) -> list[tuple[str, Object]]:
    """Everything of the plan that carries its label, with its namespaces and the volumes of its claims."""
    label = f"{protected_label(plan.name)}=true"
    kinds = [kind for kind in (*RESTORED, *HELD) if kind.namespaced]
    wanted = [(kind, namespace) for kind in kinds for namespace in plan.namespaces]
    outcome = for_each(wanted, lambda item: _listed(api, item[0], item[1], label))
    for _item, error in outcome.failed:
        raise error
    found = [
        (kind.resource, item)
        for (kind, _namespace), items in outcome.done
        for item in items
        if not _belongs_to_one_cluster(item) and not (kind in WORKLOADS and controller_of(item))
    ]
    volumes = {item["spec"].get("volumeName") for resource, item in found if resource == PVC.resource}
    found += [(PV.resource, pv) for pv in api.list(PV) if pv["metadata"]["name"] in volumes]
    return found + [(NAMESPACE.resource, api.get(NAMESPACE, name)) for name in plan.namespaces]


def in_order(objects: Mapping[str, Any]) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    """resource and its objects, of those that an export brings back."""
    for kind in RESTORED:
        if objects.get(kind.resource):
            yield kind.resource, list(objects[kind.resource])


def kind_of(resource: str, item: Mapping[str, Any]) -> Kind:
    """In the version in which it was captured."""
    plural, _dot, group = resource.partition(".")
    version = str(item["apiVersion"]).rpartition("/")[2]
    return Kind(group, version, plural, str(item["kind"]), namespaced="namespace" in item["metadata"])


def _listed(api: Api, kind: Kind, namespace: str, label: str) -> list[Object]:
    try:
        return api.list(kind, namespace, labels=label)
    except NotFound:
        # not every cluster serves every kind
        return []


def _belongs_to_one_cluster(item: Mapping[str, Any]) -> bool:
    """It is on its way out, or a token that its cluster issued."""
    meta = item["metadata"]
    return "deletionTimestamp" in meta or SERVICE_ACCOUNT_NAME in (meta.get("annotations") or {})
