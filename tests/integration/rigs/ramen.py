# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exports of the lab's storage as CSI volumes, moved by a double of Ramen whose hub is at west."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import (
    DR_PLACEMENT_CONTROL,
    RAMEN_VOLUME_GROUP,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ramen.provider import RamenProvider
from ansible_collections.ocpvirt.dr.tests.integration.products.ramen import HUB, Ramen, Stays
from ansible_collections.ocpvirt.dr.tests.integration.products.ramen_cluster import SPACE as OPS
from ansible_collections.ocpvirt.dr.tests.integration.rigs.claimed_volumes import PLAN, SPACE, ClaimedVolumesRig
from demo.lab import Lab
from demo.storages.csi_addons import CsiAddonsStorage


class RamenRig(ClaimedVolumesRig):
    provider_type = RamenProvider
    made = ((DR_PLACEMENT_CONTROL, OPS), (RAMEN_VOLUME_GROUP, OPS))

    def __init__(self, lab: Lab, volumes: int = 2) -> None:
        # the same volumes; nobody asks csi-addons here
        super().__init__(lab, CsiAddonsStorage("volume"), volumes)

    def options(self) -> dict[str, Any]:
        return {"hub": self._hub(), "timeout": "3m"}

    def options_at(self, _site: str) -> Mapping[str, Any]:
        return {}

    def cut(self) -> None:
        super().cut()
        self._product.part()

    def join(self) -> None:
        super().join()
        self._product.join()

    def _begin(self) -> None:
        self._product = Ramen(self.sites, PLAN, [(SPACE, volume) for volume in self.volumes], Stays())
        self._ends.callback(self._product.stop)
        self._product.start()

    def _hub(self) -> dict[str, Any]:
        return {"kubeconfig": self.sites[HUB]["kubeconfig"]}
