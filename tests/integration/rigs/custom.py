# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""csi-addons' own manager and sidecar, driven by the worked example of provider custom's page."""

from __future__ import annotations

from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import VOLUME_REPLICATION
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.custom.provider import CustomProvider
from ansible_collections.ocpvirt.dr.tests.integration.rigs.claimed_volumes import SPACE
from ansible_collections.ocpvirt.dr.tests.integration.rigs.csi_addons import CsiAddonsRig
from demo.storages.csi_addons import DRIVER, site_options
from demo.storages.custom import example


class CustomRig(CsiAddonsRig):
    provider_type = CustomProvider
    made = ((VOLUME_REPLICATION, SPACE),)

    def options(self) -> dict[str, Any]:
        return {**example(), "covers": f"spec.csi.driver == '{DRIVER}'", "timeout": "3m"}

    def options_at(self, site: str) -> dict[str, Any]:
        return {"values": {"class": site_options(self.sites[site][self.driver])["class"]}}
