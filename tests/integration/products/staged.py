# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Products that know a volume by its claim alone, so that the other site needs the claims before a move: their doubles
beside the lab, and what of them a test of moves has to know."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from ansible_collections.ocpvirt.dr.tests.integration.products import trident, volsync
from ansible_collections.ocpvirt.dr.tests.integration.products.controller import controllers
from ansible_collections.ocpvirt.dr.tests.integration.staging import PROTECTED
from ansible_collections.ocpvirt.dr.tests.integration.world import World
from demo.cluster import Cluster, Object, wait_until
from demo.workload import NAMESPACE, manifests

SERVED_WITHIN = 60
MIRRORED_WITHIN = 60


class StagedProduct(Protocol):
    """unstaged: words of the refusal while the other site has no claims."""

    unstaged: str

    def operating(self, world: World) -> AbstractContextManager[object]: ...

    def make_claims(self, world: World) -> None:
        """At west what has to be there before its stage can be filled, as a person makes it by the product's page."""

    def unmirrored(self, world: World) -> list[str]:
        """VMs whose disk west does not mirror yet."""

    def unpromoted(self, world: World) -> list[str]:
        """VMs whose disk is no primary at west yet."""


class StagedTrident:
    unstaged = "its claim is not here"

    def operating(self, world: World) -> AbstractContextManager[object]:
        return trident.operating(world.sites)

    def make_claims(self, world: World) -> None:
        listed = manifests(world.vms, world.sites["west"], storage=world.storage)
        made = [item for item in listed if item["kind"] in ("PersistentVolume", "PersistentVolumeClaim")]
        for item in made:
            item["metadata"].setdefault("labels", {})[PROTECTED] = "true"
        world.cluster("west").create_all(made)
        wait_until("mirrors at west", MIRRORED_WITHIN, lambda: self.unmirrored(world))

    def unmirrored(self, world: World) -> list[str]:
        return self._others(world, "established")

    def unpromoted(self, world: World) -> list[str]:
        return self._others(world, "promoted")

    def _others(self, world: World, wanted: str) -> list[str]:
        path = f"{trident.GROUP}/namespaces/{NAMESPACE}/{trident.RELATIONSHIPS}"
        states = {
            name: [found["state"] for found in item.get("status", {}).get("conditions", [])]
            for name, item in _by_name(world.cluster("west"), path).items()
        }
        missing = {vm.name for vm in world.vms} - states.keys()
        return [*missing, *(f"{name} {state}" for name, state in states.items() if state != [wanted])]


class StagedVolsync:
    unstaged = "claims are not here"

    @contextmanager
    def operating(self, world: World) -> Iterator[None]:
        with controllers(volsync.VolsyncController, world.lab):
            wait_until("VolSync's definitions", SERVED_WITHIN, lambda: self._unserved(world))
            yield

    def make_claims(self, world: World) -> None:
        """The stage makes them."""

    def unmirrored(self, world: World) -> list[str]:
        found = _by_name(world.cluster("west"), self._path(volsync.DESTINATIONS))
        return [vm.name for vm in world.vms if not found.get(vm.name, {}).get("status", {}).get("lastSyncTime")]

    def unpromoted(self, world: World) -> list[str]:
        found = _by_name(world.cluster("west"), self._path(volsync.SOURCES))
        return [vm.name for vm in world.vms if vm.name not in found]

    def _unserved(self, world: World) -> list[str]:
        try:
            for site in world.sites:
                for plural in (volsync.SOURCES, volsync.DESTINATIONS):
                    world.cluster(site).call("GET", f"{volsync.GROUP}/{plural}")
        except RuntimeError as error:
            return [str(error)]
        return []

    def _path(self, plural: str) -> str:
        return f"{volsync.GROUP}/namespaces/{NAMESPACE}/{plural}"


def _by_name(cluster: Cluster, path: str) -> dict[str, Object]:
    return {item["metadata"]["name"]: item for item in cluster.call("GET", path)["items"]}


STAGED: dict[str, StagedProduct] = {"trident": StagedTrident(), "volsync": StagedVolsync()}
