# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site is declared lost whose API server is dead, while its guests write on to an NFS server that answers by ssh."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from ansible_collections.ocpvirt.dr.tests.integration.world import World, empty_world, must
from demo.cluster import wait_until
from demo.lab import Lab
from demo.observation import await_writing
from demo.playbook import Played

# more than a guest that could write would need
WRITTEN_MEANWHILE = 10


@dataclass
class Survived:
    """before, after: what east's disks hold from the death of its API server to its end; between, west's wrote on."""

    world: World
    played: Played
    growing: dict[str, int]
    after_failover: dict[str, int]
    later: dict[str, int]


def last_records(world: World, site: str) -> dict[str, int]:
    found = world.lab.records(site)
    return {name: found[name]["last_n"] for name in world.running}


def await_more(world: World, site: str, than: dict[str, int], records: int) -> dict[str, int]:
    """By disk the number of the last record, once each guest has written so many more."""
    seen: dict[str, int] = {}

    def behind() -> list[str]:
        seen.update(last_records(world, site))
        return [name for name, number in seen.items() if number < than[name] + records]

    wait_until(f"guests of {site} that write on", 120, behind)
    return seen


@pytest.fixture(scope="module")
def survived(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Survived]:
    world = empty_world(lab, tmp_path_factory.mktemp("dead-cluster"), "nfs_ssh")
    world.deploy()
    must(world.protect())
    world.storage.await_replicated(world.sites)
    lab.kill("east", "kube-apiserver")
    growing = await_more(world, "east", last_records(world, "east"), WRITTEN_MEANWHILE)
    played = must(world.failover())
    after_failover = last_records(world, "east")
    await_writing(lab, world.running)
    await_more(world, "west", last_records(world, "west"), WRITTEN_MEANWHILE)
    yield Survived(world, played, growing, after_failover, last_records(world, "east"))
    lab.run("reset")


def test_p1_guests_that_nobody_could_stop_write_no_more_once_the_survivor_runs(survived: Survived) -> None:
    """They wrote without their API server, so it is the server's `ro` that keeps them from it."""
    assert "east's storage answers, and is read-only now" in survived.played.output
    assert survived.later == survived.after_failover
    assert all(survived.after_failover[name] >= number for name, number in survived.growing.items())
