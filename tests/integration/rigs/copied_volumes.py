# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CSI volumes on the lab's storage that a double of a product copies from site to site, without the storage's help."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible_collections.ocpvirt.dr.tests.integration.products.controller import (
    ProductController,
    await_served,
    controllers,
)
from ansible_collections.ocpvirt.dr.tests.integration.rigs.claimed_volumes import (
    ARRIVED_WITHIN,
    SITES,
    ClaimedVolumesRig,
)
from demo.cluster import wait_until


class CopiedVolumesRig(ClaimedVolumesRig):
    controller: ClassVar[type[ProductController]]

    def options_at(self, site: str) -> dict[str, Any]:
        return {}

    def await_arrived(self, site: str) -> None:
        """The storage knows of no replication: only the data shows it."""
        (peer,) = set(SITES) - {site}

        def differ() -> list[str]:
            return [] if self.read(site) == self.read(peer) else [f"{self.read(site)}, not {self.read(peer)}"]

        wait_until("the next transfer", ARRIVED_WITHIN, differ)

    def _prepare(self) -> None:
        self._ends.enter_context(controllers(self.controller, self._lab))

    def _begin(self) -> None:
        await_served(self._lab, [kind.path() for kind, _space in self.made])
