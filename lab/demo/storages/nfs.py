"""A directory per volume on the site's NFS server; the servers replicate the export that holds them all."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import requests

from demo.cluster import Object, wait_until

EXPORT = "payroll"
INTERVAL = 2


class NfsStorage:
    volume_mode = "Filesystem"
    lab_options = ()

    def __init__(self, export: str = EXPORT) -> None:
        self._export = export

    def provision(self, site: dict[str, Any], peer: dict[str, Any], volumes: list[str]) -> None:
        create_export(site, self._export, peer["replication_peer"], volumes)

    def storage_class(self, site: dict[str, Any]) -> str:
        return site["storage_class"]

    def source(self, site: dict[str, Any], volume: str) -> Object:
        return {"nfs": {"server": site["nfs_server"], "path": f"{self._path(site)}/{volume}"}}

    def address(self, site: dict[str, Any]) -> str:
        return site["nfs_server"]

    def replication(self, sites: dict[str, dict[str, Any]]) -> Object:
        return {
            "provider": "nfs",
            "max_lag": "2m",
            "groups": [{"name": self._export, "selector": {}}],
            "options": {
                "interval": INTERVAL,
                "sites": {
                    name: {
                        "control": site["storage_url"],
                        "peer": site["replication_peer"],
                        "server": site["nfs_server"],
                        "path": self._path(site),
                    }
                    for name, site in sites.items()
                },
            },
        }

    def volume_rules(self, sites: dict[str, dict[str, Any]]) -> list[Object]:
        return [
            {
                "match": {
                    "nfs": {
                        "server": [site["nfs_server"] for site in sites.values()],
                        "path": f".*/{self._export}/(?P<volume>[^/]+)",
                    }
                },
                "set": {
                    name: {
                        "nfs.server": site["nfs_server"],
                        "nfs.path": f"{self._path(site)}/{{match.volume}}",
                        "storageClassName": self.storage_class(site),
                    }
                    for name, site in sites.items()
                },
            }
        ]

    def await_replicated(self, sites: dict[str, dict[str, Any]]) -> None:
        asked = datetime.now(UTC)

        def missing() -> list[str]:
            seen = requests.get(f"{sites['west']['storage_url']}/v1/exports/{self._export}", timeout=10).json()
            last = seen.get("last_sync")
            return [] if last and datetime.fromisoformat(last) >= asked else [f"{self._export} since {last}"]

        wait_until("replication", 60, missing)

    def _path(self, site: dict[str, Any]) -> str:
        return f"{site['export_prefix']}/{self._export}"


def create_export(site: dict[str, Any], name: str, peer: str, volumes: list[str]) -> None:
    """A writable export with a directory for each volume. peer: who gets what is written; empty for nobody."""
    export = f"{site['storage_url']}/v1/exports/{name}"
    body = {"role": "primary", "peer": peer, "interval_seconds": INTERVAL}
    _ok(requests.put(export, json=body, timeout=30))
    for volume in volumes:
        _ok(requests.post(f"{export}/volumes/{volume}", json={}, timeout=30))


def _ok(answer: requests.Response) -> None:
    if not answer.ok:
        raise RuntimeError(f"{answer.request.method} {answer.url}: HTTP {answer.status_code}: {answer.text[:300]}")
