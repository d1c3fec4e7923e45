# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exports of the lab's storage as volumes of IBM's driver with a policy, switched by csi-addons' own manager."""

from __future__ import annotations

from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import VOLUME_REPLICATION
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ibm.provider import IbmProvider
from ansible_collections.ocpvirt.dr.tests.integration.rigs.claimed_volumes import SPACE
from ansible_collections.ocpvirt.dr.tests.integration.rigs.csi_addons import CsiAddonsRig
from demo.storages import STORAGES, Storage
from demo.storages.csi_addons import DRIVER
from demo.storages.ibm import CLASS


class IbmRig(CsiAddonsRig):
    """A mirror has no part in it: after a forced switch it is restarted on the storage system, by hand."""

    provider_type = IbmProvider
    made = ((VOLUME_REPLICATION, SPACE),)

    def options(self) -> dict[str, Any]:
        return {"class": CLASS, "driver": DRIVER, "timeout": "3m"}

    def options_at(self, site: str) -> dict[str, Any]:
        return {}

    def _storage_of(self, per: str) -> Storage:
        return STORAGES["ibm"]
