# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RBD images of the lab's two Ceph clusters as CSI volumes, switched by csi-addons' own manager and sidecar."""

from __future__ import annotations

from typing import ClassVar

from ansible_collections.ocpvirt.dr.tests.integration.rigs.ceph_rbd import CephRbdRig
from ansible_collections.ocpvirt.dr.tests.integration.rigs.csi_addons import CsiAddonsRig
from demo.cluster import wait_until
from demo.storages import STORAGES, Storage

# a schedule begins a sync each minute
CUT_WITHIN = 120


class CsiAddonsCephRig(CsiAddonsRig):
    """A VolumeReplication per image."""

    driver: ClassVar[str] = "csi_addons_ceph"
    impatience = "40s"

    def write(self, site: str, text: str) -> None:
        self._images.write(site, text)

    def read(self, site: str) -> str:
        return self._images.read(site)

    def await_arrived(self, site: str) -> None:
        self._images.await_arrived(site)

    def cut(self) -> None:
        """Between two syncs: cut off in one, rbd-mirror lets no forced promotion end until the link is back."""
        wait_until("a cut between two syncs", CUT_WITHIN, self._cut)

    def _cut(self) -> list[str]:
        if self._images.is_copying():
            return ["a sync"]
        super().cut()
        if not self._images.is_copying():
            return []
        self.join()
        return ["a sync that was cut off"]

    def _provision(self) -> None:
        self._images = CephRbdRig(self._lab, images=0)
        sources = [self._storage.source(self.sites["east"], volume) for volume in self.volumes]
        self._images.images = [source["csi"]["volumeAttributes"]["imageName"] for source in sources]
        # before the claims: of an absent image the driver lets a replication object go, whatever its role was
        self._ends.callback(self._images.remove)
        super()._provision()

    def _storage_of(self, per: str) -> Storage:
        return STORAGES[self.driver]

    def _remove_data(self, site: str) -> None:
        assert not set(self._images.images) & set(self._images.names(site))
