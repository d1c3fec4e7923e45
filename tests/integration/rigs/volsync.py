# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CSI volumes on the lab's storage, which a double of VolSync copies from site to site."""

from __future__ import annotations

from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import (
    REPLICATION_DESTINATION,
    REPLICATION_SOURCE,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.volsync.provider import VolsyncProvider
from ansible_collections.ocpvirt.dr.tests.integration.products.volsync import VolsyncController
from ansible_collections.ocpvirt.dr.tests.integration.rigs.claimed_volumes import SPACE
from ansible_collections.ocpvirt.dr.tests.integration.rigs.copied_volumes import CopiedVolumesRig
from demo.lab import Lab
from demo.storages.volsync import OPTIONS, VolsyncStorage


class VolsyncRig(CopiedVolumesRig):
    provider_type = VolsyncProvider
    controller = VolsyncController
    made = ((REPLICATION_SOURCE, SPACE), (REPLICATION_DESTINATION, SPACE))

    def __init__(self, lab: Lab, volumes: int = 2) -> None:
        super().__init__(lab, VolsyncStorage(), volumes)

    def options(self) -> dict[str, Any]:
        return OPTIONS
