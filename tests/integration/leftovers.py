# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes that are at west before a failover needs their names."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.ocpvirt.dr.tests.integration.world import World
from demo.cluster import Object, wait_until
from demo.workload import NAMESPACE, Vm, manifests

STALE = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True)
class LeftBehind:
    """released, other: names of the PVs. uid: of the released one. stale: of the claim that it was bound to."""

    world: World
    released: str
    other: str
    uid: str
    stale: str = STALE

    def versions(self) -> dict[str, str]:
        volumes = self.world.cluster("west").list("PersistentVolume")
        return {item["metadata"]["name"]: item["metadata"]["resourceVersion"] for item in volumes}

    def remove_other(self) -> None:
        self.world.cluster("west").delete("PersistentVolume", self.other)
        wait_until("the other volume to go", 30, lambda: sorted({self.other} & self.versions().keys()))


def leave_volumes_at_west(world: World, released: str, other: str) -> LeftBehind:
    """released: name of the VM whose PV is there as the plan wants it; other: of one whose PV has other data."""
    west = world.cluster("west")
    by_name = {vm.name: vm for vm in world.vms}
    left = [_volume(world, by_name[name]) for name in (released, other)]
    left[1]["spec"]["nfs"]["path"] = "/somewhere/else"
    created = [west.create(body) for body in left]
    names = [body["metadata"]["name"] for body in left]

    def not_released() -> list[str]:
        return [name for name in names if west.get("PersistentVolume", name)["status"].get("phase") != "Released"]

    wait_until("released volumes", 30, not_released)
    return LeftBehind(world, *names, uid=created[0]["metadata"]["uid"])


def _volume(world: World, vm: Vm) -> Object:
    """West's PV of the VM, bound to a claim that is gone: its controller finds no claim with that uid."""
    listed = manifests([vm], world.sites["west"], storage=world.storage)
    body = next(item for item in listed if item["kind"] == "PersistentVolume")
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": NAMESPACE, "name": vm.name, "uid": STALE}
    return {**body, "spec": {**body["spec"], "claimRef": claim}}
