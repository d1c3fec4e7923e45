# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many volumes: a plan for them, their capture, and a run at west that has chosen it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.api import Api
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import LEASE, NAMESPACE, PV, PVC
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.run_store import RunStore
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict
from ansible_collections.ocpvirt.dr.plugins.module_utils._metadata.export_directory import DirectoryStore
from ansible_collections.ocpvirt.dr.plugins.module_utils._metadata.export_form import canonical, digest_of, packed
from ansible_collections.ocpvirt.dr.plugins.module_utils._metadata.export_index import (
    CaptureName,
    Entry,
    Index,
    write_index,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.capture import Capture
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan_parser import parse_plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan.sites import open_site
from ansible_collections.ocpvirt.dr.tests.bench.module_process import Ran, run_module
from ansible_collections.ocpvirt.dr.tests.bench.promotion import begun
from demo.lab import Lab

WORKERS = 16
WITHIN = 3600
EXPORT = "/exports/bench"
SIZE = {"storage": "1Gi"}


def volume(space: str, name: str, server: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": f"{space}-{name}", "labels": {"bench": space}},
        "spec": {
            "capacity": SIZE,
            "accessModes": ["ReadWriteMany"],
            "volumeMode": "Filesystem",
            "storageClassName": "bench",
            "persistentVolumeReclaimPolicy": "Retain",
            "claimRef": {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": space, "name": name},
            "nfs": {"server": server, "path": f"{EXPORT}/{space}/{name}"},
        },
    }


def claim(space: str, name: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": space, "labels": {"bench": space}},
        "spec": {
            "accessModes": ["ReadWriteMany"],
            "volumeMode": "Filesystem",
            "storageClassName": "bench",
            "resources": {"requests": SIZE},
            "volumeName": f"{space}-{name}",
        },
        "status": {"phase": "Bound"},
    }


class Volumes:
    """So many volumes in a namespace of their own, which a failover to west would create."""

    def __init__(self, lab: Lab, folder: Path, space: str, count: int) -> None:
        self.space = space
        self.sites: dict[str, Any] = lab.environment()["sites"]
        self.names = [f"disk-{number}" for number in range(count)]
        self._folder = folder / space
        self._document = document(space, self.sites, str(self._folder))
        self.plan: Plan = parse_plan(self._document)
        self.west: Api = open_site(self.plan, "west")

    def capture(self) -> Capture:
        east = self.sites["east"]["nfs_server"]
        return Capture(
            "bench",
            {
                "persistentvolumes": [volume(self.space, name, east) for name in self.names],
                "persistentvolumeclaims": [claim(self.space, name) for name in self.names],
            },
        )

    def make_namespace(self) -> None:
        try:
            self.west.create(NAMESPACE, {"metadata": {"name": self.space}})
        except Conflict:
            # of a benchmark before this one
            self.west.get(NAMESPACE, self.space)

    def prepared(self) -> dict[str, Any]:
        """Arguments of the module for a run that has come to its volumes."""
        self.make_namespace()
        file = self._folder.with_suffix(".yml")
        file.write_text(yaml.safe_dump(self._document))
        run_id = begun(self.plan)
        name = self._export()
        RunStore(self.west, self.plan.store_namespace).put(run_id, self.plan.name, "capture", {"name": name})
        return {"plan": str(file), "run_id": run_id, "wait_timeout": WITHIN}

    def created_by_us(self) -> tuple[Ran, str]:
        """The module's run, from its start to its end, and the id of the run that it works for."""
        arguments = self.prepared()
        ran = run_module("persistent_volume", **arguments)
        if ran.result["created"] != len(self.names):
            raise RuntimeError(f"{ran.result['created']} of {len(self.names)} were created")
        return ran, arguments["run_id"]

    def remove(self) -> None:
        self._each(lambda name: self.west.delete(PVC, name, self.space))
        self._each(lambda name: self.west.delete(PV, f"{self.space}-{name}"))
        # the run never ends by itself
        self.west.delete(LEASE, f"plan-{self.plan.name}", self.plan.store_namespace)

    def _export(self) -> str:
        self._folder.mkdir()
        store = DirectoryStore(str(self._folder))
        entries = []
        for resource, items in self.capture().objects.items():
            for item in items:
                content = canonical(item)
                digest, meta = digest_of(content), item["metadata"]
                entries.append(Entry(resource, meta.get("namespace"), meta["name"], digest))
                store.put(f"{self.plan.name}/blobs/{digest[:2]}/{digest}.json.gz", packed(content))
        name = CaptureName.new(self.plan.name, "east", datetime.now(UTC), "0000")
        index = Index(self.plan.name, "east", name.created.isoformat(), tuple(entries))
        store.put(f"{self.plan.name}/captures/{name.text}.json.gz", write_index(index))
        return name.text

    def _each(self, call: Callable[[str], Any]) -> None:
        with ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(call, self.names))


def document(space: str, sites: dict[str, Any], folder: str) -> dict[str, Any]:
    """A plan whose rule takes the volumes of a namespace from one site's NFS server to the other's."""
    servers = {site: facts["nfs_server"] for site, facts in sites.items()}
    path = f"{EXPORT}/{space}/"
    return {
        "name": space,
        "home": "east",
        "sites": {site: {"kubeconfig": facts["kubeconfig"]} for site, facts in sites.items()},
        "protect": {"namespaces": [space], "selector": {}},
        "replication": {
            "provider": "nfs",
            "groups": [{"name": "all", "selector": {}}],
            "options": {
                "sites": {
                    site: {
                        "control": facts["storage_url"],
                        "peer": facts["replication_peer"],
                        "server": facts["nfs_server"],
                        "path": f"{EXPORT}/{space}",
                    }
                    for site, facts in sites.items()
                }
            },
        },
        "volumes": {
            "rules": [
                {
                    "match": {"nfs": {"server": list(servers.values()), "path": f"{path}(?P<volume>.+)"}},
                    "set": {
                        site: {"nfs.server": server, "nfs.path": f"{path}{{match.volume}}"}
                        for site, server in servers.items()
                    },
                }
            ]
        },
        "metadata": {"source": "export", "export": {"directory": folder}},
    }
