# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan stopped and started where it lives, with VMs of every run strategy; each test goes on from the one before."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from ansible_collections.ocpvirt.dr.tests.integration.moves import kill_when, specs_at
from ansible_collections.ocpvirt.dr.tests.integration.staging import latch
from ansible_collections.ocpvirt.dr.tests.integration.stopping import (
    EXTRA,
    IDLE,
    Everything,
    ends_since,
    front_pods,
    pool,
    power,
    records,
    starts_since,
    version_now,
)
from ansible_collections.ocpvirt.dr.tests.integration.world import (
    empty_world,
    must,
    refused,
)
from demo.lab import Lab
from demo.observation import newest_run, running_at
from demo.playbook import Played
from demo.workload import NAMESPACE

EAST = ("-e", "dr_site=east")
LATCH = "dr-latch-payroll"
PAUSED_POOL = "dr.ocpvirt.io/paused-pool"
HASTY = ("-e", "quiesce_timeout=20")


@dataclass
class Stopped:
    """ends: what the API server tells of it."""

    everything: Everything
    played: Played
    ends: list[tuple[str, str]]


@dataclass
class Restarted:
    """starts: VMIs in the order in which they were made, by the attempt that was killed and by the next."""

    everything: Everything
    played: Played
    starts: list[str]


@pytest.fixture(scope="module")
def everything(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Everything:
    """It runs at east and is replicated to west."""
    world = empty_world(lab, tmp_path_factory.mktemp("start_stop"))
    world.document["startup"]["readiness"]["timeout"] = "4m"
    world.write_plan("payroll", world.document)
    world.deploy()
    must(world.protect())
    world.storage.await_replicated(world.sites)
    found = Everything(world)
    found.deploy()
    return found


@pytest.fixture(scope="module")
def foretold(everything: Everything) -> Played:
    """A stop in check mode."""
    return must(everything.world.play("stop", *EAST, "--check"))


@pytest.fixture(scope="module")
def impatient(everything: Everything, foretold: object) -> Played:
    """A stop that may not force what ignores the shutdown."""
    return everything.world.play("stop", *EAST, *HASTY)


@pytest.fixture(scope="module")
def stopped(everything: Everything, impatient: Played) -> Stopped:
    since = version_now(everything.east)
    played = must(everything.world.play("stop", *EAST, *HASTY, "-e", '{"dr_force_off": true}'))
    return Stopped(everything, played, ends_since(everything.east, since))


@pytest.fixture(scope="module")
def restarted(stopped: Stopped) -> Restarted:
    """A start that was killed while VMs started, and the same command again."""
    found = stopped.everything
    since = version_now(found.east)
    kill_when(found.world, "start", lambda: bool(running_at(found.east)), *EAST)
    played = must(found.world.play("start", *EAST))
    found.await_up()
    return Restarted(found, played, starts_since(found.east, since))


@pytest.fixture(scope="module")
def bereft(restarted: Restarted) -> Everything:
    """Stopped again, then west is lost."""
    found = restarted.everything
    must(found.world.play("stop", *EAST, *HASTY, "-e", '{"dr_force_off": true}'))
    found.world.lab.run("lose", "west")
    return found


def tier(name: str) -> str:
    return name.partition("-")[0]


def test_p9_check_mode_tells_the_order_of_a_stop_and_writes_nothing(everything: Everything, foretold: Played) -> None:
    for name in ("payroll/db-0 is halted", "Deployment/payroll/front is stopped", "VirtualMachinePool/payroll/pool is"):
        assert name in foretold.output
    east = everything.east
    assert (specs_at(east), records(east), LATCH in latch(east)) == (everything.specs, {}, False)
    assert "paused" not in pool(east)["spec"]


def test_a_vm_that_ignores_the_shutdown_is_named_and_what_others_need_stays_up(
    everything: Everything, impatient: Played
) -> None:
    refused(impatient, "VirtualMachineInstance/payroll/stubborn", "dr_force_off=true")
    assert running_at(everything.east) == everything.running


def test_p3_nothing_runs_after_a_stop_and_nobody_starts_anything(stopped: Stopped) -> None:
    east = stopped.everything.east
    assert (running_at(east), front_pods(east)) == (set(), 0)
    assert LATCH in latch(east)
    assert "stubborn: forced off" in stopped.played.output


def test_the_order_of_a_stop_is_that_of_the_start_backwards(stopped: Stopped) -> None:
    """By the API server's own history: every app was gone before a database was asked to go."""
    ends = stopped.ends
    for first, then in (("app", "db"),):
        gone = [number for number, (what, name) in enumerate(ends) if what == "gone" and tier(name) == first]
        asked = [number for number, (what, name) in enumerate(ends) if what == "ends" and tier(name) == then]
        assert len(gone) == 2
        assert len(asked) == 2
        assert max(gone) < min(asked)


def test_p7_every_vm_bears_what_it_was(stopped: Stopped) -> None:
    found = records(stopped.everything.east)
    assert found["db-0"] == {"run_strategy": "Manual", "running": True, "running_field": False}
    assert found["field"] == {"run_strategy": "Always", "running": True, "running_field": True}
    assert found[IDLE] == {"run_strategy": "RerunOnFailure", "running": False, "running_field": False}
    assert power(specs_at(stopped.everything.east))["field"] == {"running": False}


def test_p7_the_pool_is_paused_as_long_as_its_vms_are_off(stopped: Stopped) -> None:
    found = pool(stopped.everything.east)
    assert (found["spec"]["paused"], found["metadata"]["annotations"][PAUSED_POOL]) == (True, "null")


def test_a_plan_that_is_off_is_not_stopped_again(stopped: Stopped) -> None:
    again = must(stopped.everything.world.play("stop", *EAST))
    assert (again.changed, "off at east already" in again.output) == (0, True)


def test_p1_the_secondary_starts_nothing(stopped: Stopped) -> None:
    world = stopped.everything.world
    refused(world.play("start", "-e", "dr_site=west"), "role secondary", "wanted: primary")
    assert running_at(world.cluster("west")) == set()


def test_p9_check_mode_of_a_start_tells_the_waves_and_opens_no_latch(stopped: Stopped) -> None:
    played = must(stopped.everything.world.play("start", *EAST, "--check"))
    assert "databases, priority 1" in played.output
    assert LATCH in latch(stopped.everything.east)


def test_p7_everything_is_as_it_was_after_a_start_that_was_killed_and_run_again(restarted: Restarted) -> None:
    found = restarted.everything
    expected = {**found.specs, IDLE: {**found.specs[IDLE], "runStrategy": "Halted"}}
    assert specs_at(found.east) == expected
    assert running_at(found.east) == found.running
    assert (front_pods(found.east), list(records(found.east)), LATCH in latch(found.east)) == (2, [IDLE], False)


def test_p5_nothing_was_started_twice(restarted: Restarted) -> None:
    assert sorted(restarted.starts) == sorted(restarted.everything.running)
    assert "attempt 2" in restarted.played.output


def test_the_waves_of_a_start_are_kept_across_both_attempts(restarted: Restarted) -> None:
    tiers = [tier(name) for name in restarted.starts if tier(name) in ("db", "app", "web")]
    assert tiers == ["db"] * 2 + ["app"] * 2 + ["web"] * 2
    assert set(restarted.starts[4:]) >= set(EXTRA)


def test_p7_the_pool_is_given_back_as_it_was(restarted: Restarted) -> None:
    found = pool(restarted.everything.east)
    assert not found["spec"].get("paused")
    assert PAUSED_POOL not in found["metadata"].get("annotations", {})


def test_a_plan_that_is_up_is_not_started_again(restarted: Restarted) -> None:
    again = must(restarted.everything.world.play("start", *EAST))
    assert (again.changed, "up at east already" in again.output) == (0, True)


def test_replication_was_not_touched(restarted: Restarted) -> None:
    steps = newest_run(restarted.everything.east)["steps"]
    assert set(steps) == {"begin", "start", "verify", "end"}
    assert "lives at east" in must(restarted.everything.world.play("status")).output


def test_p1_beside_a_silent_site_a_start_waits_for_a_persons_decision(bereft: Everything) -> None:
    refused(bereft.world.play("start", *EAST), "dr_declare_lost=west")
    assert running_at(bereft.east) == set()


def test_a_plan_starts_where_it_lives_after_the_other_site_was_lost(bereft: Everything) -> None:
    must(bereft.world.play("start", *EAST, "-e", "dr_declare_lost=west"))
    bereft.await_up()
    run = newest_run(bereft.east)
    assert (run["operation"], run["steps"]["fence"]["summary"]["fenced"]) == ("start", True)
    assert "its VMs were not observed to be off" in run["fence_debt"]


def test_p1_the_site_that_was_lost_starts_nothing_when_it_is_back(bereft: Everything) -> None:
    bereft.world.lab.run("restore", "west")
    refused(bereft.world.play("start", "-e", "dr_site=west"), "fence debt")
    assert bereft.world.cluster("west").list("VirtualMachineInstance", NAMESPACE) == []
