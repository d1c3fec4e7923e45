# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arrays by CSI whose handle only the rule knows, and products whose own database knows the volume."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .decided import DecidedVolume, Driver, Object, check_handle

_HITACHI = re.compile(r"01--[^-]+(?:-[^-]+)*--(?P<system>[0-9A-Za-z]+)--(?P<ldev>[0-9]+)--.+")
_IBM = re.compile(r"[A-Z0-9]+(?::[^:;]+)?:(?:[^:;]+;)?[0-9A-Fa-f]+")
_IDENTITY = "storage.kubernetes.io/csiProvisionerIdentity"


def _check_hitachi(volume: DecidedVolume) -> Iterable[str]:
    reasons = check_handle(volume)
    match = _HITACHI.fullmatch(volume.handle)
    if match is None:
        raise _no_handle(volume, "01--<protocol>--<storage device id>--<LDEV>--<nickname>")
    return [*reasons, f"LDEV {match['ldev']} of storage system {match['system']}"]


def _check_ibm(volume: DecidedVolume) -> Iterable[str]:
    reasons = check_handle(volume, ("array_address",))
    if not _IBM.fullmatch(volume.handle):
        raise _no_handle(volume, "<type>:<vdisk id>;<vdisk UID>, such as SVC:12;600507640082000B08000000000004FF")
    if not volume.csi.get("controllerPublishSecretRef"):
        raise volume.refused(
            "csi.controllerPublishSecretRef is absent: the driver finds the storage system by its Secret",
            f"the Secret of the system at {volume.target}",
            f"set {volume.place('csi', 'controllerPublishSecretRef', 'name')} and namespace",
        )
    return reasons


def _check_hpe(volume: DecidedVolume) -> Iterable[str]:
    reasons = check_handle(volume)
    return [
        *reasons,
        f"the driver wants an HPEVolumeInfo {volume.handle} at {volume.target}, which is not created here",
    ]


def _check_pure(volume: DecidedVolume) -> Iterable[str]:
    return [
        *check_handle(volume),
        f"{volume.handle!r} is searched on all arrays that the driver at {volume.target} knows",
    ]


def _check_portworx(volume: DecidedVolume) -> Iterable[str]:
    if volume.attributes.get("backend", "").startswith("pure"):
        _never(
            "Portworx that lies on a FlashArray or FlashBlade",
            "Stork does not migrate it, and its handle is an id in the storage cluster's own database",
            "let the driver make the PV by a claim with the annotations portworx.io/pure-volume-name and"
            " portworx.io/pure-array-id (PX-CSI 26.1 and later); leave the claim out of this plan",
        )(volume)
    volume.require_set(
        ("csi", "volumeHandle"), f"{volume.handle!r} is an id in the database of that site's storage cluster"
    )
    name = str(volume.captured["metadata"]["name"])
    if volume.handle == name:
        return [f"Stork names what it migrates after its PV: {volume.target} knows {name!r} once it has arrived"]
    if volume.handle == volume.handle_before:
        raise _no_handle(volume, f"{{pv.name}}, or the id of the volume at {volume.target}")
    return [f"{volume.handle!r} is taken for the id of the volume at {volume.target}"]


def _check_vsphere(volume: DecidedVolume) -> Iterable[str]:
    reasons = check_handle(volume)
    if _IDENTITY in volume.attributes:
        raise volume.refused(
            f"csi.volumeAttributes[{_IDENTITY}] is set, as if the driver at {volume.target} had provisioned it",
            "a static volume, which has none",
            f"leave it out of volumes.rules[{volume.rule}].set, at both sites",
        )
    return [*reasons, f"the disk must be a First Class Disk that vCenter at {volume.target} has registered"]


def _prepare_vsphere(new: Object, _captured: Mapping[str, Any]) -> Iterable[str]:
    attributes = new["spec"]["csi"].get("volumeAttributes") or {}
    if attributes.pop(_IDENTITY, None) is None:
        return []
    return [f"csi.volumeAttributes[{_IDENTITY}] removed: a volume that is not provisioned at the target has none"]


def _no_handle(volume: DecidedVolume, shape: str) -> Exception:
    return volume.refused(
        f"csi.volumeHandle {volume.handle!r} is no handle of {volume.csi['driver']}",
        shape,
        f"correct {volume.place('csi', 'volumeHandle')}",
    )


def _never(product: str, why: str, remedy: str) -> Callable[[DecidedVolume], Iterable[str]]:
    def check(volume: DecidedVolume) -> Iterable[str]:
        raise volume.refused(f"a volume of {product}: {why}", "a volume that its PV describes in full", remedy)

    return check


HITACHI = Driver(_check_hitachi)
IBM_BLOCK = Driver(_check_ibm)
HPE = Driver(_check_hpe)
PURE = Driver(_check_pure)
VSPHERE = Driver(_check_vsphere, _prepare_vsphere)
TRIDENT = Driver(
    _never(
        "Trident",
        "the driver looks its handle up among its own TridentVolumes and takes server and path from there, so that a"
        " patched PV changes nothing and points to a volume that Trident at the target does not know",
        "break the SnapMirror relationship and let Trident make the PV: tridentctl import volume, or a claim with a"
        " TridentMirrorRelationship that is promoted; leave the claim out of this plan",
    )
)
PORTWORX = Driver(_check_portworx)
