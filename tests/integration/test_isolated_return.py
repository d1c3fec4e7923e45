# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lost site comes back with its VMs set to Always while its data link is still down, and is cleaned in two goes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from ansible_collections.ocpvirt.dr.tests.integration.moves import assert_nothing_lost, assert_runs_at, specs_at
from ansible_collections.ocpvirt.dr.tests.integration.world import World, empty_world, must
from demo.cluster import wait_until
from demo.disk_watch import watching
from demo.lab import Lab
from demo.observation import await_writing, running_at
from demo.playbook import Played
from demo.workload import NAMESPACE, not_ready

EDITED = {"example.com/edited": "at west"}


@dataclass(frozen=True)
class Isolated:
    """status: while its VMs run; cut: the reprotect without a link; status_after and running_after: of the site then.

    highest: by VM, the last record at west once that reprotect had ended.
    """

    world: World
    specs: dict[str, object]
    status: Played
    cut: Played
    status_after: Played
    running_after: set[str]
    highest: dict[str, int]


@pytest.fixture(scope="module")
def isolated(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Isolated]:
    world = empty_world(lab, tmp_path_factory.mktemp("isolated"))
    world.deploy()
    must(world.protect())
    world.storage.await_replicated(world.sites)
    specs = specs_at(world.cluster("east"))
    lab.run("lose", "east")
    try:
        must(world.failover())
        lab.run("restore", "east", "--isolated")
        wait_until("east's VMs running again", 240, lambda: not_ready(world.cluster("east"), world.running))
        status = must(world.play("status"))
        cut = world.play("reprotect")
        written = await_writing(lab, world.running, "west")
        yield Isolated(
            world,
            specs,
            status,
            cut,
            must(world.play("status")),
            running_at(world.cluster("east")),
            {name: volume["boots"][-1]["last_n"] for name, volume in written.items() if name in world.running},
        )
    finally:
        lab.run("heal")


def test_p1_the_danger_of_a_site_that_is_back_is_said_first(isolated: Isolated) -> None:
    count = len(isolated.world.running)
    for said in ("FENCE DEBT", f"VMS RUN AT BOTH SITES  {count} at east, {count} at west", "lives at west"):
        assert said in isolated.status.output


def test_p1_a_site_without_its_link_is_halted_and_stays_in_debt(isolated: Isolated) -> None:
    assert isolated.cut.returncode != 0
    assert isolated.running_after == set()
    assert "FENCE DEBT" in isolated.status_after.output
    assert "RUN AT BOTH SITES" not in isolated.status_after.output


def test_p5_the_same_command_ends_the_cleaning_once_the_link_is_back_and_what_was_done_away_comes_home(
    isolated: Isolated,
) -> None:
    world = isolated.world
    world.lab.run("heal")
    must(world.play("reprotect"))
    assert "FENCE DEBT" not in must(world.play("status")).output
    # somebody works on a VM while it is away
    edited = {"spec": {"template": {"metadata": {"annotations": EDITED}}}}
    world.cluster("west").patch("VirtualMachine", world.running[0], NAMESPACE, edited)
    specs = specs_at(world.cluster("west"))
    with watching(world.lab, "west") as watch:
        home = must(world.play("failback"))
    assert "what west's capture says wins" in home.output
    assert f"{NAMESPACE}/{world.running[0]} is updated to the capture" in home.output
    after = await_writing(world.lab, world.running, "east")
    assert_nothing_lost(watch, after)
    assert all(watch.highest[name] >= last for name, last in isolated.highest.items())
    assert specs != isolated.specs
    assert_runs_at(world, "east", specs)
