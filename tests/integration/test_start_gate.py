# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A planned move whose start comes to a closed gate and goes on once it is open; each test goes on from the last."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.tests.integration.world import STORE, World, empty_world, must, refused
from demo.lab import Lab
from demo.observation import newest_run, running_at
from demo.playbook import Played
from demo.workload import NAMESPACE

WEST = ("-e", "dr_target=west")
OPEN = ("-e", "dr_open_gates=applications")
FIRST_WAVE = {"db-0", "db-1"}


@pytest.fixture(scope="module")
def gated(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The workload runs at east and is protected; its applications wait behind a gate."""
    world = empty_world(lab, tmp_path_factory.mktemp("gate"))
    world.document["startup"]["readiness"]["timeout"] = "4m"
    world.document["startup"]["waves"][1] |= {"gate": True, "delay": "5s"}
    world.write_plan("payroll", world.document)
    world.deploy()
    must(world.protect())
    world.storage.await_replicated(world.sites)
    return world


@pytest.fixture(scope="module")
def waiting(gated: World) -> Played:
    return must(gated.play("relocate", *WEST))


@pytest.fixture(scope="module")
def opened(gated: World, waiting: Played) -> Played:
    return must(gated.play("relocate", *WEST, *OPEN))


def test_a_closed_gate_is_no_failure_and_names_the_command_that_goes_on(waiting: Played) -> None:
    assert "the same command with -e dr_open_gates=applications goes on" in waiting.output


@pytest.mark.usefixtures("waiting")
def test_only_what_is_before_the_gate_runs(gated: World) -> None:
    assert (running_at(gated.cluster("west")), running_at(gated.cluster("east"))) == (FIRST_WAVE, set())


@pytest.mark.usefixtures("waiting")
def test_p6_a_run_that_waits_holds_no_lock_and_lets_no_other_direction_begin(gated: World) -> None:
    # plans of tests before this one have left theirs
    holders = {lease["spec"].get("holderIdentity") for lease in gated.cluster("west").list("Lease", STORE)}
    assert (newest_run(gated.cluster("west"))["state"], holders) == ("waiting", {""})
    refused(gated.play("relocate", "-e", "dr_target=east"), "relocate to west was begun", "has not ended")


@pytest.mark.usefixtures("waiting")
def test_a_gate_that_is_not_there_is_refused_and_starts_nothing(gated: World) -> None:
    refused(gated.play("relocate", *WEST, "-e", "dr_open_gates=application"), "did you mean applications?")
    assert running_at(gated.cluster("west")) == FIRST_WAVE


@pytest.mark.usefixtures("opened")
def test_p5_the_same_command_with_the_gate_goes_on_to_the_end(gated: World) -> None:
    run = newest_run(gated.cluster("west"))
    assert run["state"] == "done"
    assert running_at(gated.cluster("west")) == set(gated.running)


@pytest.mark.usefixtures("opened")
def test_p5_what_ran_before_the_gate_was_not_started_again(gated: World) -> None:
    items = gated.cluster("west").list("VirtualMachineInstance", NAMESPACE)
    created = {item["metadata"]["name"]: item["metadata"]["creationTimestamp"] for item in items}
    behind = created.keys() - FIRST_WAVE
    assert max(created[name] for name in FIRST_WAVE) < min(created[name] for name in behind)
