# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A planned move and a forced one, each with the way back, with guests writing; each test goes on from the one before.

LAB_STORAGES names the storages that the lab was started for, with commas between; nfs by default.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.tests.integration.moves import (
    assert_lost_is_what_was_said,
    assert_nothing_lost,
    assert_runs_at,
    kill_when,
    specs_at,
    unfenced,
)
from ansible_collections.ocpvirt.dr.tests.integration.networks import NAMES, attach, attached_to, network_section
from ansible_collections.ocpvirt.dr.tests.integration.phases import await_phase
from ansible_collections.ocpvirt.dr.tests.integration.products.registry import product_of
from ansible_collections.ocpvirt.dr.tests.integration.world import World, empty_world, must, refused
from demo.cluster import wait_until
from demo.disk_watch import DiskWatch, watching
from demo.lab import Lab
from demo.observation import await_writing, newest_run, running_at
from demo.playbook import Played
from demo.workload import not_ready

# where the storage makes no difference, these are enough: one that sends snapshots, one that copies files by cron, and
# journals, in which a cut link leaves behind what nothing else does
FAULTS_ON = ("nfs", "nfs_ssh", "ceph_rbd_journal")
# off, so that its network need not be there
ATTACHED = "batch-0"
WAIVED = ("-e", "dr_waive_fencing='every process of east was killed'")
WEST = ("-e", "dr_target=west")
EAST = ("-e", "dr_target=east")


@dataclass
class Moves:
    """The world and what its VMs looked like before they were ever moved."""

    world: World
    specs: dict[str, Any]
    with_faults: bool


@dataclass
class Moved:
    """One move: what was seen of the source's disks, the output, the records at the target.

    replicated: by VM the last record that had surely arrived before the source was lost.
    """

    watch: DiskWatch
    played: Played
    after: dict[str, dict[str, Any]]
    replicated: dict[str, int] = field(default_factory=dict)


@pytest.fixture(scope="module", params=os.environ.get("LAB_STORAGES", "nfs").split(","))
def settled(request: pytest.FixtureRequest, lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moves]:
    """The workload runs at east and is protected; a VM is attached to a network that has another name at west."""
    world = empty_world(lab, tmp_path_factory.mktemp("moves"), request.param)
    # a start that is not in time would be another test
    world.document["startup"]["readiness"]["timeout"] = "4m"
    world.document["network"] = network_section()
    world.write_plan("payroll", world.document)
    world.deploy()
    attach(world.cluster("east"), ATTACHED, NAMES["east"])
    specs = specs_at(world.cluster("east"))
    with product_of(request.param, world):
        must(world.protect())
        world.storage.await_replicated(world.sites)
        yield Moves(world, specs, with_faults=request.param in FAULTS_ON)


@pytest.fixture(scope="module")
def given_back(settled: Moves) -> Played:
    """A move during which the storages cannot reach each other."""
    settled.world.lab.run("partition")
    try:
        return settled.world.play("relocate", *WEST)
    finally:
        settled.world.lab.run("heal")


@pytest.fixture(scope="module")
def mended(settled: Moves, given_back: Played) -> Played:
    return must(settled.world.play("reprotect"))


@pytest.fixture(scope="module")
def relocated(request: pytest.FixtureRequest, settled: Moves) -> Moved:
    world = settled.world
    if settled.with_faults:
        request.getfixturevalue("mended")
    with watching(world.lab, "east") as watch:
        played = must(world.play("relocate", *WEST))
    return Moved(watch, played, await_writing(world.lab, world.running, "west"))


@pytest.fixture(scope="module")
def returned(settled: Moves, relocated: Moved) -> Moved:
    """The way home; with faults killed between the demotion of west and the promotion of east, then run again."""
    world = settled.world
    east = world.cluster("east")

    def demoted_and_proven() -> bool:
        run = newest_run(east)
        return run.get("source") == "west" and run["steps"].get("sync", {}).get("summary", {}).get("proven", 0) > 0

    with watching(world.lab, "west") as watch:
        if settled.with_faults:
            kill_when(world, "failback", demoted_and_proven)
            assert "promote" not in newest_run(east)["steps"]
            assert running_at(east) | running_at(world.cluster("west")) == set()
        played = must(world.play("failback"))
    return Moved(watch, played, await_writing(world.lab, world.running, "east"))


@pytest.fixture(scope="module")
def forced(settled: Moves, returned: Moved) -> Moved:
    world = settled.world
    before = DiskWatch(world.lab, "east")
    before.look()
    world.storage.await_replicated(world.sites)
    must(world.play("status", "-e", "dr_record_syncs=true"))
    world.lab.run("lose", "east")
    watch = DiskWatch(world.lab, "east")
    watch.look()
    played = must(world.failover(*(WAIVED if unfenced(world) else ())))
    return Moved(watch, played, await_writing(world.lab, world.running, "west"), before.highest)


@pytest.fixture(scope="module")
def restored(settled: Moves, forced: Moved) -> World:
    """East is back with everything that it had: its VMs run there again, on copies that have diverged."""
    world = settled.world
    world.lab.run("restore", "east")
    wait_until("east's VMs running again", 240, lambda: not_ready(world.cluster("east"), world.running))
    return world


@pytest.fixture(scope="module")
def home_again(settled: Moves, restored: World) -> Moved:
    with watching(restored.lab, "west") as watch:
        played = must(restored.play("failback"))
    return Moved(watch, played, await_writing(restored.lab, restored.running, "east"))


@pytest.mark.storage(*FAULTS_ON)
def test_p3_without_a_proof_everything_runs_at_the_source_again_by_itself(settled: Moves, given_back: Played) -> None:
    refused(given_back, "was rolled back", "everything is at east again", "6 of 6 VMs ready")
    assert newest_run(settled.world.cluster("west"))["state"] == "rolled_back"
    assert_runs_at(settled.world, "east", settled.specs)


@pytest.mark.storage(*FAULTS_ON)
def test_reprotect_mends_the_copy_that_a_cut_link_left_behind(settled: Moves, mended: Played) -> None:
    await_phase(settled.world, "east", "normal")


def test_p3_a_planned_move_loses_nothing_and_says_by_which_proof(settled: Moves, relocated: Moved) -> None:
    assert_nothing_lost(relocated.watch, relocated.after)
    assert "nothing is lost: west holds all that east held" in relocated.played.output
    assert_runs_at(settled.world, "west", settled.specs)


@pytest.mark.usefixtures("relocated")
def test_a_vm_gets_the_network_of_the_site_that_it_is_moved_to(settled: Moves) -> None:
    assert attached_to(settled.world.cluster("west"), ATTACHED) == [NAMES["west"]]


@pytest.mark.storage(*FAULTS_ON)
@pytest.mark.usefixtures("settled")
def test_p5_a_move_home_that_was_killed_is_finished_by_the_same_command(returned: Moved) -> None:
    assert "attempt 2" in returned.played.output


def test_p3_the_way_home_loses_nothing(settled: Moves, returned: Moved) -> None:
    assert_nothing_lost(returned.watch, returned.after)
    assert_runs_at(settled.world, "east", settled.specs)


@pytest.mark.parametrize("name", ["db-0", ATTACHED])
def test_a_site_that_has_the_objects_already_keeps_them(settled: Moves, returned: Moved, name: str) -> None:
    assert f"VirtualMachine/payroll/{name} is adopted: it is as captured" in returned.played.output


@pytest.mark.usefixtures("returned")
def test_a_vm_has_its_own_network_again_at_home(settled: Moves) -> None:
    assert attached_to(settled.world.cluster("east"), ATTACHED) == [NAMES["east"]]


def test_a_forced_move_loses_what_it_says_and_nothing_else(settled: Moves, forced: Moved) -> None:
    assert_lost_is_what_was_said(settled.world, forced.played, forced.after)
    for name in settled.world.running:
        assert (forced.after[name]["gaps"], forced.after[name]["bad_checksums"]) == ([], 0)
        arrived = [boot for boot in forced.after[name]["boots"] if boot["site"] == "east"][-1]
        assert forced.replicated[name] <= arrived["last_n"] <= forced.watch.highest[name]


@pytest.mark.usefixtures("forced")
def test_a_vm_gets_the_network_of_the_surviving_site_after_a_failover(settled: Moves) -> None:
    assert attached_to(settled.world.cluster("west"), ATTACHED) == [NAMES["west"]]


def test_p1_a_returned_site_is_no_target_before_it_was_observed_to_be_clean(restored: World) -> None:
    refused(restored.play("relocate", *EAST), "fence debt", "reprotect first")
    assert "FENCE DEBT" in must(restored.play("status")).output


@pytest.mark.storage(*FAULTS_ON)
def test_p1_two_primaries_after_the_return_are_shown_with_whose_data_stay(restored: World) -> None:
    shown = must(restored.play("status")).output
    for said in ("TWO PRIMARIES", "reprotect keeps what west has", "lives at west"):
        assert said in shown


def test_failback_cleans_the_returned_site_and_moves_home_without_a_loss(settled: Moves, home_again: Moved) -> None:
    assert "east is clean: latch closed, no VM left" in home_again.played.output
    assert_nothing_lost(home_again.watch, home_again.after)
    assert_runs_at(settled.world, "east", settled.specs)


def test_after_failback_no_debt_is_left_and_the_plan_is_as_at_first(settled: Moves, home_again: Moved) -> None:
    assert "FENCE DEBT" not in await_phase(settled.world, "east", "normal")
    again = must(settled.world.play("failback"))
    assert again.changed == 0
