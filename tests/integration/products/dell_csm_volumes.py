# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Dell's replication controller does with PVs: each gets the mark of its group, and one at the other site.

As the real one it makes no claims, and makes a PV at the other site only once.
"""

from __future__ import annotations

from typing import Any

from ansible_collections.ocpvirt.dr.tests.integration.products.dell_csm_arrays import OTHER
from demo.cluster import Cluster
from demo.storages import Storage

MARK = "replication.storage.dell.com/replicationGroupName"
CREATED_BY = {"replication.storage.dell.com/createdBy": "dell-replication-controller"}
KEPT = ("capacity", "accessModes", "persistentVolumeReclaimPolicy", "volumeMode")


class Volumes:
    """exports: volumes of the group, as the storage calls them."""

    def __init__(
        self, sites: dict[str, dict[str, Any]], clusters: dict[str, Cluster], storage: Storage, exports: list[str]
    ) -> None:
        self._sites = sites
        self._clusters = clusters
        self._storage = storage
        self._exports = exports

    def mark(self, site: str, group: str) -> None:
        """All PVs of the group at a site, and their counterparts at the other one."""
        handles = {self._source(site, export)["volumeHandle"]: export for export in self._exports}
        found = [
            (handles[handle], pv)
            for pv in self._clusters[site].list("PersistentVolume")
            if (handle := pv["spec"].get("csi", {}).get("volumeHandle")) in handles
        ]
        unmarked = [pv for _export, pv in found if MARK not in (pv["metadata"].get("labels") or {})]
        for pv in unmarked:
            labels = {"metadata": {"labels": {MARK: group}}}
            self._clusters[site].patch("PersistentVolume", pv["metadata"]["name"], None, labels)
        if unmarked:
            self._replicate(OTHER[site], group, found)

    def _replicate(self, site: str, group: str, found: list[tuple[str, dict[str, Any]]]) -> None:
        there = {pv["metadata"]["name"] for pv in self._clusters[site].list("PersistentVolume")}
        for export, pv in found:
            if pv["metadata"]["name"] in there:
                continue
            spec = {key: pv["spec"][key] for key in KEPT if key in pv["spec"]}
            spec["persistentVolumeReclaimPolicy"] = "Retain"
            spec |= {"storageClassName": self._storage.storage_class(self._sites[site])}
            spec |= {"csi": self._source(site, export)}
            meta = {"name": pv["metadata"]["name"], "labels": {MARK: group}, "annotations": CREATED_BY}
            body = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": meta, "spec": spec}
            self._clusters[site].create(body)

    def _source(self, site: str, export: str) -> dict[str, Any]:
        return dict(self._storage.source(self._sites[site], export)["csi"])
