# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every object that a site's API server has in a namespace, of all kinds that it serves, with the volumes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from demo.cluster import Cluster, Object

OF_A_RUNNING_VM = "made anew at each start of a VM"
# group and plural to the reason
LEFT_OUT = {
    ("", "events"): "what happened at a site",
    ("events.k8s.io", "events"): "what happened at a site",
    ("", "pods"): OF_A_RUNNING_VM,
    ("kubevirt.io", "virtualmachineinstances"): OF_A_RUNNING_VM,
    ("", "endpoints"): "its controller makes them of Services and pods",
    ("discovery.k8s.io", "endpointslices"): "its controller makes them of Services and pods",
    ("coordination.k8s.io", "leases"): "who works at a site",
}


def objects_of(cluster: Cluster, namespace: str) -> dict[str, Object]:
    """By kind/namespace/name, or kind/name of the namespace itself and of every PersistentVolume."""
    found = {f"Namespace/{namespace}": cluster.get("Namespace", namespace)}
    for item in cluster.list("PersistentVolume"):
        found[f"PersistentVolume/{item['metadata']['name']}"] = item
    for root, resource in _namespaced(cluster):
        for item in cluster.call("GET", f"{root}/namespaces/{namespace}/{resource['name']}")["items"]:
            found[f"{resource['kind']}/{namespace}/{item['metadata']['name']}"] = item
    return found


def _namespaced(cluster: Cluster) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each resource in the version that the API server prefers."""
    roots = {"": "/api/v1"}
    for group in cluster.call("GET", "/apis")["groups"]:
        roots[group["name"]] = f"/apis/{group['preferredVersion']['groupVersion']}"
    for group, root in roots.items():
        for resource in cluster.call("GET", root)["resources"]:
            whole = resource["namespaced"] and "/" not in resource["name"] and "list" in (resource["verbs"] or ())
            if whole and (group, resource["name"]) not in LEFT_OUT:
                yield root, resource
