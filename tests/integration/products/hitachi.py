# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A double of Hitachi's replication operator at a site, over exports of the lab in the place of LDEVs.

What is known of the real one are its definitions; the rest is what the manuals of its arrays say, and the unkind
reading of what nobody says: it acts on changes of a word only, takes any word, tries again what has failed, shows what
the array has become only after a while, and nothing of it tells to which change its status belongs.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from ansible_collections.ocpvirt.dr.tests.integration.products.controller import MERGE, ProductController, controllers
from ansible_collections.ocpvirt.dr.tests.integration.products.hitachi_arrays import Pairs, Rejected
from ansible_collections.ocpvirt.dr.tests.integration.products.hitachi_definitions import API_GROUP, definitions
from ansible_collections.ocpvirt.dr.tests.integration.world import World
from demo.cluster import Cluster, Object, wait_until
from demo.lab import Lab
from demo.storages import Storage
from demo.workload import NAMESPACE

API = f"/apis/{API_GROUP}/v1"
REPLICATIONS, GROUPS = "replications", "replicationgroups"
PARENT = "payroll"
LOOKS_EVERY = 3.0
RETRY_AFTER = 3.0
SERVED_WITHIN = 60
SERIALS = {"east": 411111, "west": 422222}


class HitachiController(ProductController):
    """A claim and its export have one name."""

    def __init__(self, lab: Lab, site: str) -> None:
        super().__init__(lab, site)
        self._pairs = Pairs(self.exports, self.peer_exports)
        # by uid: the word that was done last, and when to look or to try again
        self._done: dict[str, str] = {}
        self._due: dict[str, float] = {}

    def crds(self) -> list[Object]:
        return definitions()

    def act(self) -> None:
        replications = self._list(REPLICATIONS)
        for item in replications:
            if not item["spec"].get("parentName"):
                self._obey(REPLICATIONS, item, [item])
            if self._is_due(f"look {item['metadata']['uid']}", LOOKS_EVERY):
                self._look(item)
        for group in self._list(GROUPS):
            of_group = [item for item in replications if _is_child(item, group)]
            if not group.get("status"):
                self._status(GROUPS, group, self._first_status(of_group))
            self._obey(GROUPS, group, of_group)

    def _obey(self, plural: str, item: Object, of_item: list[Object]) -> None:
        uid, word = item["metadata"]["uid"], item["spec"].get("desiredPairState", "")
        status = item.get("status")
        if not status or not all(child.get("status") for child in of_item):
            return
        operation = status["currentOperation"]
        if not operation["running"]:
            again = RETRY_AFTER if operation["operationPhase"] == "Failed" else 0.0
            if word not in ("", self._done.get(uid)) and self._is_due(f"try {uid}", again):
                self._operation(plural, item, operation=word, running=True, operationPhase="Running")
            return
        failure = ""
        for child in of_item:
            try:
                self._pairs.execute(
                    operation["operation"], child["spec"]["persistentVolumeClaimName"], _is_source(child)
                )
            except Rejected as error:
                failure = str(error)[:500]
            self._look(child)
        if failure:
            told = {"lastErrorMessage": failure, "lastErrorTime": _now()}
            self._operation(plural, item, running=False, operationPhase="Failed", **told)
            return
        self._done[uid] = operation["operation"]
        ended = {"lastOperation": operation["operation"], "operationPhase": "Completed"}
        self._operation(plural, item, running=False, **ended)

    def _look(self, item: Object) -> None:
        """What the array shows: into the status, and into the side that the spec names."""
        source, status = self._pairs.look(item["spec"]["persistentVolumeClaimName"], _is_source(item))
        side = {"replicationAttribute": "primary" if source else "secondary"}
        self.cluster.call("PATCH", _path(REPLICATIONS, item), {"spec": side}, MERGE)
        shown = {"status": "Ready", "replicationPair": {**self._pair(item, source), "volumeStatus": status}}
        if not item.get("status"):
            shown["currentOperation"] = _idle()
        self._status(REPLICATIONS, item, shown)

    def _pair(self, item: Object, source: bool) -> Object:
        first, second = (self.site, self.peer) if source else (self.peer, self.site)
        return {
            "copyGroupName": "spc-lab",
            "copyPairName": item["spec"]["persistentVolumeClaimName"],
            **self._serials(),
            "primaryVolumeId": SERIALS[first],
            "primaryVolumeNickname": f"spc-{first}",
            "secondaryVolumeId": SERIALS[second],
            "secondaryVolumeNickname": f"spc-{second}",
            "replicationType": "UR",
        }

    def _serials(self) -> Object:
        return {
            "localSerialNumber": SERIALS[self.site],
            "localStorageDeviceId": f"886000{SERIALS[self.site]}",
            "remoteSerialNumber": SERIALS[self.peer],
            "remoteStorageDeviceId": f"886000{SERIALS[self.peer]}",
        }

    def _first_status(self, of_group: list[Object]) -> Object:
        names = [{key: item["metadata"][key] for key in ("name", "namespace")} for item in of_group]
        return {"status": "Ready", "currentOperation": _idle(), "replications": names, **self._serials()}

    def _is_due(self, what: str, every: float) -> bool:
        if time.monotonic() < self._due.get(what, 0.0):
            return False
        self._due[what] = time.monotonic() + every
        return True

    def _operation(self, plural: str, item: Object, **changes: Any) -> None:
        self._status(plural, item, {"currentOperation": changes})

    def _status(self, plural: str, item: Object, status: Object) -> None:
        self.cluster.call("PATCH", f"{_path(plural, item)}/status", {"status": status}, MERGE)

    def _list(self, plural: str) -> list[Object]:
        found: list[Object] = self.cluster.call("GET", f"{API}/{plural}")["items"]
        return found


@contextmanager
def operating(lab: Lab) -> Iterator[None]:
    """The operator runs at both sites, which serve its kinds."""
    with controllers(HitachiController, lab):
        for site in lab.environment()["sites"]:
            wait_until(f"Hitachi's definitions at {site}", SERVED_WITHIN, lambda at=site: _unserved(lab.cluster(at)))  # type: ignore[misc]
        yield


def replicate(cluster: Cluster, site: str, namespace: str, claims: list[str], storage_class: str, parent: str) -> None:
    """What a user makes, and the product at the other site: a Replication for each claim. East is the source."""
    meta = {"namespace": namespace}
    if parent:
        group = {"kind": "ReplicationGroup", "metadata": {**meta, "name": parent}, "spec": {"desiredPairState": "pair"}}
        cluster.call("POST", _path(GROUPS, group, ""), {"apiVersion": f"{API_GROUP}/v1", **group})
    for claim in claims:
        spec = {
            "persistentVolumeClaimName": claim,
            "replicationType": "UR",
            "replicationAttribute": "primary" if site == "east" else "secondary",
            "storageClassName": storage_class,
            **({"parentName": parent} if parent else {}),
        }
        body = {"kind": "Replication", "metadata": {**meta, "name": claim}, "spec": spec}
        cluster.call("POST", _path(REPLICATIONS, body, ""), {"apiVersion": f"{API_GROUP}/v1", **body})


@contextmanager
def of_world(world: World) -> Iterator[None]:
    """All volumes of the workload, as one ReplicationGroup."""
    storage: Storage = world.storage
    with operating(world.lab):
        for site, facts in world.sites.items():
            cluster = world.cluster(site)
            if NAMESPACE not in {item["metadata"]["name"] for item in cluster.list("Namespace")}:
                cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
            claims = [vm.name for vm in world.vms]
            replicate(cluster, site, NAMESPACE, claims, storage.storage_class(facts), PARENT)
        yield


def _unserved(cluster: Cluster) -> list[str]:
    try:
        for plural in (REPLICATIONS, GROUPS):
            cluster.call("GET", f"{API}/{plural}")
    except RuntimeError as error:
        return [str(error)]
    return []


def _is_child(item: Object, group: Object) -> bool:
    same = item["metadata"]["namespace"] == group["metadata"]["namespace"]
    return same and item["spec"].get("parentName") == group["metadata"]["name"]


def _is_source(item: Object) -> bool:
    """As it was seen last."""
    return bool(item["spec"].get("replicationAttribute") == "primary")


def _path(plural: str, item: Object, name: str | None = None) -> str:
    of = item["metadata"]["name"] if name is None else name
    return f"{API}/namespaces/{item['metadata']['namespace']}/{plural}" + (f"/{of}" if of else "")


def _idle() -> Object:
    return {"operation": "", "running": False, "operationPhase": ""}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
