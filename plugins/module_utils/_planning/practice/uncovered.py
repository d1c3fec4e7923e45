# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes of a VM that no replication covers. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ..._model.finding import Finding, Severity
from ..vm.parts import Object, claim_of, disks, key_of, title, volumes

# source of a volume: severity, what becomes of it, remedy
UNCOVERED: Mapping[str, tuple[Severity, str, str]] = {
    "hostDisk": (
        "blocker",
        "is a file on one node: its data stays there",
        "move its data to a PersistentVolumeClaim",
    ),
    "ephemeral": (
        "warning",
        "keeps no write, and reads from a claim that the plan does not protect: without that the VM does not start",
        "use a disk of its own, or keep that claim at both sites",
    ),
    "memoryDump": (
        "warning",
        "refers to a claim that the plan does not protect: without that the VM does not start",
        "remove it from the VM: virtctl memory-dump remove",
    ),
    "emptyDisk": ("info", "is empty after each stop, and so after a move", "use a claim for data that must last"),
    "containerDisk": (
        "info",
        "comes from an image and keeps no write",
        "make sure that the other site can pull the image; use a claim for data that must last",
    ),
}


def uncovered_volumes(vms: Iterable[Object]) -> Iterator[Finding]:
    for vm in vms:
        for volume in volumes(vm):
            for source, (severity, becomes, remedy) in UNCOVERED.items():
                if source in volume:
                    message = f"volume {volume['name']} ({source}{_detail(source, volume[source])}) {becomes}"
                    yield Finding(severity, "NotReplicated", title(vm), message, remedy)


def hotplugged_volumes(vms: Mapping[str, Object], vmis: Iterable[Object]) -> Iterator[Finding]:
    """vms: the plan's, by key. What was attached to the running machine only is not in its VM, so in no capture."""
    for vmi in vmis:
        vm = vms.get(key_of(vmi))
        if vm is None:
            continue
        own = {volume["name"] for volume in volumes(vm)}
        for volume in vmi["spec"].get("volumes") or ():
            source = volume.get("persistentVolumeClaim") or volume.get("dataVolume") or {}
            if source.get("hotpluggable") and volume["name"] not in own:
                yield Finding(
                    "warning",
                    "HotpluggedVolume",
                    title(vm),
                    f"volume {volume['name']} (claim {claim_of(volume)}) is attached to the running machine only: no "
                    "capture holds it, and it is gone after a move",
                    "attach it to the VM itself: virtctl addvolume --persist",
                )


def removable_media(vms: Iterable[Object]) -> Iterator[Finding]:
    for vm in vms:
        seen = disks(vm)
        for volume in volumes(vm):
            if claim_of(volume) and "cdrom" in (seen.get(volume["name"]) or {}):
                yield Finding(
                    "info",
                    "RemovableMedia",
                    title(vm),
                    f"claim {claim_of(volume)} is in its CD-ROM drive: it has to be replicated and moved like a disk",
                    "eject it when the installation is done",
                )


def _detail(source: str, found: Object) -> str:
    shown = {
        "hostDisk": found.get("path"),
        "containerDisk": found.get("image"),
        "ephemeral": (found.get("persistentVolumeClaim") or {}).get("claimName"),
        "memoryDump": found.get("claimName"),
        "emptyDisk": found.get("capacity"),
    }[source]
    return f" {shown}" if shown else ""
