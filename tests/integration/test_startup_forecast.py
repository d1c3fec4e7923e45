# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What check foresees of a start, held against the start that follows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.duration import parse_duration
from ansible_collections.ocpvirt.dr.tests.integration.world import World, empty_world, must, refused
from demo.lab import Lab
from demo.observation import newest_run
from demo.playbook import Played
from demo.workload import NAMESPACE, Tier, demo_vms, deploy

# enough for a window that is refilled several times
TIERS = (Tier("db", 4, 1), Tier("app", 6, 2), Tier("web", 8, 3))
STARTED = sum(tier.count for tier in TIERS)
MAX_STARTING = 3
# of the measured time; a step also proves that it may start, and reads what the last one did
FACTOR = 2
LARGE = "web-0"


@dataclass(frozen=True)
class Foreseen:
    """first: said before any start was measured. second: said of the start whose record is started."""

    first: Played
    second: Played
    started: dict[str, Any]


@pytest.fixture(scope="module")
def world(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Protected at east, and never moved."""
    found = empty_world(lab, tmp_path_factory.mktemp("forecast"))
    found.document["startup"] |= {"max_starting": MAX_STARTING, "readiness": {"agent": True, "timeout": "4m"}}
    found.write_plan("payroll", found.document)
    found.vms = demo_vms(TIERS, off=1)
    deploy(found.cluster("east"), found.sites["east"], found.sites["west"], found.vms, storage=found.storage)
    must(found.protect())
    found.storage.await_replicated(found.sites)
    return found


@pytest.fixture(scope="module")
def foreseen(world: World) -> Foreseen:
    """There and back: the way there measures boot times, the way back is foreseen with them."""
    first = must(world.check())
    must(world.play("relocate", "-e", "dr_target=west"))
    must(world.play("reprotect"))
    second = world.check()
    must(world.play("relocate", "-e", "dr_target=east"))
    return Foreseen(first, second, newest_run(world.cluster("east")))


def said(played: Played) -> str:
    return re.sub(r"\s+", " ", played.output)


def test_a_plan_bigger_than_any_node_names_memory_as_the_limit(world: World) -> None:
    east = world.cluster("east")

    def size(guest: str) -> None:
        template = {"spec": {"domain": {"memory": {"guest": guest}}}}
        east.patch("VirtualMachine", LARGE, NAMESPACE, {"spec": {"template": template}})

    size("5Ti")
    try:
        checked = world.check()
    finally:
        size("256Mi")
    refused(checked, '"code": "TargetTooSmall"', f"memory: 1 of {STARTED} find no node", "memory of the nodes binds")


def test_a_plan_that_was_never_started_is_foreseen_with_assumed_boot_times(foreseen: Foreseen) -> None:
    assert f"{STARTED} to start at west: about" in said(foreseen.first)
    assert "assumed: no start of this plan was measured yet" in said(foreseen.first)


def test_check_says_what_the_start_before_taught_it(foreseen: Foreseen) -> None:
    assert f"{STARTED} to start at east: about" in said(foreseen.second)
    assert re.search(rf"run payroll-relocate-west-\S+, {STARTED} starts", said(foreseen.second))


def test_a_start_takes_what_was_foreseen(foreseen: Foreseen) -> None:
    match = re.search(r"to start at east: about (\w+), at most (\d+) in flight", said(foreseen.second))
    assert match is not None
    step = foreseen.started["steps"]["start"]
    took = (datetime.fromisoformat(step["ended"]) - datetime.fromisoformat(step["started"])).total_seconds()
    expected = parse_duration(match[1]).total_seconds()
    print(f"foreseen {expected:.0f} s, took {took:.1f} s")
    assert took / FACTOR <= expected <= took * FACTOR
    assert int(match[2]) == step["summary"]["peak_in_flight"] == MAX_STARTING
