# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The storage under the lab's controllers of replication products: exports of a site, which really replicate."""

from __future__ import annotations

import time
from typing import Any

import requests
from demo.cluster import Object

TIMEOUT = 30
# of a look, which never waits for anything: a storage that takes longer is lost
LOOK_TIMEOUT = 5
POLL = 0.3
# of an export's health: what is on its way, and not broken
ON_ITS_WAY = ("no snapshot", "older than", "resync has not", "final sync has not")


class Exports:
    """By the storage's own API. A refusal of the storage is a RuntimeError with its words."""

    def __init__(self, site: dict[str, Any]) -> None:
        """site: its entry in `lab env`."""
        self._url = f"{site['storage_url']}/v1/exports"

    def look(self, export: str) -> Object:
        return self._ask("GET", export, timeout=LOOK_TIMEOUT)

    def replicate(self, export: str, role: str, peer: str, interval: float) -> None:
        """peer: `replication_peer` of the other site, or empty for none."""
        self._ask("PUT", export, {"role": role, "peer": peer, "interval_seconds": interval})

    def promote(self, export: str, force: bool = False) -> None:
        self._ask("POST", f"{export}/promote", {"force": force})

    def demote(self, export: str) -> None:
        self._ask("POST", f"{export}/demote")

    def sync(self, export: str) -> Object:
        """From a demoted copy; what was compared on both sides."""
        return self._ask("POST", f"{export}/sync")

    def resync(self, export: str) -> None:
        self._ask("POST", f"{export}/resync")

    def follow(self, export: str, within: float) -> None:
        """Until it follows its peer; one that has diverged, or that is still primary, is thrown away."""
        if self.look(export)["role"] == "primary":
            self.demote(export)
        asked, end = False, time.monotonic() + within
        while (seen := self.look(export))["health"] != "healthy" or seen["direction"] != "incoming":
            if seen["health"] == "diverged" and not asked:
                self.resync(export)
                asked = True
            if time.monotonic() > end:
                raise RuntimeError(f"{export} does not follow: {seen['health']} {seen['error']}")
            time.sleep(POLL)

    def pause(self, export: str) -> None:
        self._ask("POST", f"{export}/pause")

    def resume(self, export: str) -> None:
        self._ask("POST", f"{export}/resume")

    def _ask(self, method: str, path: str, body: Object | None = None, timeout: float = TIMEOUT) -> Object:
        answer = requests.request(method, f"{self._url}/{path}", json=body, timeout=timeout)
        if not answer.ok:
            raise RuntimeError(f"{method} {answer.url}: HTTP {answer.status_code}: {answer.text[:300]}")
        return dict(answer.json()) if answer.content else {}


def export_of(volume_handle: str) -> str:
    """As csi-driver-nfs names it: server#share#subdirectory##."""
    return volume_handle.split("#")[2]
