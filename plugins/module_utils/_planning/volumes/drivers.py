# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of each driver: how its PVs must look at the target, or why patching cannot do it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from . import driver_arrays as arrays
from . import driver_ceph as ceph
from . import driver_dell as dell
from . import driver_intree as intree
from . import driver_nfs as nfs
from .decided import DecidedVolume, Driver
from .source import source_names

IN_TREE: Mapping[str, Driver] = {
    "nfs": nfs.NFS,
    "iscsi": intree.ISCSI,
    "fc": intree.FC,
    "local": intree.LOCAL,
    "vsphereVolume": intree.IN_TREE_VSPHERE,
    "rbd": ceph.IN_TREE_RBD,
    "cephfs": ceph.IN_TREE_CEPHFS,
}
CSI: Mapping[str, Driver] = {
    "nfs.csi.k8s.io": nfs.CSI_NFS,
    "csi-powerstore.dellemc.com": dell.POWERSTORE,
    "csi-isilon.dellemc.com": dell.POWERSCALE,
    "csi-vxflexos.dellemc.com": dell.POWERFLEX,
    "csi-powermax.dellemc.com": dell.POWERMAX,
    "csi-unity.dellemc.com": dell.UNITY,
    "csi.trident.netapp.io": arrays.TRIDENT,
    "pure-csi": arrays.PURE,
    "pxd.portworx.com": arrays.PORTWORX,
    "csi.hpe.com": arrays.HPE,
    "hspc.csi.hitachi.com": arrays.HITACHI,
    "block.csi.ibm.com": arrays.IBM_BLOCK,
    "csi.vsphere.vmware.com": arrays.VSPHERE,
}
# ceph-csi is installed under a prefix of the installer's choice: openshift-storage.rbd.csi.ceph.com
_BY_SUFFIX: Mapping[str, Driver] = {"rbd.csi.ceph.com": ceph.RBD, "cephfs.csi.ceph.com": ceph.CEPHFS}


def driver_of(spec: Mapping[str, Any]) -> Driver:
    """Of the PV's source, or one that knows nothing."""
    if "csi" not in spec:
        return IN_TREE.get(next(iter(source_names(spec)), ""), UNKNOWN)
    name = str(spec["csi"].get("driver", ""))
    if name in CSI:
        return CSI[name]
    return next((driver for suffix, driver in _BY_SUFFIX.items() if _is_of(name, suffix)), UNKNOWN)


def _is_of(name: str, suffix: str) -> bool:
    return name == suffix or name.endswith(f".{suffix}")


def _check_unknown(volume: DecidedVolume) -> Iterable[str]:
    source = next(iter(source_names(volume.spec)), "its source")
    what = f"the CSI driver {volume.csi.get('driver')}" if source == "csi" else source
    return [f"nothing is known of {what}: only the plan's rule was applied, and nothing but it was checked"]


UNKNOWN = Driver(_check_unknown)
