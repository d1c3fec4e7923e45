"""The directories of the site's NFS server as volumes of csi-driver-nfs, which can be snapshotted."""

from __future__ import annotations

import re
from typing import Any

from demo.cluster import Object
from demo.storages.csi_addons import DRIVER
from demo.storages.nfs import NfsStorage


class NfsCsiStorage(NfsStorage):
    """Replicated as those: the servers know an export, and not what mounts its directories."""

    def source(self, site: dict[str, Any], volume: str) -> Object:
        attributes = {"server": site["nfs_server"], "share": self._path(site), "subdir": volume}
        return {"csi": {"driver": DRIVER, "volumeHandle": self._handle(site, volume), "volumeAttributes": attributes}}

    def volume_rules(self, sites: dict[str, dict[str, Any]]) -> list[Object]:
        exports = "|".join(re.escape(self._handle(site, "")[:-2]) for site in sites.values())
        return [
            {
                "match": {"csi": {"driver": DRIVER, "volumeHandle": f"(?:{exports})(?P<volume>[^#]+)##"}},
                "set": {
                    name: {
                        "csi.volumeHandle": self._handle(site, "{match.volume}"),
                        "csi.volumeAttributes.server": site["nfs_server"],
                        "csi.volumeAttributes.share": self._path(site),
                        "storageClassName": self.storage_class(site),
                    }
                    for name, site in sites.items()
                },
            }
        ]

    def _handle(self, site: dict[str, Any], volume: str) -> str:
        """As the driver writes it for a volume without a UUID."""
        return f"{site['nfs_server']}#{self._path(site).strip('/')}#{volume}##"
