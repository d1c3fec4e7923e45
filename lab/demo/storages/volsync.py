"""A CSI volume per VM, each a directory of its own, that a double of VolSync copies."""

from __future__ import annotations

from typing import Any

import requests

from demo.cluster import Object
from demo.storages.csi_addons import GROUP, CsiAddonsStorage

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
