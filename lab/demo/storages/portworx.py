"""A CSI volume per VM, each a directory of its own, that a double of Stork migrates.

The double is part of the integration tests, which run it beside the lab.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from demo.cluster import Cluster, Object, wait_until
from demo.storages.csi_addons import GROUP
from demo.storages.volsync import VolsyncStorage

OPTIONS: Object = {"cluster_pair": "pair", "timeout": "2m"}
MIGRATIONS = "/apis/stork.libopenstorage.org/v1alpha1/migrations"
REPLICATED_WITHIN = 60


class PortworxStorage(VolsyncStorage):
    """The same volumes: Portworx locks none either, and the lab's storage knows nothing of the other site."""

    def replication(self, sites: dict[str, dict[str, Any]]) -> Object:
        groups = [{"name": GROUP, "selector": {}}]
        return {"provider": "portworx", "max_lag": "2m", "groups": groups, "options": OPTIONS}

    def await_replicated(self, sites: dict[str, dict[str, Any]]) -> None:
        # its moments are whole seconds
        asked = datetime.now(UTC).replace(microsecond=0)
        east = Cluster(Path(sites["east"]["kubeconfig"]))

        def missing() -> list[str]:
            newer = [item for item in east.call("GET", MIGRATIONS)["items"] if _made(item) > asked]
            done = [item for item in newer if item.get("status", {}).get("status") == "Successful"]
            return [] if done else [f"none of {len(newer)} migrations is successful"]

        wait_until("replication", REPLICATED_WITHIN, missing)


def _made(item: Object) -> datetime:
    return datetime.fromisoformat(item["metadata"]["creationTimestamp"])
