# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exports of the lab's storage as CSI volumes, switched by csi-addons' own manager and sidecar."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.api import Object
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import (
    NETWORK_FENCE,
    VOLUME_GROUP_REPLICATION,
    VOLUME_REPLICATION,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.csi_addons.provider import CsiAddonsProvider
from ansible_collections.ocpvirt.dr.tests.integration.rigs.claimed_volumes import SPACE, ClaimedVolumesRig
from demo.lab import Lab
from demo.storages import Storage
from demo.storages.csi_addons import CsiAddonsStorage, site_options


class CsiAddonsRig(ClaimedVolumesRig):
    """driver: what `lab env` calls its driver. per: `volume` or `group`."""

    driver: ClassVar[str] = "csi_addons"
    provider_type = CsiAddonsProvider
    made = ((VOLUME_GROUP_REPLICATION, SPACE), (VOLUME_REPLICATION, SPACE), (NETWORK_FENCE, None))

    def __init__(self, lab: Lab, volumes: int = 2, per: str = "volume") -> None:
        self.per = per
        storage = self._storage_of(per)
        if not all(site[self.driver] for site in lab.environment()["sites"].values()):
            lab.run("up", *storage.lab_options)
        super().__init__(lab, storage, volumes)

    def options(self) -> dict[str, Any]:
        return {"per": self.per, "timeout": "3m"}

    def options_at(self, site: str) -> dict[str, Any]:
        return site_options(self.sites[site][self.driver])

    def objects(self, site: str) -> dict[str, Object]:
        kind = VOLUME_GROUP_REPLICATION if self.per == "group" else VOLUME_REPLICATION
        return {item["metadata"]["name"]: item for item in self.apis[site].list(kind, SPACE)}

    def asked(self, site: str) -> set[str]:
        return {item["spec"]["replicationState"] for item in self.objects(site).values()}

    def _storage_of(self, per: str) -> Storage:
        return CsiAddonsStorage(per)
