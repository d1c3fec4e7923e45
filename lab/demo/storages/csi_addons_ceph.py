"""RBD images as ceph_rbd's storage makes them, which csi-addons replicates one by one: a class takes the snapshots."""

from __future__ import annotations

from typing import Any

from demo.cluster import Object
from demo.storages.ceph_rbd import GROUP, CephRbdStorage
from demo.storages.csi_addons import site_options


class CsiAddonsCephStorage(CephRbdStorage):
    lab_options = ("--storage", "ceph", "--csi-addons")

    def replication(self, sites: dict[str, dict[str, Any]]) -> Object:
        return {
            "provider": "csi_addons",
            # a sync shows up in a VolumeReplication within two and a half minutes
            "max_lag": "10m",
            "groups": [{"name": GROUP, "selector": {}}],
            "options": {
                "per": "volume",
                "sites": {name: site_options(site["csi_addons_ceph"]) for name, site in sites.items()},
            },
        }
