# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Moves with guests writing, planned and forced, with the ways back, on products that know a volume by its claim: west
has a stage. Each test goes on from the last.

LAB_STORAGES names the products, with commas between.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
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
from ansible_collections.ocpvirt.dr.tests.integration.phases import await_phase
from ansible_collections.ocpvirt.dr.tests.integration.products.staged import MIRRORED_WITHIN, STAGED
from ansible_collections.ocpvirt.dr.tests.integration.staging import use_stage
from ansible_collections.ocpvirt.dr.tests.integration.world import World, empty_world, must, refused
from demo.cluster import wait_until
from demo.disk_watch import DiskWatch, watching
from demo.lab import Lab
from demo.observation import await_writing, running_at
from demo.playbook import Played
from demo.workload import NAMESPACE, not_ready

WEST = ("-e", "dr_target=west")
WAIVED = ("-e", "dr_waive_fencing='the array is switched off'")


@dataclass
class Moved:
    """One move: what was seen of the source's disks, the output, the records at the target."""

    watch: DiskWatch
    played: Played
    after: dict[str, dict[str, Any]]


@pytest.fixture(scope="module", params=os.environ.get("LAB_STORAGES", "trident").split(","))
def product(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def protected(product: str, lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The workload runs at east; the product serves both sites, and of the plan west has nothing but its namespace."""
    world = empty_world(lab, tmp_path_factory.mktemp(product), product)
    world.document["startup"]["readiness"]["timeout"] = "4m"
    with STAGED[product].operating(world):
        world.deploy()
        world.cluster("west").create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
        must(world.protect())
        yield world
    lab.run("reset")


@pytest.fixture(scope="module")
def unstaged(protected: World) -> Played:
    return protected.play("relocate", *WEST)


@pytest.fixture(scope="module")
def staged(product: str, protected: World, unstaged: Played) -> World:
    STAGED[product].make_claims(protected)
    use_stage(protected)
    must(protected.protect())
    wait_until("mirrors at west", MIRRORED_WITHIN, lambda: STAGED[product].unmirrored(protected))
    protected.storage.await_replicated(protected.sites)
    return protected


@pytest.fixture(scope="module")
def specs(staged: World) -> dict[str, Any]:
    return specs_at(staged.cluster("east"))


@pytest.fixture(scope="module")
def relocated(product: str, staged: World, specs: dict[str, Any]) -> Moved:
    """Killed when west's copies were primaries; then run again."""
    with watching(staged.lab, "east") as watch:
        kill_when(staged, "relocate", lambda: not STAGED[product].unpromoted(staged), *WEST)
        played = must(staged.play("relocate", *WEST))
    return Moved(watch, played, await_writing(staged.lab, staged.running, "west"))


@pytest.fixture(scope="module")
def returned(staged: World, relocated: Moved) -> Moved:
    with watching(staged.lab, "west") as watch:
        played = must(staged.play("failback"))
    return Moved(watch, played, await_writing(staged.lab, staged.running, "east"))


@pytest.fixture(scope="module")
def forced(product: str, staged: World, returned: Moved) -> Moved:
    staged.storage.await_replicated(staged.sites)
    must(staged.play("status", "-e", "dr_record_syncs=true"))
    staged.lab.run("lose", "east")
    watch = DiskWatch(staged.lab, "east")
    watch.look()
    without_fence = unfenced(staged)
    if without_fence:
        refused(staged.failover(), f"provider {product} cannot fence", "dr_waive_fencing")
    played = must(staged.failover(*(WAIVED if without_fence else ())))
    return Moved(watch, played, await_writing(staged.lab, staged.running, "west"))


@pytest.fixture(scope="module")
def home_again(staged: World, forced: Moved) -> Moved:
    """East is back with everything that it had, and calls itself primary as well."""
    staged.lab.run("restore", "east")
    wait_until("east's VMs running again", 240, lambda: not_ready(staged.cluster("east"), staged.running))
    with watching(staged.lab, "west") as watch:
        played = must(staged.play("failback"))
    return Moved(watch, played, await_writing(staged.lab, staged.running, "east"))


def test_p3_a_move_without_claims_at_the_target_is_refused_before_anything_is_stopped(
    product: str, protected: World, unstaged: Played
) -> None:
    refused(unstaged, "begin a planned move", STAGED[product].unstaged)
    wait_until("running VMs at east", 120, lambda: not_ready(protected.cluster("east"), protected.running))
    assert running_at(protected.cluster("west")) == set()


def test_p5_a_killed_move_is_finished_and_loses_nothing(staged: World, relocated: Moved, specs: dict[str, Any]) -> None:
    assert_nothing_lost(relocated.watch, relocated.after)
    assert "nothing is lost: west holds all that east held" in relocated.played.output
    assert "attempt 2" in relocated.played.output
    assert_runs_at(staged, "west", specs)


def test_p3_the_way_home_loses_nothing(staged: World, returned: Moved, specs: dict[str, Any]) -> None:
    assert_nothing_lost(returned.watch, returned.after)
    assert_runs_at(staged, "east", specs)


def test_a_forced_move_loses_what_it_says_and_nothing_else(staged: World, forced: Moved) -> None:
    assert_lost_is_what_was_said(staged, forced.played, forced.after)
    for name in staged.running:
        assert (forced.after[name]["gaps"], forced.after[name]["bad_checksums"]) == ([], 0)
        arrived = [boot for boot in forced.after[name]["boots"] if boot["site"] == "east"][-1]
        assert arrived["last_n"] <= forced.watch.highest[name]


def test_failback_throws_the_old_copies_away_and_moves_home_without_a_loss(
    staged: World, home_again: Moved, specs: dict[str, Any]
) -> None:
    assert "east is clean: latch closed, no VM left" in home_again.played.output
    assert_nothing_lost(home_again.watch, home_again.after)
    assert_runs_at(staged, "east", specs)
    await_phase(staged, "east", "normal")
