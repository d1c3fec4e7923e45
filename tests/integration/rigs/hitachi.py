# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exports of the lab's storage as CSI volumes, paired by a double of Hitachi's replication operator."""

from __future__ import annotations

from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import HITACHI_REPLICATION
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.hitachi.provider import HitachiProvider
from ansible_collections.ocpvirt.dr.tests.integration.products import hitachi
from ansible_collections.ocpvirt.dr.tests.integration.rigs.claimed_volumes import SPACE, ClaimedVolumesRig
from demo.cluster import wait_until
from demo.lab import Lab
from demo.storages.hitachi import OPTIONS, HitachiStorage

SHOWN_WITHIN = 60


class HitachiRig(ClaimedVolumesRig):
    """A pair for each volume, without a ReplicationGroup: of such a group some may be switched and some not."""

    provider_type = HitachiProvider
    made = ((HITACHI_REPLICATION, SPACE),)

    def __init__(self, lab: Lab, volumes: int = 2) -> None:
        super().__init__(lab, HitachiStorage(), volumes)

    def options(self) -> dict[str, Any]:
        return OPTIONS

    def options_at(self, site: str) -> dict[str, Any]:
        return {}

    def _prepare(self) -> None:
        self._ends.enter_context(hitachi.operating(self._lab))

    def _begin(self) -> None:
        for site, facts in self.sites.items():
            cluster, storage_class = self._lab.cluster(site), self._storage.storage_class(facts)
            hitachi.replicate(cluster, site, SPACE, self.volumes, storage_class, parent="")
        wait_until("the first look at the pairs", SHOWN_WITHIN, self._unseen)

    def _unseen(self) -> list[str]:
        return [
            f"{item['metadata']['name']} at {site}"
            for site, api in self.apis.items()
            for item in api.list(HITACHI_REPLICATION, SPACE)
            if not item.get("status")
        ]
