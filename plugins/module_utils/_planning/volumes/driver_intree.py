# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In-tree block sources: iSCSI, Fibre Channel, local disks, vSphere."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .decided import DecidedVolume, Driver

_VMDK = re.compile(r"\[[^\]]+\] \S.*\.vmdk")


def _check_iscsi(volume: DecidedVolume) -> Iterable[str]:
    source = volume.spec["iscsi"]
    volume.require_set(("iscsi", "targetPortal"), f"{source.get('targetPortal')!r} is a portal of that site's target")
    volume.require_set(("iscsi", "iqn"), f"{source.get('iqn')!r} is that site's target")
    if source.get("portals"):
        volume.require_set(("iscsi", "portals"), f"{source['portals']!r} are further portals of that site's target")
    return []


def _check_fc(volume: DecidedVolume) -> Iterable[str]:
    source = volume.spec["fc"]
    told = [name for name in ("targetWWNs", "wwids") if source.get(name)]
    if len(told) != 1:
        raise volume.refused(
            f"fc has {' and '.join(told) or 'neither targetWWNs nor wwids'}",
            "targetWWNs with lun, or wwids",
            f"set one of them under {volume.place('fc', 'wwids')}",
        )
    volume.require_set(("fc", told[0]), f"{source[told[0]]!r} name that site's storage")
    return []


def _check_local(volume: DecidedVolume) -> Iterable[str]:
    if not (volume.spec.get("nodeAffinity") or {}).get("required"):
        raise volume.refused(
            "a local volume without nodeAffinity: that of the other site names nodes which are not here",
            f"the node at {volume.target} that has the replica's disk",
            f"set {volume.place('nodeAffinity')}, with required.nodeSelectorTerms, at both sites",
        )
    return [
        f"the disk at {volume.spec['local'].get('path')} must hold the replica: local volumes replicate by no driver"
    ]


def _check_vsphere(volume: DecidedVolume) -> Iterable[str]:
    path = volume.spec["vsphereVolume"].get("volumePath", "")
    volume.require_set(("vsphereVolume", "volumePath"), f"{path!r} is a disk of that site's vCenter")
    if not _VMDK.fullmatch(path):
        raise volume.refused(
            f"vsphereVolume.volumePath is {path!r}",
            "[datastore] folder/disk.vmdk",
            f"correct {volume.place('vsphereVolume', 'volumePath')}",
        )
    return []


ISCSI = Driver(_check_iscsi)
FC = Driver(_check_fc)
LOCAL = Driver(_check_local)
IN_TREE_VSPHERE = Driver(_check_vsphere)
