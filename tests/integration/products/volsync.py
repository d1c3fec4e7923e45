# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VolSync at a site, as its state machine of 2026 is, over directories of the lab's storage in the place of movers.

What surprises is done here, too: a trigger is confirmed by the sync that ends after it was set, whenever that began;
a copy is made as soon as a sync begins, also of what is paused; nothing keeps anybody from writing to a volume. Every
schedule is one of a few seconds.
"""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from ansible_collections.ocpvirt.dr.tests.integration.products.controller import MERGE, ProductController
from ansible_collections.ocpvirt.dr.tests.integration.products.copies import (
    copy_of,
    export_of_claim,
    folder_of,
    make_equal,
)
from demo.cluster import Cluster, Object
from demo.lab import Lab

GROUP = "/apis/volsync.backube/v1alpha1"
SOURCES, DESTINATIONS = "replicationsources", "replicationdestinations"
EVERY = 3.0


class VolsyncController(ProductController):
    definitions: ClassVar[tuple[str, ...]] = (f"volsync.backube_{SOURCES}.yaml", f"volsync.backube_{DESTINATIONS}.yaml")

    def __init__(self, lab: Lab, site: str) -> None:
        super().__init__(lab, site)
        self._lab = lab
        # by uid, the copies that syncs under way send
        self._copies: dict[str, Path] = {}
        # the lab says it in a second or two, which is long for each of many volumes
        self._cut: bool | None = None

    def act(self) -> None:
        self._cut = None
        for item in self._list(DESTINATIONS):
            self._listen(item)
        sources = self._list(SOURCES)
        for uid in set(self._copies) - {item["metadata"]["uid"] for item in sources}:
            shutil.rmtree(self._copies.pop(uid), ignore_errors=True)
        for item in sources:
            self._synchronize(item)

    def _listen(self, item: Object) -> None:
        changes: Object = {}
        if not item.get("status", {}).get("rsyncTLS", {}).get("address"):
            changes["rsyncTLS"] = {"address": f"{self.site}-{item['metadata']['name']}.example.org"}
        if _is_due(item):
            changes["lastSyncStartTime"] = _now()
        if changes:
            _write(self.cluster, DESTINATIONS, item, changes)

    def _synchronize(self, item: Object) -> None:
        if _is_due(item):
            return _write(self.cluster, SOURCES, item, {"lastSyncStartTime": _now()})
        if not item.get("status", {}).get("lastSyncStartTime"):
            return None
        uid = item["metadata"]["uid"]
        if uid not in self._copies:
            self._copies[uid] = self._copy(item)
            return None
        if item["spec"].get("paused"):
            return None
        return self._send(item, self._copies[uid])

    def _send(self, item: Object, copied: Path) -> None:
        # asked last, as that takes no time: no mover holds what is paused meanwhile
        if self._is_cut() or (target := self._target(item)) is None:
            failed = {"latestMoverStatus": {"result": "Failed", "logs": "connection refused"}}
            return _write(self.cluster, SOURCES, item, failed)
        folder = self._folder(self.peer_cluster, self.peer_facts, target)
        make_equal(copied, folder)
        # the trigger of the end counts, not that of the beginning
        _end(self.peer_cluster, DESTINATIONS, self.peer_cluster.call("GET", _path(DESTINATIONS, target)))
        _end(self.cluster, SOURCES, self.cluster.call("GET", _path(SOURCES, item)))
        shutil.rmtree(self._copies.pop(item["metadata"]["uid"]))
        return None

    def _is_cut(self) -> bool:
        """As of this look at all objects."""
        if self._cut is None:
            self._cut = bool(self._lab.status()["sites"][self.site]["partitioned"])
        return self._cut

    def _target(self, item: Object) -> Object | None:
        """What listens at the address that the source sends to, with the same key."""
        tls = item["spec"]["rsyncTLS"]
        for found in _list(self.peer_cluster, DESTINATIONS):
            status = found.get("status", {})
            if (
                status.get("rsyncTLS", {}).get("address") == tls.get("address")
                and found["metadata"]["namespace"] == item["metadata"]["namespace"]
                and found["spec"]["rsyncTLS"]["keySecret"] == tls["keySecret"]
                and status.get("lastSyncStartTime")
                and not found["spec"].get("paused")
            ):
                return found
        return None

    def _copy(self, item: Object) -> Path:
        return copy_of(self._folder(self.cluster, self.facts, item), f"volsync-{self.site}")

    def _folder(self, cluster: Cluster, facts: dict[str, Any], item: Object) -> Path:
        claim = item["spec"].get("sourcePVC") or item["spec"]["rsyncTLS"]["destinationPVC"]
        return folder_of(facts, export_of_claim(cluster, claim, item["metadata"]["namespace"]))

    def _list(self, plural: str) -> list[Object]:
        return _list(self.cluster, plural)


def _is_due(item: Object) -> bool:
    """Whether a sync begins now."""
    status, trigger = item.get("status", {}), item["spec"].get("trigger") or {}
    if status.get("lastSyncStartTime"):
        return False
    if not status.get("lastSyncTime"):
        return True
    if trigger.get("manual"):
        return bool(trigger["manual"] != status.get("lastManualSync"))
    if trigger.get("schedule"):
        return (datetime.now(UTC) - datetime.fromisoformat(status["lastSyncTime"])).total_seconds() >= EVERY
    return True


def _end(cluster: Cluster, plural: str, item: Object) -> None:
    started = item.get("status", {}).get("lastSyncStartTime")
    took = datetime.now(UTC) - datetime.fromisoformat(started) if started else None
    changes = {
        "lastSyncStartTime": None,
        "lastSyncTime": _now(),
        "lastSyncDuration": f"{took.total_seconds():.3f}s" if took else "0s",
        "lastManualSync": (item["spec"].get("trigger") or {}).get("manual"),
        "latestMoverStatus": {"result": "Successful", "logs": None},
    }
    _write(cluster, plural, item, changes)


def _list(cluster: Cluster, plural: str) -> list[Object]:
    items: list[Object] = cluster.call("GET", f"{GROUP}/{plural}")["items"]
    return [item for item in items if item["spec"].get("rsyncTLS")]


def _write(cluster: Cluster, plural: str, item: Object, status: Object) -> None:
    """Refused where somebody else has written meanwhile, as the real one's updates are."""
    if all(item.get("status", {}).get(key) == value for key, value in status.items()):
        return
    body = {"metadata": {"resourceVersion": item["metadata"]["resourceVersion"]}, "status": status}
    cluster.call("PATCH", f"{_path(plural, item)}/status", body, MERGE)


def _path(plural: str, item: Object) -> str:
    return f"{GROUP}/namespaces/{item['metadata']['namespace']}/{plural}/{item['metadata']['name']}"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
