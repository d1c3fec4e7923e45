# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The workload as Ramen and a placement treat it: captured where it runs, deleted where it leaves, restored."""

from __future__ import annotations

import time
from typing import Any

from ansible_collections.ocpvirt.dr.tests.integration.world import World
from demo.cluster import Cluster, Object
from demo.workload import NAMESPACE

# lists leave out what is the same for every item
KINDS = {
    "Secret": "v1",
    "Service": "v1",
    "PersistentVolume": "v1",
    "PersistentVolumeClaim": "v1",
    "VirtualMachine": "kubevirt.io/v1",
}
KEPT_META = ("name", "namespace", "labels")
# of a claim, what says that it is bound already
BINDING = "pv.kubernetes.io/"
OF_ONE_CLUSTER = {"Service": ("clusterIP", "clusterIPs"), "PersistentVolume": ("claimRef", "csi", "nfs")}
CAPTURE_EVERY = 5.0


class Workload:
    """restored VMs have the runStrategy that they had when they were captured."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._clusters = {site: Cluster(world.cluster(site).kubeconfig) for site in world.sites}
        self._names = {vm.name for vm in world.vms}
        self._objects: list[Object] = []
        self._captured = 0.0

    def capture(self, site: str) -> None:
        if time.monotonic() - self._captured < CAPTURE_EVERY:
            return
        found = [
            _bare({"apiVersion": version, "kind": kind, **item})
            for kind, version in KINDS.items()
            for item in self._clusters[site].list(kind, NAMESPACE)
            if not item["metadata"].get("deletionTimestamp")
        ]
        if self._names <= {item["metadata"]["name"] for item in found if item["kind"] == "VirtualMachine"}:
            self._objects, self._captured = found, time.monotonic()

    def clear(self, site: str) -> None:
        for kind in ("VirtualMachine", "PersistentVolumeClaim"):
            for name in self._there(site, kind):
                self._clusters[site].delete(kind, name, NAMESPACE)

    def is_cleared(self, site: str) -> bool:
        kinds = ("VirtualMachine", "VirtualMachineInstance", "PersistentVolumeClaim")
        return not any(self._there(site, kind) for kind in kinds)

    def restore(self, site: str) -> None:
        cluster = self._clusters[site]
        for item in self._objects:
            kind, name = item["kind"], item["metadata"]["name"]
            known = {found["metadata"]["name"]: found for found in cluster.list(kind, NAMESPACE)}
            if name not in known:
                cluster.create(self._of(item, site))
            elif kind == "PersistentVolume" and known[name].get("status", {}).get("phase") == "Released":
                # of the claim that was deleted here; one that is bound would be Lost by this
                cluster.patch(kind, name, None, {"spec": {"claimRef": {"uid": None, "resourceVersion": None}}})

    def is_restored(self, site: str) -> bool:
        bound = {
            item["metadata"]["name"]
            for item in self._clusters[site].list("PersistentVolumeClaim", NAMESPACE)
            if item.get("status", {}).get("phase") == "Bound"
        }
        return self._names <= bound and self._names <= self._there(site, "VirtualMachine")

    def _there(self, site: str, kind: str) -> set[str]:
        return self._names & {item["metadata"]["name"] for item in self._clusters[site].list(kind, NAMESPACE)}

    def _of(self, item: Object, site: str) -> Object:
        """Storage classes are called alike at clusters that Ramen serves, and at the lab's sites they are not."""
        if not item["kind"].startswith("PersistentVolume"):
            return item
        facts: dict[str, Any] = self._world.sites[site]
        spec = {**item["spec"], "storageClassName": self._world.storage.storage_class(facts)}
        if item["kind"] == "PersistentVolume":
            volume = item["metadata"]["name"].removeprefix("pv-")
            claim = {"kind": "PersistentVolumeClaim", "namespace": NAMESPACE, "name": volume}
            spec |= {"claimRef": claim, **self._world.storage.source(facts, volume)}
        return {**item, "spec": spec}


def _bare(item: Object) -> Object:
    meta = {key: item["metadata"][key] for key in KEPT_META if key in item["metadata"]}
    notes = item["metadata"].get("annotations") or {}
    meta["annotations"] = {key: value for key, value in notes.items() if not key.startswith(BINDING)}
    left_out = OF_ONE_CLUSTER.get(item["kind"], ())
    body = {key: value for key, value in item.items() if key not in ("metadata", "status", "spec")}
    if "spec" in item:
        body["spec"] = {key: value for key, value in item["spec"].items() if key not in left_out}
    return {**body, "metadata": meta}
