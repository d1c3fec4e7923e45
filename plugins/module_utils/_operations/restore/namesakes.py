# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects at a target that have the names of captured ones and are not of the plan (P8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._cluster.api import Api, Object
from ..._cluster.kinds import ATTACHMENT_DEFINITION, Kind
from ..._errors import NotFound
from ..._model.capture import Capture
from ..._model.names import protected_label
from ..._model.plan import Plan
from ..inventory.protected import key_of
from .workload_restore import NOT_MOVED
from .workload_restore import OURS as WORKLOADS

# made or decided by us
NOT_VELEROS = (
    "persistentvolumes",
    "persistentvolumeclaims",
    "virtualmachines.kubevirt.io",
    "namespaces",
    ATTACHMENT_DEFINITION.resource,
    *WORKLOADS,
    *NOT_MOVED,
)


def namesakes(plan: Plan, api: Api, capture: Capture) -> list[str]:
    """kind/namespace/name of each: with these there, Velero may update nothing that exists."""
    label = protected_label(plan.name)
    found = []
    for resource, items in sorted(capture.objects.items()):
        names = {key_of(item) for item in items if item["metadata"].get("namespace")}
        if resource in NOT_VELEROS or not names:
            continue
        kind = _kind(resource, items[0])
        for namespace in sorted({name.split("/")[0] for name in names}):
            found += [
                f"{kind.kind}/{key_of(item)}"
                for item in _listed(api, kind, namespace)
                if key_of(item) in names and (item["metadata"].get("labels") or {}).get(label) != "true"
            ]
    return found


def _listed(api: Api, kind: Kind, namespace: str) -> list[Object]:
    try:
        return api.list(kind, namespace)
    except NotFound:
        # the target does not serve this kind: Velero says so in its own result
        return []


def _kind(resource: str, item: Mapping[str, Any]) -> Kind:
    plural, _dot, group = resource.partition(".")
    return Kind(group, str(item["apiVersion"]).rpartition("/")[2], plural, str(item["kind"]))
