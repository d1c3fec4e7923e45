# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Moves on mirrors of Trident with guests writing, planned and forced, with the ways back; each goes on from the last.

Trident knows a mirror by its claim, so west has a stage.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.tests.integration.moves import (
    assert_nothing_lost,
    assert_runs_at,
    kill_when,
    specs_at,
)
from ansible_collections.ocpvirt.dr.tests.integration.products import trident
from ansible_collections.ocpvirt.dr.tests.integration.staging import use_stage
from ansible_collections.ocpvirt.dr.tests.integration.world import World, empty_world, must, refused
from demo.cluster import Object, wait_until
from demo.disk_watch import DiskWatch, watching
from demo.lab import Lab
from demo.observation import await_writing, running_at
from demo.playbook import Played
from demo.workload import NAMESPACE, not_ready

MIRRORS = f"{trident.GROUP}/namespaces/{NAMESPACE}/{trident.RELATIONSHIPS}"
WEST = ("-e", "dr_target=west")
MIRRORED_WITHIN = 60


@dataclass
class Moved:
    """One move: what was seen of the source's disks, the output, the records at the target."""

    watch: DiskWatch
    played: Played
    after: dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def protected(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The workload runs at east; Trident serves both sites, and nothing of the plan is at west but its namespace."""
    world = empty_world(lab, tmp_path_factory.mktemp("trident"), "trident")
    world.document["startup"]["readiness"]["timeout"] = "4m"
    use_stage(world)
    with trident.operating(world.sites):
        world.deploy()
        world.cluster("west").create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
        must(world.protect())
        world.storage.await_replicated(world.sites)
        yield world
    lab.run("reset")


@pytest.fixture(scope="module")
def unstaged(protected: World) -> Played:
    return protected.play("relocate", *WEST)


@pytest.fixture(scope="module")
def staged(protected: World, unstaged: Played) -> World:
    must(protected.play("prestage"))
    wait_until("mirrors at west", MIRRORED_WITHIN, lambda: others(protected, "west", "established"))
    return protected


@pytest.fixture(scope="module")
def specs(staged: World) -> dict[str, Any]:
    return specs_at(staged.cluster("east"))


@pytest.fixture(scope="module")
def relocated(staged: World, specs: dict[str, Any]) -> Moved:
    """Killed when Trident had promoted west's copies; then run again."""
    with watching(staged.lab, "east") as watch:
        kill_when(staged, "relocate", lambda: not others(staged, "west", "promoted"), *WEST)
        played = must(staged.play("relocate", *WEST))
    return Moved(watch, played, await_writing(staged.lab, staged.running, "west"))


@pytest.fixture(scope="module")
def returned(staged: World, relocated: Moved) -> Moved:
    with watching(staged.lab, "west") as watch:
        played = must(staged.play("failback"))
    return Moved(watch, played, await_writing(staged.lab, staged.running, "east"))


@pytest.fixture(scope="module")
def forced(staged: World, returned: Moved) -> Moved:
    staged.storage.await_replicated(staged.sites)
    staged.lab.run("lose", "east")
    watch = DiskWatch(staged.lab, "east")
    watch.look()
    unfenced = staged.failover()
    refused(unfenced, "provider trident cannot fence", "dr_waive_fencing")
    played = must(staged.failover("-e", "dr_waive_fencing=the array is switched off"))
    return Moved(watch, played, await_writing(staged.lab, staged.running, "west"))


@pytest.fixture(scope="module")
def home_again(staged: World, forced: Moved) -> Moved:
    """East is back with everything that it had, and calls itself promoted as well."""
    staged.lab.run("restore", "east")
    wait_until("east's VMs running again", 240, lambda: not_ready(staged.cluster("east"), staged.running))
    with watching(staged.lab, "west") as watch:
        played = must(staged.play("failback"))
    return Moved(watch, played, await_writing(staged.lab, staged.running, "east"))


def others(world: World, site: str, wanted: str) -> list[str]:
    """Relationships at a site that are in another state."""
    items: list[Object] = world.cluster(site).call("GET", MIRRORS)["items"]
    states = {
        item["metadata"]["name"]: [found["state"] for found in item.get("status", {}).get("conditions", [])]
        for item in items
    }
    missing = {vm.name for vm in world.vms} - states.keys()
    return [*missing, *(f"{name} {state}" for name, state in states.items() if state != [wanted])]


def test_p3_a_move_without_claims_at_the_target_stops_nothing(protected: World, unstaged: Played) -> None:
    refused(unstaged, "its claim is not here")
    assert running_at(protected.cluster("east")) == set(protected.running)


def test_p5_a_killed_move_is_finished_and_loses_nothing(staged: World, relocated: Moved, specs: dict[str, Any]) -> None:
    assert_nothing_lost(relocated.watch, relocated.after)
    assert "nothing is lost: west holds all that east held" in relocated.played.output
    assert "attempt 2" in relocated.played.output
    assert_runs_at(staged, "west", specs)


def test_p3_the_way_home_loses_nothing(staged: World, returned: Moved, specs: dict[str, Any]) -> None:
    assert_nothing_lost(returned.watch, returned.after)
    assert_runs_at(staged, "east", specs)


def test_a_forced_move_says_that_nobody_knows_what_it_loses(staged: World, forced: Moved) -> None:
    assert "no last sync is known" in forced.played.output
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
    assert "lives at east, phase normal" in must(staged.play("status")).output
