# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ramen's operator at one cluster, over exports of the lab's storage in the place of VolumeReplications.

As the real one, a source that is relocated is given up only once its claims are gone, and is Secondary only when its
data is at the peer; after a failover the old source takes the peer's data by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from ansible_collections.ocpvirt.dr.tests.integration.products.exports import Exports
from demo.cluster import Cluster, Object

API = "/apis/ramendr.openshift.io/v1alpha1"
SPACE = "openshift-dr-ops"
MERGE = "application/merge-patch+json"
RESTORED = ("ClusterDataReady", "ClusterDataProtected", "KubeObjectsReady")


class RamenCluster:
    """claims: namespace and export of each volume. cleared: whether the application is gone here. restored: whether all
    of it that was to be brought is here."""

    def __init__(
        self,
        cluster: Cluster,
        facts: dict[str, Any],
        name: str,
        claims: list[tuple[str, str]],
        cleared: Callable[[], bool],
        restored: Callable[[], bool],
    ) -> None:
        self.cluster = cluster
        self.path = f"{API}/namespaces/{SPACE}/volumereplicationgroups/{name}"
        self._exports = Exports(facts)
        self._claims = claims
        self._cleared, self._restored = cleared, restored

    def operate(self) -> None:
        item = self.cluster.call("GET", self.path)
        generation, before = item["metadata"]["generation"], item.get("status", {})
        status: Object = {**before, "observedGeneration": generation}
        if item["spec"]["replicationState"] == "primary":
            done = self._promote(item, status)
        elif before.get("state") == "Secondary" and before["observedGeneration"] == generation:
            return
        else:
            done = self._demote(item, status)
        tell(status, generation, "DataReady", done)
        status["state"] = item["spec"]["replicationState"].capitalize() if done else "Unknown"
        if status != before:
            self.cluster.call("PATCH", f"{self.path}/status", {"status": status}, MERGE)

    def _promote(self, item: Object, status: Object) -> bool:
        """Data first, then what goes with it."""
        for _space, export in self._claims:
            if self._exports.look(export)["role"] != "primary":
                self._exports.promote(export, force=item["spec"].get("action") == "Failover")
        restored = self._restored()
        for name in RESTORED:
            tell(status, item["metadata"]["generation"], name, restored or name == "ClusterDataProtected")
        status["protectedPVCs"] = [{"namespace": space, "name": export} for space, export in self._claims]
        syncs = [self._exports.look(export).get("last_sync") for _space, export in self._claims]
        if syncs and all(syncs):
            oldest = min(datetime.fromisoformat(text) for text in syncs if text)
            status["lastGroupSyncTime"] = _rounded(oldest)
        return True

    def _demote(self, item: Object, status: Object) -> bool:
        relocated = item["spec"].get("action") == "Relocate"
        if relocated and not self._cleared():
            tell(status, item["metadata"]["generation"], "DataProtected", False)
            return False
        for _space, export in self._claims:
            if self._exports.look(export)["role"] == "primary":
                self._exports.demote(export)
        arrived = self._sent if relocated else self._followed
        there = all(arrived(export) for _space, export in self._claims)
        tell(status, item["metadata"]["generation"], "DataProtected", there)
        status.update(protectedPVCs=[], lastGroupSyncTime=None)
        return there

    def _sent(self, export: str) -> bool:
        try:
            self._exports.sync(export)
        except RuntimeError:
            # the way is cut
            return False
        return True

    def _followed(self, export: str) -> bool:
        seen = self._exports.look(export)
        if seen["health"] == "diverged":
            self._exports.resync(export)
        return bool(seen["health"] == "healthy" and seen["direction"] == "incoming")


def tell(status: Object, generation: int, name: str, value: bool, message: str = "") -> None:
    """A condition; its time changes with its status."""
    known = {entry["type"]: entry for entry in status.get("conditions", [])}
    entry = {
        "type": name,
        "status": str(value),
        "reason": "Ready" if value else "Progressing",
        "message": message or f"{name} is {value}",
        "observedGeneration": generation,
        "lastTransitionTime": _rounded(datetime.now(UTC)),
    }
    if name in known and known[name]["status"] == entry["status"]:
        entry["lastTransitionTime"] = known[name]["lastTransitionTime"]
    status["conditions"] = [*(other for other in known.values() if other["type"] != name), entry]


def holds(item: Object, name: str) -> bool:
    generation = item["metadata"]["generation"]
    return any(
        entry["type"] == name and entry["status"] == "True" and entry["observedGeneration"] == generation
        for entry in item.get("status", {}).get("conditions", [])
    )


def _rounded(moment: datetime) -> str:
    """As Kubernetes writes it, and never later than it was."""
    return moment.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")
