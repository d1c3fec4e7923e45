# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A double of the CSI snapshot controller and of a driver's provisioner at a site, on exports of the lab's storage.

A snapshot is a copy of the volume's folder, a clone a volume of its own with that copy. KubeVirt's own controller,
which makes the snapshots of a VM, is the real one.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

import requests
from demo.cluster import Cluster, Object, wait_until
from demo.storages import Storage
from demo.workload import NAMESPACE

GROUP = "snapshot.storage.k8s.io"
DRIVER = "nfs.csi.k8s.io"
CLASS = "exports"
POLL = 0.2
SLOW = 1.0
MERGE = "application/merge-patch+json"


def path(plural: str, name: str = "", namespace: str | None = NAMESPACE) -> str:
    space = f"/namespaces/{namespace}" if namespace else ""
    return f"/apis/{GROUP}/v1{space}/{plural}" + (f"/{name}" if name else "")


class Snapshotter:
    """stuck: claims whose snapshots never become ready, with the error that they show. unbound: claims whose clones
    nobody provisions. storage: of csi-driver-nfs' volumes."""

    def __init__(
        self, cluster: Cluster, site: dict[str, Any], peer: dict[str, Any], folder: Path, storage: Storage
    ) -> None:
        self.cluster = Cluster(cluster.kubeconfig)
        self.stuck: dict[str, str] = {}
        self.unbound: set[str] = set()
        self._site, self._peer, self._storage = site, peer, storage
        self._copies = folder
        self._ended = threading.Event()
        self._worker = threading.Thread(target=self._work, daemon=True)

    def install(self) -> None:
        """The definitions, as open as the real ones are in these fields, and a class of each kind."""
        for plural, kind, scope in (
            ("volumesnapshots", "VolumeSnapshot", "Namespaced"),
            ("volumesnapshotclasses", "VolumeSnapshotClass", "Cluster"),
        ):
            self.cluster.create(_definition(plural, kind, scope))
        wait_until("the definitions of snapshots", 30, self._unserved)
        # the lab's class has the same name, and a provisioner cannot be changed
        self.cluster.delete("StorageClass", self._site["storage_class"])
        self.cluster.create(
            {
                "apiVersion": "storage.k8s.io/v1",
                "kind": "StorageClass",
                "metadata": {"name": self._site["storage_class"]},
                "provisioner": DRIVER,
                "reclaimPolicy": "Delete",
            }
        )
        snapshot_class = {"apiVersion": f"{GROUP}/v1", "kind": "VolumeSnapshotClass", "metadata": {"name": CLASS}}
        self.cluster.call(
            "POST",
            path("volumesnapshotclasses", namespace=None),
            {**snapshot_class, "driver": DRIVER, "deletionPolicy": "Delete"},
        )

    @contextmanager
    def serving(self) -> Iterator[None]:
        self._worker.start()
        try:
            yield
        finally:
            self._ended.set()
            self._worker.join(30)

    def snapshots(self) -> list[str]:
        found = self.cluster.call("GET", path("volumesnapshots"))["items"]
        return [item["metadata"]["name"] for item in found]

    def _work(self) -> None:
        while not self._ended.wait(POLL):
            try:
                for item in self.cluster.call("GET", path("volumesnapshots"))["items"]:
                    self._snapshot(item)
                for item in self.cluster.list("PersistentVolumeClaim", NAMESPACE):
                    self._provision(item)
                for item in self.cluster.list("PersistentVolume"):
                    self._delete(item)
            except RuntimeError:
                # somebody else wrote it meanwhile: it comes by again
                continue

    def _snapshot(self, item: Object) -> None:
        status, claim = item.get("status") or {}, item["spec"]["source"]["persistentVolumeClaimName"]
        if status.get("readyToUse"):
            return
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        wanted: Object = {"readyToUse": True, "creationTime": now, "restoreSize": "1Gi"}
        if claim in self.stuck:
            wanted = {"readyToUse": False, "error": {"message": self.stuck[claim], "time": now}}
        elif not (self._copies / item["metadata"]["name"]).exists():
            # so that disks of a guest that goes on writing would not be of one moment
            self._ended.wait(SLOW)
            shutil.copytree(self._folder_of(claim), self._copies / item["metadata"]["name"])
        if not wanted["readyToUse"] and (status.get("error") or {}).get("message") == wanted["error"]["message"]:
            return
        at = path("volumesnapshots", item["metadata"]["name"]) + "/status"
        self.cluster.call("PATCH", at, {"status": {"error": None, **wanted}}, MERGE)

    def _provision(self, pvc: Object) -> None:
        meta, source = pvc["metadata"], pvc["spec"].get("dataSource") or {}
        if source.get("kind") != "VolumeSnapshot" or pvc["spec"].get("volumeName") or "deletionTimestamp" in meta:
            return
        copy, name = self._copies / source["name"], f"pvc-{meta['uid']}"
        taken = {item["metadata"]["name"] for item in self.cluster.list("PersistentVolume")}
        if not copy.exists() or any(meta["name"].startswith(claim) for claim in self.unbound) or name in taken:
            return
        self._storage.provision(self._site, self._peer, [name])
        volume = self._storage.source(self._site, name)
        shutil.copytree(copy, self._folder(self._site, volume), dirs_exist_ok=True)
        spec = {
            "capacity": pvc["spec"]["resources"]["requests"],
            "accessModes": pvc["spec"]["accessModes"],
            "volumeMode": pvc["spec"]["volumeMode"],
            "storageClassName": pvc["spec"]["storageClassName"],
            "persistentVolumeReclaimPolicy": "Delete",
            "claimRef": {"kind": "PersistentVolumeClaim", **{key: meta[key] for key in ("namespace", "name", "uid")}},
            **volume,
        }
        marks = {"pv.kubernetes.io/provisioned-by": DRIVER}
        meta = {"name": name, "annotations": marks}
        self.cluster.create({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": meta, "spec": spec})

    def _delete(self, pv: Object) -> None:
        name, spec = pv["metadata"]["name"], pv["spec"]
        ours = name.startswith("pvc-") and spec["persistentVolumeReclaimPolicy"] == "Delete"
        if not ours or pv.get("status", {}).get("phase") != "Released":
            return
        self.cluster.delete("PersistentVolume", name)
        for site in (self._site, self._peer):
            requests.delete(f"{site['storage_url']}/v1/exports/{name}", timeout=10)
            shutil.rmtree(self._folder(site, spec), ignore_errors=True)

    def _folder_of(self, claim: str) -> Path:
        name = self.cluster.get("PersistentVolumeClaim", claim, NAMESPACE)["spec"]["volumeName"]
        return self._folder(self._site, self.cluster.get("PersistentVolume", name)["spec"])

    def _folder(self, site: dict[str, Any], volume: Object) -> Path:
        """Of a volume of the site, or of its copy at the peer."""
        attributes = volume["csi"]["volumeAttributes"]
        at = PurePosixPath(attributes["share"], attributes["subdir"]).relative_to(self._site["export_prefix"])
        return Path(site["storage_root"]) / at

    def _unserved(self) -> list[str]:
        try:
            self.cluster.call("GET", path("volumesnapshots"))
            self.cluster.call("GET", path("volumesnapshotclasses", namespace=None))
        except RuntimeError as error:
            return [str(error)]
        return []


def _definition(plural: str, kind: str, scope: str) -> Object:
    names = {"kind": kind, "plural": plural, "singular": kind.lower(), "listKind": f"{kind}List"}
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version: Object = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    if scope == "Namespaced":
        version["subresources"] = {"status": {}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{plural}.{GROUP}",
            "annotations": {"api-approved.kubernetes.io": "https://github.com/kubernetes-csi/external-snapshotter"},
        },
        "spec": {"group": GROUP, "names": names, "scope": scope, "versions": [version]},
    }
