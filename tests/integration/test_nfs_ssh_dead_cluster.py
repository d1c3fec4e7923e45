# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site is declared lost whose API server is dead, while its guests write on to an NFS server that answers by ssh."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from ansible_collections.ocpvirt.dr.tests.integration.rigs.nfs_ssh_world import last_records, writing_world
from ansible_collections.ocpvirt.dr.tests.integration.world import World, must
from demo.cluster import wait_until
from demo.lab import Lab
from demo.observation import await_writing
from demo.playbook import Played
from demo.verdict import Records, moment_of

# more than a guest that could write would need
WRITTEN_MEANWHILE = 10


@dataclass
class Survived:
    """growing, after_failover: last records at east after the death of its API server, and after the failover.

    east, west: the disks of both, after west's guests have written on.
    """

    world: World
    played: Played
    growing: dict[str, int]
    after_failover: dict[str, int]
    east: Records
    west: Records


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
    with writing_world(lab, tmp_path_factory.mktemp("dead-cluster")) as world:
        lab.kill("east", "kube-apiserver")
        growing = await_more(world, "east", last_records(world, "east"), WRITTEN_MEANWHILE)
        played = must(world.failover())
        after_failover = last_records(world, "east")
        await_writing(lab, world.running)
        await_more(world, "west", last_records(world, "west"), WRITTEN_MEANWHILE)
        yield Survived(world, played, growing, after_failover, lab.records("east"), lab.records("west"))


def test_p1_guests_that_nobody_could_stop_write_no_more_once_the_survivor_runs(survived: Survived) -> None:
    """They wrote without their API server, so it is the server's `ro` that keeps them from it."""
    assert "east's storage answers, and is read-only now" in survived.played.output
    assert {name: survived.east[name]["last_n"] for name in survived.world.running} == survived.after_failover
    assert all(survived.after_failover[name] >= number for name, number in survived.growing.items())


def test_p1_no_guest_of_the_lost_site_wrote_after_the_first_record_of_the_survivors(survived: Survived) -> None:
    """By the clock of the one machine on which both sites of the lab run."""
    for name in survived.world.running:
        began = survived.west[name]["boots"][-1]
        assert began["site"] == "west"
        assert moment_of(survived.east[name]["last_t"]) < moment_of(began["first_t"]), name
