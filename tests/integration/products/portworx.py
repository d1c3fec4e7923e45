# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stork and Portworx at a site: portworx_stork over its API server, and directories of the lab's storage as volumes.

Nothing keeps anybody from writing to a volume. The definitions are ours: the vendor publishes none, and the real ones,
which Stork makes itself, take any field.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible_collections.ocpvirt.dr.tests.conformance.definitions import OWN, load
from ansible_collections.ocpvirt.dr.tests.integration.products.controller import (
    MERGE,
    ProductController,
    await_served,
    controllers,
)
from ansible_collections.ocpvirt.dr.tests.integration.products.copies import (
    copy_of,
    export_of_claim,
    folder_of,
    make_equal,
)
from ansible_collections.ocpvirt.dr.tests.integration.world import World
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.portworx.stork import reconcile
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.portworx.stork_site import (
    ACTION,
    CLAIM,
    MIGRATION,
    SCHEDULE,
    STORK,
)
from demo.cluster import Cluster, Object
from demo.lab import Lab
from requests import RequestException

API = f"/apis/{STORK}/v1alpha1"
PLURALS = {SCHEDULE: "migrationschedules", MIGRATION: "migrations", ACTION: "actions"}
EVERY = 3.0
Claim = tuple[str, str]


class LabSite:
    """A site as portworx_stork_site.StorkSite. peer_of: the other one, once it is there."""

    every = EVERY
    partly = False
    forgets = False

    def __init__(self, lab: Lab, site: str, cluster: Cluster, facts: dict[str, Any]) -> None:
        self._lab = lab
        self._site = site
        self.cluster = cluster
        self.facts = facts
        self.peers: list[LabSite] = []
        # by uid of a migration, the copies that it sends, by claim, with the name of the export
        self._copies: dict[str, dict[Claim, tuple[str, Path]]] = {}

    @property
    def peer(self) -> LabSite:
        return self.peers[0]

    def reaches_peer(self) -> bool:
        try:
            self.peer.cluster.call("GET", "/version")
        except (RequestException, RuntimeError):
            return False
        return True

    def now(self) -> str:
        return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

    def of(self, kind: str) -> list[Object]:
        path = "/api/v1/persistentvolumeclaims" if kind == CLAIM else f"{API}/{PLURALS[kind]}"
        return [{"kind": kind, **item} for item in self.cluster.call("GET", path)["items"]]

    def make(self, kind: str, namespace: str, name: str, body: Object) -> Object:
        """In a namespace that Stork makes, if need be."""
        self._make_namespace(namespace)
        meta = {"namespace": namespace, "name": name, **body["metadata"]}
        made = {**body, "apiVersion": f"{STORK}/v1alpha1", "kind": kind, "metadata": meta}
        return dict(self.cluster.call("POST", f"{API}/namespaces/{namespace}/{PLURALS[kind]}", made))

    def keep_item(self, kind: str, item: Object) -> None:
        """Refused where somebody else has written meanwhile, as the real one's updates are."""
        stored = self.cluster.call("PUT", _path(kind, item), {**item, "apiVersion": f"{STORK}/v1alpha1"})
        item["metadata"] = stored["metadata"]

    def end(self, kind: str, item: Object) -> None:
        if not item["metadata"].get("deletionTimestamp"):
            self.cluster.call("DELETE", _path(kind, item))
        self.cluster.call("PATCH", _path(kind, item), {"metadata": {"finalizers": None}}, MERGE)

    def begin(self, uid: str, claims: list[Claim]) -> None:
        self._copies[uid] = {}
        for space, name in claims:
            export = export_of_claim(self.cluster, name, space)
            self._copies[uid][space, name] = export, copy_of(folder_of(self.facts, export), f"stork-{self._site}")

    def has_begun(self, uid: str) -> bool:
        return uid in self._copies

    def is_through(self, uid: str) -> bool:
        return True

    def arrive(self, uid: str) -> dict[Claim, str]:
        cut = self._lab.status()["sites"][self._site]["partitioned"]
        copies = self._copies.pop(uid)
        for export, copied in copies.values():
            if not cut:
                make_equal(copied, folder_of(self.peer.facts, export))
            shutil.rmtree(copied, ignore_errors=True)
        return dict.fromkeys(copies, "connection refused") if cut else {}

    def _make_namespace(self, name: str) -> None:
        if name not in {item["metadata"]["name"] for item in self.cluster.list("Namespace")}:
            self.cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})


class StorkController(ProductController):
    def __init__(self, lab: Lab, site: str) -> None:
        super().__init__(lab, site)
        self._site = LabSite(lab, site, self.cluster, self.facts)
        self._site.peers = [LabSite(lab, self.peer, self.peer_cluster, self.peer_facts)]

    def crds(self) -> list[Object]:
        return [body for body in load(OWN).values() if body["spec"]["group"] == STORK]

    def act(self) -> None:
        reconcile(self._site)


@contextmanager
def of_world(world: World) -> Iterator[None]:
    with controllers(StorkController, world.lab):
        await_served(world.lab, [f"{API}/{plural}" for plural in PLURALS.values()])
        yield


def _path(kind: str, item: Object) -> str:
    return f"{API}/namespaces/{item['metadata']['namespace']}/{PLURALS[kind]}/{item['metadata']['name']}"
