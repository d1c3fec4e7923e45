# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node that is lost and removed while VMs start on it, as node health checks do it, and comes back."""

from __future__ import annotations

from collections import Counter

from demo.cluster import Cluster, Object
from demo.workload import NAMESPACE

NODES = "/api/v1/nodes"
PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"
NOW = {"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0}
OF_THE_SERVER = ("resourceVersion", "uid", "creationTimestamp", "managedFields")


class LostNode:
    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._node: Object | None = None
        self.name = ""

    def lose(self, of: str | None = None) -> tuple[list[str], int]:
        """The node with the most VMIs that are not ready yet, or that of a VM, and its pods, are gone; names of all its
        VMIs, and how many of them were not ready yet.
        """
        found = self._cluster.list("VirtualMachineInstance", NAMESPACE)
        nodes = {item["metadata"]["name"]: item.get("status", {}).get("nodeName") for item in found}
        starting = Counter(
            node for item in found if (node := nodes[item["metadata"]["name"]]) and item["status"]["phase"] != "Running"
        )
        most = (starting or Counter(filter(None, nodes.values()))).most_common(1)[0][0]
        name = self.name = nodes[of] if of else most
        self._node = self._cluster.call("GET", f"{NODES}/{name}")
        self._cluster.call("DELETE", f"{NODES}/{name}")
        for pod in self._cluster.list("Pod", NAMESPACE):
            if pod["spec"].get("nodeName") == name:
                self._cluster.call("DELETE", f"{PODS}/{pod['metadata']['name']}", NOW)
        return [vmi for vmi, node in nodes.items() if node == name], starting[name]

    def bring_back(self) -> None:
        if self._node is None:
            return
        meta = {key: value for key, value in self._node["metadata"].items() if key not in OF_THE_SERVER}
        status = {key: self._node["status"][key] for key in ("allocatable", "capacity")}
        self._cluster.call("POST", NODES, {"apiVersion": "v1", "kind": "Node", "metadata": meta, "status": status})
        self._node = None
