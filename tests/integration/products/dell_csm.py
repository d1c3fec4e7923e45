# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A double of Dell CSM Replication's sidecar, controller and monitor over both sites, traps included.

An unsupported action is reset without a word; a failed one is tried again; the monitor's time looks like a sync's.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.ocpvirt.dr.tests.integration.control_loop import control_loop
from ansible_collections.ocpvirt.dr.tests.integration.products.dell_csm_arrays import OTHER, Arrays, Internal
from ansible_collections.ocpvirt.dr.tests.integration.products.dell_csm_volumes import Volumes
from ansible_collections.ocpvirt.dr.tests.integration.world import World
from demo.cluster import Cluster, wait_until
from demo.storages import Storage

GROUP = "replication.storage.dell.com"
DEFINITION = f"dellcsireplicationgroups.{GROUP}"
OBJECTS = f"/apis/{GROUP}/v1/dellcsireplicationgroups"
MERGE = "application/merge-patch+json"
MONITOR_EVERY = 3.0
RETRY_AFTER = 3.0
SERVED_WITHIN = 60
# the product asks about a group of PowerStore; the lab's volumes are of another driver all the same
DRIVER = "csi-powerstore.dellemc.com"
SUPPORTED = ("FAILOVER_REMOTE", "UNPLANNED_FAILOVER_LOCAL", "REPROTECT_LOCAL", "SUSPEND", "RESUME")


class DellCsm:
    """One replication group, at both sites under one name. exports: its volumes, as the storage calls them."""

    def __init__(self, sites: dict[str, dict[str, Any]], name: str, storage: Storage, exports: list[str]) -> None:
        self.name = name
        self._arrays = Arrays(sites, exports)
        self._clusters = {site: Cluster(Path(facts["kubeconfig"])) for site, facts in sites.items()}
        self._volumes = Volumes(sites, self._clusters, storage, exports)
        self._due: dict[str, float] = dict.fromkeys(sites, 0.0)
        self._polled: dict[str, float] = dict.fromkeys(sites, 0.0)
        self._running = ExitStack()

    def start(self) -> None:
        for site in OTHER:
            self._define(site)
            self._clusters[site].call("POST", OBJECTS, self._object(site))
        for site in OTHER:
            self._volumes.mark(site, self.name)
            self._running.enter_context(control_loop(lambda site=site: self.reconcile(site)))  # type: ignore[misc]
        # a group of which no monitor has told anything is nobody's to take
        wait_until("the first look of both monitors", SERVED_WITHIN, self._unseen)

    def stop(self) -> None:
        self._running.close()

    def reconcile(self, site: str) -> None:
        self._volumes.mark(site, self.name)
        item = self._clusters[site].call("GET", f"{OBJECTS}/{self.name}")
        state, asked = item.get("status", {}).get("state", ""), item["spec"]["action"]
        if state.endswith("_IN_PROGRESS"):
            self._execute(site, item)
        elif asked and asked not in SUPPORTED:
            self._spec(site, "", {})
        elif asked:
            self._spec(site, asked, {"name": asked, "completed": False})
            self._status(site, {"state": f"{asked}_IN_PROGRESS", "lastAction": None})
            self._due[site] = 0.0
        self._monitor(site, item)

    def _unseen(self) -> list[str]:
        items = {site: cluster.call("GET", f"{OBJECTS}/{self.name}") for site, cluster in self._clusters.items()}
        return [site for site, item in items.items() if not item.get("status", {}).get("replicationLinkState")]

    def _execute(self, site: str, item: dict[str, Any]) -> None:
        if time.monotonic() < self._due[site]:
            return
        action = json.loads(item["metadata"]["annotations"]["Action"])["name"]
        try:
            self._arrays.execute(site, action)
        except Internal as error:
            told = {
                "condition": f"Action {action} failed with error {error}",
                "errorMessage": str(error),
                "time": _now(),
            }
            self._status(site, {"lastAction": told})
            self._due[site] = time.monotonic() + RETRY_AFTER
            return
        # the spec is written first, with the state still in progress
        self._spec(site, "", {"name": action, "completed": True})
        told = {"condition": f"Action {action} succeeded", "time": _now()}
        conditions = [told, *item["status"].get("conditions", [])][:20]
        link = self._link(site)
        self._status(
            site, {"state": "Ready", "lastAction": told, "conditions": conditions, "replicationLinkState": link}
        )

    def _monitor(self, site: str, item: dict[str, Any]) -> None:
        if time.monotonic() - self._polled[site] < MONITOR_EVERY:
            return
        self._polled[site] = time.monotonic()
        status: dict[str, Any] = {"replicationLinkState": self._link(site)}
        if not item.get("status", {}).get("state"):
            status["state"] = "Ready"
        self._status(site, status)

    def _link(self, site: str) -> dict[str, Any]:
        state, source = self._arrays.link(site)
        return {"state": state, "isSource": source, "lastSuccessfulUpdate": _now()}

    def _spec(self, site: str, action: str, running: dict[str, Any]) -> None:
        body: dict[str, Any] = {"spec": {"action": action}}
        if running:
            body["metadata"] = {"annotations": {"Action": json.dumps(running)}}
        self._clusters[site].call("PATCH", f"{OBJECTS}/{self.name}", body, MERGE)

    def _status(self, site: str, status: dict[str, Any]) -> None:
        self._clusters[site].call("PATCH", f"{OBJECTS}/{self.name}/status", {"status": status}, MERGE)

    def _object(self, site: str) -> dict[str, Any]:
        return {
            "apiVersion": f"{GROUP}/v1",
            "kind": "DellCSIReplicationGroup",
            "metadata": {
                "name": self.name,
                "annotations": {f"{GROUP}/remoteReplicationGroupName": self.name},
            },
            "spec": {
                "action": "",
                "driverName": DRIVER,
                "protectionGroupId": f"{self.name}-{site}",
                "remoteClusterId": OTHER[site],
                "remoteProtectionGroupId": f"{self.name}-{OTHER[site]}",
            },
        }

    def _define(self, site: str) -> None:
        cluster = self._clusters[site]
        if DEFINITION not in {item["metadata"]["name"] for item in cluster.list("CustomResourceDefinition")}:
            cluster.create(definition())

        def unserved() -> list[str]:
            try:
                cluster.call("GET", OBJECTS)
            except RuntimeError as error:
                return [str(error)]
            return []

        wait_until(f"{DEFINITION} at {site}", SERVED_WITHIN, unserved)


def of_world(world: World) -> DellCsm:
    """For all volumes of the workload."""
    return DellCsm(world.sites, "rg-payroll", world.storage, [vm.name for vm in world.vms])


@contextmanager
def switching(world: World) -> Iterator[None]:
    product = of_world(world)
    try:
        product.start()
        yield
    finally:
        product.stop()


def definition() -> dict[str, Any]:
    """The vendor's, where the folder of them is; else one that takes everything."""
    file = Path(os.environ.get("VENDOR_CRDS", "")) / f"{GROUP}_dellcsireplicationgroups.yaml"
    if file.is_file():
        return dict(yaml.safe_load(file.read_text(encoding="utf-8")))
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "schema": {"openAPIV3Schema": anything},
    }
    names = {"plural": "dellcsireplicationgroups", "kind": "DellCSIReplicationGroup"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": DEFINITION},
        "spec": {"group": GROUP, "scope": "Cluster", "names": names, "versions": [version]},
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
