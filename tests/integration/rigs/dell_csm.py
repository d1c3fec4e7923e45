# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exports of the lab's storage as CSI volumes, switched by a double of Dell CSM Replication."""

from __future__ import annotations

from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import DELL_REPLICATION_GROUP
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.dell_csm.provider import DellCsmProvider
from ansible_collections.ocpvirt.dr.tests.integration.products.dell_csm import DellCsm
from ansible_collections.ocpvirt.dr.tests.integration.rigs.claimed_volumes import ClaimedVolumesRig
from demo.lab import Lab
from demo.storages.csi_addons import CsiAddonsStorage

NAME = "rg-contract"


class DellCsmRig(ClaimedVolumesRig):
    provider_type = DellCsmProvider
    made = ((DELL_REPLICATION_GROUP, None),)

    def __init__(self, lab: Lab, volumes: int = 2) -> None:
        # the same volumes; nobody asks csi-addons here
        super().__init__(lab, CsiAddonsStorage("volume"), volumes)

    def options(self) -> dict[str, Any]:
        return {"timeout": "3m"}

    def options_at(self, _site: str) -> dict[str, Any]:
        return {}

    def _begin(self) -> None:
        product = DellCsm(self.sites, NAME, self._storage, self.volumes)
        self._ends.callback(product.stop)
        product.start()
