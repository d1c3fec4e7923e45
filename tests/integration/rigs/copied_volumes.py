# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CSI volumes on the lab's storage that a double of a product copies from site to site, without the storage's help."""

from __future__ import annotations

from contextlib import ExitStack
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
from demo.lab import Lab
from demo.storages import Storage


class CopiedVolumesRig(ClaimedVolumesRig):
    controller: ClassVar[type[ProductController]]

    def __init__(self, lab: Lab, storage: Storage, volumes: int = 2) -> None:
        self._product = ExitStack()
        self._product.enter_context(controllers(self.controller, lab))
        super().__init__(lab, storage, volumes)
        await_served(lab, [kind.path() for kind, _space in self.made])

    def options_at(self, site: str) -> dict[str, Any]:
        return {}

    def await_arrived(self, site: str) -> None:
        """The storage knows of no replication: only the data shows it."""
        (peer,) = set(SITES) - {site}

        def differ() -> list[str]:
            return [] if self.read(site) == self.read(peer) else [f"{self.read(site)}, not {self.read(peer)}"]

        wait_until("the next transfer", ARRIVED_WITHIN, differ)

    def remove(self) -> None:
        super().remove()
        self._product.close()
