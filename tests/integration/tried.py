# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Some time after a recovery point of a plan that runs at east, its failover is rehearsed at west from the clones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.ocpvirt.dr.tests.integration.copying_server import copying_server
from ansible_collections.ocpvirt.dr.tests.integration.moves import kill_when
from ansible_collections.ocpvirt.dr.tests.integration.recovered import RECORDS
from ansible_collections.ocpvirt.dr.tests.integration.rehearsing import COPY, disks, left_of_it, volumes
from ansible_collections.ocpvirt.dr.tests.integration.two_disks import DATA, DISKS, RUNNING, TwoDisks, two_disks
from ansible_collections.ocpvirt.dr.tests.integration.world import World, must, resource_versions
from demo.cluster import wait_until
from demo.playbook import Played


@dataclass(frozen=True)
class Cloned:
    """point: the recovery point. clones: by disk the name of its clone. directories: at east, by claim.

    ended: by disk of the guest the last record that its clone has.
    """

    two: TwoDisks
    point: str
    clones: dict[str, str]
    directories: dict[str, str]
    ended: dict[str, int]

    @property
    def world(self) -> World:
        return self.two.world

    @property
    def chosen(self) -> tuple[str, str]:
        return "-e", f"dr_recovery_point={self.point}"

    def rehearse(self, *options: str) -> Played:
        return self.world.play("test_failover", "-v", *options)

    def copies(self) -> dict[str, dict[str, Any]]:
        """By claim of the rehearsal what is on its copy, once the guest writes on those that it was given."""
        given = {disk: self.directories[clone] for disk, clone in self.clones.items()}
        aside = {clone: self.directories[disk] for disk, clone in self.clones.items()}

        def idle() -> list[str]:
            seen = disks(self.world, "west", COPY)
            return [disk for disk in (RUNNING, DATA) if seen[given[disk]]["boots"][-1]["site"] != "west"]

        wait_until("the guest writing on copies of the clones", 60, idle)
        seen = disks(self.world, "west", COPY)
        return {claim: seen[name] for claim, name in {**given, **aside}.items() if name in seen}


@dataclass(frozen=True)
class Tried:
    """misspelt: a rehearsal from a recovery point that is not there, with what it left. foretold: the one in check
    mode, with what it wrote. other: from another one, after the run was killed."""

    cloned: Cloned
    misspelt: Played
    left_by_misspelt: list[str]
    foretold: Played
    wrote_in_check_mode: set[str]
    other: Played
    played: Played


@contextmanager
def cloned_beside_copies(world: World, folder: Path) -> Iterator[Cloned]:
    """Protected with a recovery point, after which the guest went on. West's NFS server can copy what it holds."""
    west = world.sites["west"]
    with copying_server(west["storage_url"], Path(west["storage_root"])) as server:
        world.document["replication"]["options"]["sites"]["west"]["control"] = server.url
        with two_disks(world, folder) as two:
            world.plan_file = two.plan()
            must(world.protect())
            (point,) = {clone.recovery_point for clone in two.clones().values()}
            clones = {clone.facts.claim: clone.name for clone in two.clones().values()}
            assert set(clones) == set(DISKS)
            ended = {disk: two.records()[clones[disk]] for disk in (RUNNING, DATA)}

            def behind() -> list[str]:
                last = two.records()
                return [disk for disk in ended if last[disk] < ended[disk] + RECORDS]

            wait_until("records that no clone has", 60, behind)
            world.storage.await_replicated(world.sites)
            directories = two.exports("east")
        yield Cloned(two, point, clones, directories, ended)


def try_point(cloned: Cloned) -> Tried:
    world = cloned.world
    west = world.cluster("west")
    misspelt = cloned.rehearse("-e", "dr_recovery_point=misspelt")
    left = left_of_it(world)
    before = resource_versions(west)
    foretold = must(cloned.rehearse("--check", *cloned.chosen))
    wrote = resource_versions(west).items() ^ before.items()
    kill_when(world, "test_failover", lambda: len(volumes(west)) >= len(cloned.directories), *cloned.chosen)
    other = cloned.rehearse("-e", "dr_recovery_point=another")
    played = must(cloned.rehearse(*cloned.chosen))
    return Tried(cloned, misspelt, left, foretold, {key for key, _version in wrote}, other, played)
