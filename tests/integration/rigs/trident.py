# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exports of the lab's storage as CSI volumes, which a double of Trident mirrors."""

from __future__ import annotations

from typing import Any

import requests
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import (
    TRIDENT_ACTION_MIRROR_UPDATE,
    TRIDENT_MIRROR_RELATIONSHIP,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.trident.provider import TridentProvider
from ansible_collections.ocpvirt.dr.tests.integration.products import trident
from ansible_collections.ocpvirt.dr.tests.integration.rigs.claimed_volumes import SPACE, ClaimedVolumesRig
from demo.cluster import wait_until
from demo.lab import Lab
from demo.storages.csi_addons import DRIVER
from demo.storages.trident import TridentStorage

REACHED_WITHIN = 60


class TridentRig(ClaimedVolumesRig):
    provider_type = TridentProvider
    made = ((TRIDENT_MIRROR_RELATIONSHIP, SPACE), (TRIDENT_ACTION_MIRROR_UPDATE, SPACE))

    def __init__(self, lab: Lab, volumes: int = 2) -> None:
        super().__init__(lab, TridentStorage(), volumes)

    def options(self) -> dict[str, Any]:
        return {"driver": DRIVER, "timeout": "2m"}

    def options_at(self, site: str) -> dict[str, Any]:
        return {}

    def join(self) -> None:
        """Trident fails a relationship at once where its storage does not reach the other one, and does not try again.
        A connection that was begun in the time apart takes a few seconds more."""
        super().join()
        wait_until("storages that reach each other", REACHED_WITHIN, self._apart)

    def _apart(self) -> list[str]:
        found = []
        for site, facts in self.sites.items():
            exports = requests.get(f"{facts['storage_url']}/v1/exports", timeout=30).json()["exports"]
            found += [
                f"{item['name']} at {site}"
                for item in exports
                if item["name"] in self.volumes and not item["peer_reachable"]
            ]
        return found

    def _prepare(self) -> None:
        self._ends.enter_context(trident.operating(self.sites))
