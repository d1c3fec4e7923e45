"""What of the workload depends on the storage that replicates it: one module per storage."""

from __future__ import annotations

from typing import Any, Protocol

from demo.cluster import Object
from demo.storages.ceph_rbd import CephRbdStorage
from demo.storages.csi_addons import CsiAddonsStorage
from demo.storages.csi_addons_ceph import CsiAddonsCephStorage
from demo.storages.dell_csm import DellCsmStorage
from demo.storages.ibm import IbmStorage
from demo.storages.nfs import NfsStorage
from demo.storages.trident import TridentStorage
from demo.storages.volsync import VolsyncStorage

Sites = dict[str, dict[str, Any]]
"""`sites` of `lab env`."""


class Storage(Protocol):
    """Volumes are named by the caller; a site is its entry in `lab env`."""

    volume_mode: str
    lab_options: tuple[str, ...]
    """What `lab up` is asked for."""

    def provision(self, site: dict[str, Any], peer: dict[str, Any], volumes: list[str]) -> None:
        """Make empty volumes at the site, which replicates them to its peer as soon as the plan is protected."""

    def storage_class(self, site: dict[str, Any]) -> str: ...

    def source(self, site: dict[str, Any], volume: str) -> Object:
        """The source in the spec of the volume's PV: one key, such as `nfs` or `csi`."""

    def address(self, site: dict[str, Any]) -> str:
        """A text that is in every PV of the site and in none of the other site."""

    def replication(self, sites: Sites) -> Object:
        """The plan's section `replication`."""

    def volume_rules(self, sites: Sites) -> list[Object]:
        """The plan's `volumes.rules`."""

    def await_replicated(self, sites: Sites) -> None:
        """Until everything written at east before this moment is at west."""


STORAGES: dict[str, Storage] = {
    "nfs": NfsStorage(),
    "ceph_rbd": CephRbdStorage(),
    "csi_addons": CsiAddonsStorage("volume"),
    "csi_addons_ceph": CsiAddonsCephStorage(),
    "csi_addons_group": CsiAddonsStorage("group"),
    "dell_csm": DellCsmStorage(),
    "ibm": IbmStorage(),
    "volsync": VolsyncStorage(),
    "trident": TridentStorage(),
}
