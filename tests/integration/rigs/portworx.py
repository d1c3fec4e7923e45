# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CSI volumes on the lab's storage, which a double of Stork migrates from site to site."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import (
    MIGRATION,
    MIGRATION_SCHEDULE,
    STORK_ACTION,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import DrError
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.portworx.provider import PortworxProvider
from ansible_collections.ocpvirt.dr.tests.integration.products.portworx import StorkController
from ansible_collections.ocpvirt.dr.tests.integration.rigs.claimed_volumes import SITES, SPACE
from ansible_collections.ocpvirt.dr.tests.integration.rigs.copied_volumes import CopiedVolumesRig
from demo.lab import Lab
from demo.storages.portworx import OPTIONS, PortworxStorage


class PortworxRig(CopiedVolumesRig):
    provider_type = PortworxProvider
    controller = StorkController
    made = ((MIGRATION_SCHEDULE, SPACE), (MIGRATION, SPACE), (STORK_ACTION, SPACE))

    def __init__(self, lab: Lab, volumes: int = 2) -> None:
        super().__init__(lab, PortworxStorage(), volumes)

    def options(self) -> dict[str, Any]:
        return OPTIONS

    def _begin(self) -> None:
        super()._begin()
        self._ends.callback(self._disable)

    def _disable(self) -> None:
        """A copy that is deleted before its original is made again."""
        for site in SITES:
            with suppress(DrError):
                self.provider.disable(self.group, site)
