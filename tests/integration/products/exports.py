# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The storage under the lab's controllers of replication products: exports of a site, which really replicate."""

from __future__ import annotations

from typing import Any

import requests
from demo.cluster import Object

TIMEOUT = 30


class Exports:
    """By the storage's own API. A refusal of the storage is a RuntimeError with its words."""

    def __init__(self, site: dict[str, Any]) -> None:
        """site: its entry in `lab env`."""
        self._url = f"{site['storage_url']}/v1/exports"

    def look(self, export: str) -> Object:
        return self._ask("GET", export)

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

    def pause(self, export: str) -> None:
        self._ask("POST", f"{export}/pause")

    def resume(self, export: str) -> None:
        self._ask("POST", f"{export}/resume")

    def _ask(self, method: str, path: str, body: Object | None = None) -> Object:
        answer = requests.request(method, f"{self._url}/{path}", json=body, timeout=TIMEOUT)
        if not answer.ok:
            raise RuntimeError(f"{method} {answer.url}: HTTP {answer.status_code}: {answer.text[:300]}")
        return dict(answer.json()) if answer.content else {}


def export_of(volume_handle: str) -> str:
    """As csi-driver-nfs names it: server#share#subdirectory##."""
    return volume_handle.split("#")[2]
