# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks that more than one VM writes to. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from ..._model.finding import Finding
from ..vm.parts import Object, claim_of, disks, key_of, some, title, volumes


@dataclass(frozen=True)
class _Use:
    vm: str
    shareable: bool


def shared_volumes(vms: Iterable[Object], selected: Collection[str]) -> Iterator[Finding]:
    """vms: all of the plan's namespaces. selected: keys of the plan's."""
    users: dict[str, list[_Use]] = {}
    for vm in vms:
        seen = disks(vm)
        for volume in volumes(vm):
            claim = claim_of(volume)
            if claim:
                disk = seen.get(volume["name"]) or {}
                use = _Use(key_of(vm), bool(disk.get("shareable")))
                users.setdefault(f"{vm['metadata']['namespace']}/{claim}", []).append(use)
    for claim, uses in sorted(users.items()):
        inside = sorted({use.vm for use in uses if use.vm in selected})
        if inside:
            yield from _judge(claim, uses, inside)


def _judge(claim: str, uses: list[_Use], inside: list[str]) -> Iterator[Finding]:
    on = f"PersistentVolumeClaim/{claim}"
    outside = sorted({use.vm for use in uses} - set(inside))
    if outside:
        yield Finding(
            "blocker",
            "SharedVolume",
            on,
            f"{some(inside)} and {some(outside)} use it, and the plan does not select {some(outside)}: that one stays "
            "behind, on a disk that becomes read-only",
            "let protect.selector select all of them, or give each a disk of its own",
        )
    elif len(inside) > 1:
        alone = "" if all(use.shareable for use in uses) else ", not as shareable by all: only one of them can run"
        yield Finding(
            "warning",
            "SharedVolume",
            on,
            f"{some(inside)} use it{alone}. It moves once, with all of them",
            "let a cluster of the guests decide who writes, as after a crash; use no {vm.name} in this volume's rule",
        )
    elif any(use.shareable for use in uses):
        yield Finding(
            "info",
            "SharedVolume",
            on,
            f"{inside[0]} uses it as shareable, so nothing keeps a second VM from writing to it",
            "leave shareable out if no other VM needs it",
        )


def scsi_reservations(vms: Iterable[Object]) -> Iterator[Finding]:
    """A reservation lives in the storage system of its site."""
    for vm in vms:
        names = [name for name, disk in disks(vm).items() if (disk.get("lun") or {}).get("reservation")]
        if names:
            yield Finding(
                "warning",
                "ScsiReservation",
                title(vm),
                f"its guest keeps SCSI persistent reservations on {some(names)}, and no replication carries them",
                "make sure that the guests' cluster takes them anew, and rehearse it",
            )
