# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stage at west while the guests run and write at east; each test goes on from the one before."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.tests.integration.moves import (
    assert_lost_is_what_was_said,
    assert_nothing_lost,
    kill_when,
)
from ansible_collections.ocpvirt.dr.tests.integration.staging import (
    assert_ready_and_off,
    disk,
    foreign_objects,
    foreign_seen,
    identities,
    objects_at,
    remove_vm,
    seconds_of,
    use_stage,
)
from ansible_collections.ocpvirt.dr.tests.integration.world import (
    STORE,
    World,
    assert_as_it_must_be,
    empty_world,
    must,
    refused,
    resource_versions,
)
from demo.cluster import wait_until
from demo.disk_watch import DiskWatch, watching
from demo.lab import Lab
from demo.observation import await_writing, newest_run, running_at
from demo.playbook import Played
from demo.workload import NAMESPACE, not_ready

VANISHED = "web-1"


@dataclass
class Lost:
    """East is lost; before: uids and versions of what the stage held at that moment."""

    world: World
    before: dict[str, tuple[str, str]]
    played: Played
    watch: DiskWatch
    after: dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def captured(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Protected by a plan without a stage; then the plan wants one."""
    world = empty_world(lab, tmp_path_factory.mktemp("prestage"))
    world.document["startup"]["readiness"]["timeout"] = "4m"
    world.write_plan("payroll", world.document)
    world.deploy()
    must(world.protect())
    world.storage.await_replicated(world.sites)
    use_stage(world)
    return world


@pytest.fixture(scope="module")
def interrupted(captured: World) -> World:
    """A first refresh that was killed once volumes were there and no VM."""
    west = captured.cluster("west")

    def between() -> bool:
        return len(west.list("PersistentVolumeClaim", NAMESPACE)) >= len(captured.vms)

    kill_when(captured, "prestage", between)
    return captured


@pytest.fixture(scope="module")
def staged(interrupted: World) -> World:
    must(interrupted.play("prestage"))
    return interrupted


@pytest.fixture(scope="module")
def lost(staged: World) -> Lost:
    world, west = staged, staged.cluster("west")
    world.storage.await_replicated(world.sites)
    world.lab.run("lose", "east")
    watch = DiskWatch(world.lab, "east")
    watch.look()
    before = identities(west)
    played = must(world.failover())
    return Lost(world, before, played, watch, await_writing(world.lab, world.running, "west"))


@pytest.mark.usefixtures("captured")
def test_p9_a_refresh_in_check_mode_writes_nothing_and_shows_what_it_would_do(captured: World) -> None:
    before = resource_versions(captured.cluster("west"))
    played = must(captured.play("prestage", "--check", "-v"))
    assert resource_versions(captured.cluster("west")) == before
    addresses = [captured.sites[site]["nfs_server"] for site in ("east", "west")]
    assert f"'{addresses[0]}' becomes '{addresses[1]}'" in played.output


def test_p5_a_refresh_that_was_killed_ends_the_same_when_it_is_run_again(interrupted: World, staged: World) -> None:
    assert_ready_and_off(staged)
    assert running_at(interrupted.cluster("east")) == set(staged.running)


def test_p5_the_next_refresh_changes_nothing(staged: World) -> None:
    west = staged.cluster("west")
    before = identities(west)
    must(staged.play("prestage"))
    assert identities(west) == before
    steps = newest_run(west)["steps"]
    assert (steps["volumes"]["summary"]["created"], steps["metadata"]["summary"]["vms_updated"]) == (0, 0)


def test_what_is_changed_where_the_plan_lives_is_changed_at_the_stage(staged: World) -> None:
    east, west = staged.cluster("east"), staged.cluster("west")
    data = base64.b64encode(b"#cloud-config\nhostname: other\n").decode()
    east.patch("Secret", "cloud-init", NAMESPACE, {"data": {"userdata": data}})
    east.patch("VirtualMachine", "web-0", NAMESPACE, {"metadata": {"annotations": {"owner": "billing"}}})
    before = identities(west, "PersistentVolume", "PersistentVolumeClaim")
    must(staged.protect())
    assert west.get("Secret", "cloud-init", NAMESPACE)["data"]["userdata"] == data
    assert west.get("VirtualMachine", "web-0", NAMESPACE)["metadata"]["annotations"]["owner"] == "billing"
    assert identities(west, "PersistentVolume", "PersistentVolumeClaim") == before
    assert_ready_and_off(staged)


def test_p8_what_vanished_goes_from_the_stage_and_nothing_that_is_somebody_elses(staged: World) -> None:
    west = staged.cluster("west")
    foreign = foreign_objects(west)
    data = disk(staged, "west", VANISHED)
    assert data.exists()
    remove_vm(staged, VANISHED)
    played = must(staged.protect())
    seen = objects_at(west)
    gone = {f"VirtualMachine/{VANISHED}", f"PersistentVolumeClaim/{VANISHED}", f"PersistentVolume/pv-{VANISHED}"}
    assert gone & seen.keys() == set()
    assert data.exists()
    assert foreign_seen(west) == foreign
    assert "VirtualMachine/payroll/somebodys stays: no run of the plan made it there" in played.output
    west.delete("VirtualMachine", "somebodys", NAMESPACE)
    assert_ready_and_off(staged)


def test_the_latch_refuses_a_start_at_the_stage_and_the_next_refresh_halts_the_vm_again(staged: World) -> None:
    west = staged.cluster("west")
    west.patch("VirtualMachine", "db-0", NAMESPACE, {"spec": {"runStrategy": "Always"}})

    def untried() -> list[str]:
        conditions = west.get("VirtualMachine", "db-0", NAMESPACE).get("status", {}).get("conditions", [])
        return [] if any("latch of plan payroll" in item.get("message", "") for item in conditions) else ["db-0"]

    wait_until("virt-controller's try", 60, untried)
    assert running_at(west) == set()
    checked = staged.check()
    assert "StageDrifted" in checked.output
    must(staged.play("prestage"))
    assert_ready_and_off(staged)
    assert "Stage" not in must(staged.check()).output


def test_status_shows_how_old_the_stage_is(staged: World) -> None:
    output = must(staged.play("status")).output
    name = newest_run(staged.cluster("west"))["steps"]["capture"]["summary"]["name"]
    assert f"stage at west holds {name}" in output


def test_a_failover_restores_nothing_of_what_the_stage_holds(lost: Lost) -> None:
    steps = newest_run(lost.world.cluster("west"))["steps"]
    counts = {key: steps["metadata"]["summary"][key] for key in ("vms_created", "vms_updated")}
    assert counts == {"vms_created": 0, "vms_updated": 0}
    assert steps["metadata"]["summary"]["restored"]["items"] == 0
    assert (steps["volumes"]["summary"]["created"], steps["volumes"]["summary"]["rebound"]) == (0, 0)
    kinds = ("PersistentVolume", "PersistentVolumeClaim", "Secret", "Service")
    now = identities(lost.world.cluster("west"))
    assert {key: now[key] for key in lost.before if key.split("/")[0] in kinds} == {
        key: value for key, value in lost.before.items() if key.split("/")[0] in kinds
    }
    assert {key: now[key][0] for key in lost.before} == {key: value[0] for key, value in lost.before.items()}
    print("seconds with a stage", seconds_of(lost.world.cluster("west")))


def test_p2_the_plan_runs_at_west_and_has_lost_what_was_said(lost: Lost) -> None:
    assert_as_it_must_be(lost.world)
    assert_lost_is_what_was_said(lost.world, lost.played, lost.after)


def test_p5_the_same_failover_again_changes_nothing(lost: Lost) -> None:
    assert must(lost.world.failover()).changed == 0


@pytest.fixture(scope="module")
def home_again(lost: Lost) -> World:
    """Failback to an east that came back with everything that it had."""
    world = lost.world
    world.lab.run("restore", "east")
    wait_until("east's VMs running again", 240, lambda: not_ready(world.cluster("east"), world.running))
    with watching(world.lab, "west") as watch:
        must(world.play("failback"))
    assert_nothing_lost(watch, await_writing(world.lab, world.running, "east"))
    return world


def test_after_a_failback_the_site_that_was_left_is_the_stage(home_again: World) -> None:
    west = home_again.cluster("west")
    before = {key: identity[0] for key, identity in identities(west).items()}
    must(home_again.protect())
    assert_ready_and_off(home_again)
    # adopted, nothing made anew
    assert {key: identity[0] for key, identity in identities(west).items()} == before


@pytest.fixture(scope="module")
def relocated(home_again: World) -> World:
    world = home_again
    with watching(world.lab, "east") as watch:
        must(world.play("relocate", "-e", "dr_target=west"))
    assert_nothing_lost(watch, await_writing(world.lab, world.running, "west"))
    return world


def test_p8_after_a_relocate_the_old_source_is_adopted_as_the_stage_and_nothing_of_it_is_removed(
    relocated: World,
) -> None:
    east = relocated.cluster("east")
    before = {key: identity[0] for key, identity in identities(east).items()}
    must(relocated.play("protect", "-e", "dr_site=west"))
    assert_ready_and_off(relocated, "east")
    assert {key: identity[0] for key, identity in identities(east).items()} == before


@pytest.fixture(scope="module")
def exported(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A stage without Velero; east is lost while a refresh that was killed still holds the lock."""
    world = empty_world(lab, tmp_path_factory.mktemp("prestage-export"))
    directory = world.folder / "captures"
    directory.mkdir()
    use_stage(world, source="export", export={"directory": str(directory)})
    world.deploy()
    must(world.protect())
    assert_ready_and_off(world)
    world.storage.await_replicated(world.sites)
    west = world.cluster("west")
    before = newest_run(west)["id"]

    def under_way() -> bool:
        run = newest_run(west)
        return run["id"] != before and "capture" in run["steps"]

    kill_when(world, "prestage", under_way)
    holder = west.get("Lease", "plan-payroll", STORE)["spec"]["holderIdentity"]
    assert holder.startswith(newest_run(west)["id"])
    world.lab.run("lose", "east")
    return world


def test_p4_a_failover_without_velero_does_not_wait_for_a_refresh_that_was_killed(exported: World) -> None:
    west = exported.cluster("west")
    before = identities(west, "PersistentVolume", "PersistentVolumeClaim", "Secret", "Service")
    played = must(exported.failover())
    assert identities(west, "PersistentVolume", "PersistentVolumeClaim", "Secret", "Service") == before
    steps = newest_run(west)["steps"]
    assert steps["metadata"]["summary"]["vms_created"] == steps["metadata"]["summary"]["vms_updated"] == 0
    assert_as_it_must_be(exported)
    print("seconds", played.seconds, seconds_of(west))


def test_p1_a_plan_without_a_stage_is_not_refreshed(captured: World) -> None:
    document = captured.changed_plan()
    document["metadata"]["prestage"] = False
    played = captured.play("prestage", plan=captured.write_plan("without", document))
    refused(played, "metadata.prestage is false")
