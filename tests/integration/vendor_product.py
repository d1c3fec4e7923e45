# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A double of a product that restores manifests by itself: it takes what east has, and brings it to west once asked to.

As such products do, it brings VMs with the runStrategy that they had, and does not ask us.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from ansible_collections.ocpvirt.dr.tests.integration.world import World
from demo.cluster import Cluster, wait_until
from demo.workload import NAMESPACE, manifests

BINDINGS = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings"
# lists leave out what is the same for every item
KINDS = {"Secret": "v1", "Service": "v1", "VirtualMachine": "kubevirt.io/v1"}
KEPT_META = ("name", "namespace", "labels", "annotations")
OF_A_SERVICE = ("clusterIP", "clusterIPs")


class Product:
    def __init__(self, world: World) -> None:
        self._world = world
        east = world.cluster("east")
        self._objects = [
            _bare({"apiVersion": version, "kind": kind, **item})
            for kind, version in KINDS.items()
            for item in east.list(kind, NAMESPACE)
        ]

    def restoring(self, addresses_of: str = "west") -> AbstractContextManager[None]:
        """Meanwhile it restores. addresses_of: site whose storage its volumes name."""

        def restore(west: Cluster) -> None:
            volumes = manifests(self._world.vms, self._world.sites[addresses_of])
            storage = [item for item in volumes if item["kind"].startswith("PersistentVolume")]
            for body in [*storage, *self._objects]:
                _create(west, body)

        return once_latched(self._world, restore)

    def take_volumes_away(self) -> None:
        """As its operator does who lets it restore them anew."""
        west = self._world.cluster("west")
        for vm in self._world.vms:
            west.delete("PersistentVolumeClaim", vm.name, NAMESPACE)
            west.delete("PersistentVolume", f"pv-{vm.name}")
        names = {vm.name for vm in self._world.vms}

        def left() -> list[str]:
            return sorted(names & {item["metadata"]["name"] for item in west.list("PersistentVolumeClaim", NAMESPACE)})

        wait_until("the claims to go", 60, left)


@contextmanager
def once_latched(world: World, restore: Callable[[Cluster], None]) -> Iterator[None]:
    """Meanwhile a product restores, given west, as soon as the run has closed the latch there."""
    failed: list[BaseException] = []
    ended, west = threading.Event(), Cluster(world.cluster("west").kubeconfig)

    def work() -> None:
        try:
            wait_until("the latch at west", 180, lambda: [] if ended.is_set() or latched() else ["binding"])
            # nobody closed it: the lab may be another test's by now
            if not ended.is_set():
                restore(west)
        except BaseException as error:  # noqa: BLE001
            failed.append(error)

    def latched() -> bool:
        return bool(west.call("GET", BINDINGS)["items"])

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    try:
        yield
    finally:
        ended.set()
        worker.join(60)
    assert not failed, failed


def _create(cluster: Cluster, body: dict[str, Any]) -> None:
    known = {item["metadata"]["name"] for item in cluster.list(body["kind"], body["metadata"].get("namespace"))}
    if body["metadata"]["name"] not in known:
        cluster.create(body)


def _bare(item: dict[str, Any]) -> dict[str, Any]:
    meta = {key: item["metadata"][key] for key in KEPT_META if key in item["metadata"]}
    body = {key: value for key, value in item.items() if key not in ("metadata", "status")}
    if item["kind"] == "Service":
        body["spec"] = {key: value for key, value in item["spec"].items() if key not in OF_A_SERVICE}
    return {**body, "metadata": meta}
