"""The storages of the workload: one module per storage."""

from __future__ import annotations

from demo.storages.by_tier import Part, StorageByTier
from demo.storages.ceph_rbd import CephRbdStorage
from demo.storages.ceph_rbd_journal import CephRbdJournalStorage
from demo.storages.csi_addons import CsiAddonsStorage
from demo.storages.csi_addons_ceph import CsiAddonsCephStorage
from demo.storages.custom import CustomStorage
from demo.storages.dell_csm import DellCsmStorage
from demo.storages.hitachi import HitachiStorage
from demo.storages.ibm import IbmStorage
from demo.storages.nfs import EXPORT, NfsStorage
from demo.storages.nfs_csi import NfsCsiStorage
from demo.storages.nfs_ssh import NfsSshStorage
from demo.storages.portworx import PortworxStorage
from demo.storages.protocol import Sites, Storage
from demo.storages.ramen import RamenStorage
from demo.storages.trident import TridentStorage
from demo.storages.volsync import VolsyncStorage

__all__ = ["STORAGES", "AnyStorage", "Sites", "Storage", "StorageByTier", "parts_of", "storage_of"]

AnyStorage = Storage | StorageByTier

THREE_PRODUCTS = StorageByTier(
    ("--storage", "ceph", "--csi-addons"),
    Part(NfsStorage(), EXPORT, ("db", "batch")),
    Part(CsiAddonsStorage("volume"), "volumes", ("app",)),
    Part(CephRbdStorage(), "images", ("web",)),
)
STORAGES: dict[str, AnyStorage] = {
    "nfs": NfsStorage(),
    "nfs_csi": NfsCsiStorage(),
    "nfs_ssh": NfsSshStorage(),
    "ceph_rbd": CephRbdStorage(),
    "ceph_rbd_journal": CephRbdJournalStorage(),
    "csi_addons": CsiAddonsStorage("volume"),
    "csi_addons_ceph": CsiAddonsCephStorage(),
    "csi_addons_group": CsiAddonsStorage("group"),
    "custom": CustomStorage(),
    "dell_csm": DellCsmStorage(),
    "hitachi": HitachiStorage(),
    "ibm": IbmStorage(),
    "portworx": PortworxStorage(),
    "ramen": RamenStorage(),
    "volsync": VolsyncStorage(),
    "three_products": THREE_PRODUCTS,
    "trident": TridentStorage(),
}


def parts_of(storage: AnyStorage) -> list[Storage]:
    return storage.parts if isinstance(storage, StorageByTier) else [storage]


def storage_of(storage: AnyStorage, volume: str) -> Storage:
    return storage.of_volume(volume) if isinstance(storage, StorageByTier) else storage
