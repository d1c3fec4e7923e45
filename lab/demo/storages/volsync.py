"""A CSI volume per VM, each a directory of its own, that a double of VolSync copies."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from demo.cluster import Cluster, Object, wait_until
from demo.storages.csi_addons import GROUP, CsiAddonsStorage

SOURCES = f"/apis/volsync.backube/v1alpha1/namespaces/{GROUP}/replicationsources"
OPTIONS: Object = {"secret": {"name": "dr-key"}, "timeout": "2m"}


class VolsyncStorage(CsiAddonsStorage):
    """Volumes, rules and addresses as csi-addons has them: both know volumes by their claims."""

    lab_options = ()

    def __init__(self) -> None:
        super().__init__("volume")

    def provision(self, site: dict[str, Any], peer: dict[str, Any], volumes: list[str]) -> None:
        """Writable at both sites, and no peer: VolSync locks nothing, and the storage knows nothing of the other."""
        for volume in volumes:
            for where in (site, peer):
                body = {"role": "primary", "peer": "", "interval_seconds": 60}
                requests.put(f"{where['storage_url']}/v1/exports/{volume}", json=body, timeout=30).raise_for_status()

    def replication(self, sites: dict[str, dict[str, Any]]) -> Object:
        return {"provider": "volsync", "groups": [{"name": GROUP, "selector": {}}], "options": OPTIONS}

    def await_replicated(self, sites: dict[str, dict[str, Any]]) -> None:
        """By syncs of east's that have begun since."""
        asked, east = datetime.now(UTC), Cluster(Path(sites["east"]["kubeconfig"]))

        def missing() -> list[str]:
            items = east.call("GET", SOURCES)["items"]
            return [item["metadata"]["name"] for item in items if not _begun_since(item.get("status", {}), asked)]

        wait_until("replication", 180, missing)


def _begun_since(status: Object, moment: datetime) -> bool:
    """lastSyncTime: of the end, in whole seconds. lastSyncDuration: as 1.25s."""
    if not status.get("lastSyncTime"):
        return False
    took = timedelta(seconds=float(status["lastSyncDuration"].rstrip("s")))
    return datetime.fromisoformat(status["lastSyncTime"]) - took >= moment
