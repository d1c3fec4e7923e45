# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which RBD image holds a PersistentVolume's data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..._errors import Refused
from ..site_handle import ClaimedVolume

# openshift-storage.rbd.csi.ceph.com, rook-ceph.rbd.csi.ceph.com and the plain one
DRIVER = "rbd.csi.ceph.com"


@dataclass(frozen=True, order=True)
class Image:
    """An image's name is the same at both sites of a mirror; the pool's may differ."""

    pool: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return "/".join(part for part in (self.pool, self.namespace, self.name) if part)


def is_rbd(pv: Mapping[str, Any]) -> bool:
    driver = str(pv["spec"].get("csi", {}).get("driver", ""))
    return driver == DRIVER or driver.endswith(f".{DRIVER}")


def image_of(pv: Mapping[str, Any], pool: str) -> Image:
    """pool: of a PV that names none. A static PV of ceph-csi has its image's name as volumeHandle."""
    csi = pv["spec"].get("csi", {})
    attributes = csi.get("volumeAttributes") or {}
    image = Image(
        attributes.get("pool") or pool,
        attributes.get("radosNamespace") or "",
        attributes.get("imageName") or csi.get("volumeHandle") or "",
    )
    if is_rbd(pv) and image.pool and image.name:
        return image
    raise Refused(
        "find the RBD image of a volume",
        on=f"PersistentVolume/{pv['metadata']['name']}",
        seen=f"driver {csi.get('driver') or 'none'}, pool {image.pool or 'none'}, image {image.name or 'none'}",
        wanted=f"driver {DRIVER} with the volumeAttributes pool and imageName",
        next_step="set `pool` in the group's options, or move the volume to a group of another provider",
    )


def images_of(volumes: Iterable[ClaimedVolume], pool: str) -> set[Image]:
    return {image_of(item.pv, pool) for item in volumes if item.pv}


def at_peer(images: Iterable[Image], pool: str) -> set[Image]:
    """The same images at the other site, where their pool may have another name."""
    return {replace(image, pool=pool or image.pool) for image in images}
