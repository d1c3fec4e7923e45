"""A CSI volume per VM, each an export of its own, that csi-addons replicates: one by one, or all as one group."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import requests

from demo.cluster import Object, wait_until

DRIVER = "nfs.csi.k8s.io"
GROUP = "payroll"
INTERVAL = 2
# of each wait. The product looks at a demoted volume after 15 s, and then every 30 s
TIMEOUT = "3m"
CONNECTIONS = 8
HANDLE = r"[^#]+#[^#]+#(?P<volume>[^#]+)##"
"""server#share#subdirectory##, as csi-driver-nfs writes it for a volume without a UUID."""


class CsiAddonsStorage:
    volume_mode = "Filesystem"
    lab_options = ("--csi-addons",)

    def __init__(self, per: str) -> None:
        """per: `volume` for a VolumeReplication each, `group` for one VolumeGroupReplication."""
        self._per = per

    def provision(self, site: dict[str, Any], peer: dict[str, Any], volumes: list[str]) -> None:
        """At both sites, as an array's administrator would: csi-addons switches replicas, it makes none."""
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            list(pool.map(lambda volume: _put(site, volume, "primary", peer), volumes))
            list(pool.map(lambda volume: _put(peer, volume, "secondary", site), volumes))

    def storage_class(self, site: dict[str, Any]) -> str:
        return site["storage_class"]

    def source(self, site: dict[str, Any], volume: str) -> Object:
        attributes = {"server": site["nfs_server"], "share": site["export_prefix"], "subdir": volume}
        return {"csi": {"driver": DRIVER, "volumeHandle": _handle(site, volume), "volumeAttributes": attributes}}

    def address(self, site: dict[str, Any]) -> str:
        return site["nfs_server"]

    def replication(self, sites: dict[str, dict[str, Any]]) -> Object:
        return {
            "provider": "csi_addons",
            "max_lag": "2m",
            "groups": [{"name": GROUP, "selector": {}}],
            "options": {
                "per": self._per,
                "timeout": TIMEOUT,
                "sites": {name: site_options(site["csi_addons"]) for name, site in sites.items()},
            },
        }

    def volume_rules(self, sites: dict[str, dict[str, Any]]) -> list[Object]:
        return [
            {
                "match": {
                    "csi": {
                        "driver": DRIVER,
                        "volumeHandle": HANDLE,
                        "volumeAttributes": {"server": [site["nfs_server"] for site in sites.values()]},
                    }
                },
                "set": {
                    name: {
                        "csi.volumeHandle": _handle(site, "{match.volume}"),
                        "csi.volumeAttributes.server": site["nfs_server"],
                        "csi.volumeAttributes.share": site["export_prefix"],
                        "storageClassName": self.storage_class(site),
                    }
                    for name, site in sites.items()
                },
            }
        ]

    def await_replicated(self, sites: dict[str, dict[str, Any]]) -> None:
        asked = datetime.now(UTC)

        def missing() -> list[str]:
            exports = requests.get(f"{sites['west']['storage_url']}/v1/exports", timeout=10).json()["exports"]
            return [item["name"] for item in exports if not synced_since(item, asked)]

        wait_until("replication", 60, missing)


def _handle(site: dict[str, Any], volume: str) -> str:
    return f"{site['nfs_server']}#{site['export_prefix'].strip('/')}#{volume}##"


def site_options(facts: dict[str, Any]) -> Object:
    """facts: `csi_addons` of a site."""
    return {
        "class": facts["volume_replication_class"],
        "group_class": facts["volume_group_replication_class"],
        "fence": {"class": facts["network_fence_class"], "cidrs": facts["cidrs"]},
    }


def _put(site: dict[str, Any], volume: str, role: str, peer: dict[str, Any]) -> None:
    body = {"role": role, "peer": peer["replication_peer"], "interval_seconds": INTERVAL}
    answer = requests.put(f"{site['storage_url']}/v1/exports/{volume}", json=body, timeout=30)
    if not answer.ok:
        raise RuntimeError(f"PUT {answer.url}: HTTP {answer.status_code}: {answer.text[:300]}")


def synced_since(export: Object, moment: datetime) -> bool:
    last = export.get("last_sync")
    return bool(last) and datetime.fromisoformat(last) >= moment
