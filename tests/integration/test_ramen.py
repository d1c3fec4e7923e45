# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Moves by Ramen, which brings VMs and volumes by itself, with guests writing: planned, forced, and the ways back.

Each goes on from the last. Ramen's hub is at west, so that it survives east.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.tests.integration.moves import assert_nothing_lost, assert_runs_at, specs_at
from ansible_collections.ocpvirt.dr.tests.integration.products.ramen import Ramen
from ansible_collections.ocpvirt.dr.tests.integration.products.ramen_workload import Workload
from ansible_collections.ocpvirt.dr.tests.integration.world import World, empty_world, must
from demo.disk_watch import DiskWatch, watching
from demo.lab import Lab
from demo.observation import await_writing
from demo.playbook import Played
from demo.storages.csi_addons import GROUP
from demo.workload import NAMESPACE

WEST = ("-e", "dr_target=west")
WAIVED = ("-e", "dr_waive_fencing='every process of east was killed'")


@dataclass
class Moved:
    """One move: what was seen of the source's disks, the output, the records at the target."""

    watch: DiskWatch
    played: Played
    after: dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def protected(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    world = empty_world(lab, tmp_path_factory.mktemp("ramen"), "ramen")
    world.document["metadata"] = {"source": "vendor"}
    world.document["startup"]["readiness"]["timeout"] = "4m"
    world.write_plan("payroll", world.document)
    world.deploy()
    product = Ramen(world.sites, GROUP, [(NAMESPACE, vm.name) for vm in world.vms], Workload(world))
    product.start()
    try:
        must(world.protect())
        world.storage.await_replicated(world.sites)
        yield world
    finally:
        product.stop()
        lab.run("reset")


@pytest.fixture(scope="module")
def specs(protected: World) -> dict[str, Any]:
    return specs_at(protected.cluster("east"))


@pytest.fixture(scope="module")
def relocated(protected: World, specs: dict[str, Any]) -> Moved:
    with watching(protected.lab, "east") as watch:
        played = must(protected.play("relocate", *WEST))
    return Moved(watch, played, await_writing(protected.lab, protected.running, "west"))


@pytest.fixture(scope="module")
def returned(protected: World, relocated: Moved) -> Moved:
    with watching(protected.lab, "west") as watch:
        played = must(protected.play("failback"))
    return Moved(watch, played, await_writing(protected.lab, protected.running, "east"))


@pytest.fixture(scope="module")
def forced(protected: World, returned: Moved) -> Moved:
    protected.storage.await_replicated(protected.sites)
    protected.lab.run("lose", "east")
    watch = DiskWatch(protected.lab, "east")
    watch.look()
    played = must(protected.failover(*WAIVED))
    return Moved(watch, played, await_writing(protected.lab, protected.running, "west"))


@pytest.fixture(scope="module")
def home_again(protected: World, forced: Moved) -> Moved:
    protected.lab.run("restore", "east")
    with watching(protected.lab, "west") as watch:
        played = must(protected.play("failback"))
    return Moved(watch, played, await_writing(protected.lab, protected.running, "east"))


def test_p3_a_planned_move_loses_nothing_and_starts_what_ran(
    protected: World, specs: dict[str, Any], relocated: Moved
) -> None:
    assert_nothing_lost(relocated.watch, relocated.after)
    assert "nothing is lost: west holds all that east held" in relocated.played.output
    assert_runs_at(protected, "west", specs)


def test_p3_the_way_home_loses_nothing(protected: World, specs: dict[str, Any], returned: Moved) -> None:
    assert_nothing_lost(returned.watch, returned.after)
    assert_runs_at(protected, "east", specs)


def test_p4_a_failover_brings_everything_without_the_lost_site(protected: World, forced: Moved) -> None:
    for name in protected.running:
        assert (forced.after[name]["gaps"], forced.after[name]["bad_checksums"]) == ([], 0)
        arrived = [boot for boot in forced.after[name]["boots"] if boot["site"] == "east"][-1]
        assert arrived["last_n"] <= forced.watch.highest[name]


def test_p3_home_again_after_a_failover(protected: World, specs: dict[str, Any], home_again: Moved) -> None:
    assert_nothing_lost(home_again.watch, home_again.after)
    assert_runs_at(protected, "east", specs)
