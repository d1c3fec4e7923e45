"""The volumes of `nfs` on servers that are reached by ssh: rsync replicates the export, when cron says so."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from demo.cluster import Object, wait_until
from demo.storages.nfs import EXPORT, NfsStorage, create_export

INTERVAL = "1m"
# two of cron's minutes
TRANSFERRED_WITHIN = 120


class NfsSshStorage(NfsStorage):
    """The lab's server exports, and its replication knows no peer."""

    lab_options = ("--ssh",)

    def provision(self, site: dict[str, Any], peer: dict[str, Any], volumes: list[str]) -> None:
        """At the other site there is the empty folder, which whoever runs that server has made."""
        create_export(site, self._export, "", volumes)
        folder_of(peer, self._export).mkdir()

    def replication(self, sites: dict[str, dict[str, Any]]) -> Object:
        return {
            "provider": "nfs",
            "max_lag": "5m",
            "groups": [{"name": self._export, "selector": {}}],
            "options": {
                "interval": INTERVAL,
                "sites": {
                    name: {"server": site["nfs_server"], "path": self._path(site), **site["ssh"]}
                    for name, site in sites.items()
                },
            },
        }

    def await_replicated(self, sites: dict[str, dict[str, Any]]) -> None:
        """By the transfers that cron begins; west's server knows the beginning of the newest whole one, in seconds."""
        asked = datetime.now(UTC)

        def missing() -> list[str]:
            last = last_sync(sites["west"], self._export)
            return [] if last and last >= asked else [f"{self._export} since {last}"]

        wait_until("replication", TRANSFERRED_WITHIN, missing)


def folder_of(site: dict[str, Any], export: str) -> Path:
    return Path(site["storage_root"]) / export


def last_sync(site: dict[str, Any], export: str = EXPORT) -> datetime | None:
    """As the server's own record of the export has it."""
    record = Path(site["ssh"]["state_dir"]) / f"{export}.state"
    if not record.exists():
        return None
    fields = dict(line.split("=", 1) for line in record.read_text().splitlines())
    return datetime.fromisoformat(fields["last_sync"]) if fields["last_sync"] else None
