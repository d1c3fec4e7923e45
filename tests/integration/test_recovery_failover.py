# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A failover from a recovery point, told by what guests wrote on the disks; and the way home after it.

csi-addons' own controllers replicate, volume by volume: it is the product that knows a volume by its claim only.
"""

from __future__ import annotations

import json

import pytest
from ansible_collections.ocpvirt.dr.tests.integration.phases import await_phase
from ansible_collections.ocpvirt.dr.tests.integration.recovered import Recovered, make_ready
from ansible_collections.ocpvirt.dr.tests.integration.two_disks import DATA, DISKS, RUNNING
from ansible_collections.ocpvirt.dr.tests.integration.world import World, must, refused, resource_versions
from demo.cluster import wait_until
from demo.playbook import Played
from demo.workload import not_ready


def test_p10_a_recovery_point_that_is_not_there_is_refused_with_those_that_are(recovered: Recovered) -> None:
    refused(recovered.misspelt, "find the recovery point misspelt", recovered.point, "choose one of those")


def test_p9_check_mode_says_which_data_each_claim_gets_and_writes_nothing(recovered: Recovered) -> None:
    assert recovered.wrote_in_check_mode == set()
    for disk in DISKS:
        assert f"the newest copy of {disk}, set aside" in recovered.foretold.output
    assert f"data of recovery point {recovered.point}" in recovered.foretold.output


def test_the_run_that_was_misspelt_goes_on_with_the_right_one(recovered: Recovered) -> None:
    assert "attempt 2" in recovered.played.output
    assert "VMs start from recovery point" in recovered.played.output


def test_claims_have_the_clones_volumes_and_the_newest_copies_are_set_aside(recovered: Recovered) -> None:
    exports, at_east = recovered.two.exports("west"), recovered.exports
    for disk, clone in recovered.clones.items():
        assert (exports[disk], exports[clone]) == (at_east[clone], at_east[disk])


@pytest.mark.parametrize("disk", [RUNNING, DATA])
def test_the_guest_goes_on_where_the_clone_ends(recovered: Recovered, disk: str) -> None:
    recovered.await_writing("west")
    lost, found = recovered.two.written("east"), recovered.two.written("west")
    clone = recovered.exports[recovered.clones[disk]]
    volume = found[clone]
    assert (volume["gaps"], volume["bad_checksums"]) == ([], 0)
    of_east = [boot for boot in volume["boots"] if boot["site"] == "east"]
    assert of_east[-1]["last_n"] == lost[clone]["last_n"]
    assert volume["boots"][-1]["site"] == "west"


@pytest.mark.parametrize("disk", [RUNNING, DATA])
def test_nobody_writes_on_the_newest_copy(recovered: Recovered, disk: str) -> None:
    recovered.await_writing("west")
    newest = recovered.two.written("west")[recovered.exports[disk]]
    clone = recovered.two.written("east")[recovered.exports[recovered.clones[disk]]]
    assert {boot["site"] for boot in newest["boots"]} == {"east"}
    assert newest["last_n"] > clone["last_n"]


def test_p1_clones_and_newest_copies_are_primary_at_the_target(recovered: Recovered) -> None:
    assert recovered.two.replicated("west") == {*recovered.clones, *recovered.clones.values()}


def test_p2_no_volume_names_the_lost_site(recovered: Recovered) -> None:
    world = recovered.two.world
    address = world.storage.address(world.sites["east"])
    assert [
        pv["metadata"]["name"]
        for pv in world.cluster("west").list("PersistentVolume")
        if address in json.dumps(pv["spec"])
    ] == []


def test_p5_the_same_command_again_changes_nothing_and_another_state_is_refused(recovered: Recovered) -> None:
    west = recovered.two.world.cluster("west")
    before = resource_versions(west)
    assert must(recovered.failover("-e", f"dr_recovery_point={recovered.point}")).changed == 0
    refused(recovered.failover("-e", "dr_recovery_point=another"), "it is primary there already")
    assert resource_versions(west) == before


@pytest.fixture(scope="module")
def reprotected(recovered: Recovered) -> World:
    """East came back as it was, and follows west again."""
    world = recovered.two.world
    recovered.await_writing("west")
    world.lab.run("restore", "east")
    wait_until("east's VM running again", 240, lambda: not_ready(world.cluster("east"), [RUNNING]))
    must(world.play("reprotect", plan=recovered.two.plan()))
    return world


def test_the_old_site_follows_again_with_both_volumes(recovered: Recovered, reprotected: World) -> None:
    await_phase(reprotected, "west", "failback_prep", plan=recovered.two.plan())
    exports = recovered.exports

    def other() -> list[str]:
        at_east = recovered.two.written("east")
        boots = {claim: at_east[exports[claim]]["boots"][-1]["site"] for claim in (RUNNING, recovered.clones[RUNNING])}
        wanted = {RUNNING: "east", recovered.clones[RUNNING]: "west"}
        return [f"{claim}: {site}" for claim, site in boots.items() if site != wanted[claim]]

    wait_until("west's records at east", 60, other)


def test_a_move_to_the_old_site_is_refused_before_anything_is_stopped(recovered: Recovered, reprotected: World) -> None:
    moved = reprotected.play("relocate", "-e", "dr_target=east", plan=recovered.two.plan())
    refused(moved, "recovery_points.md#the-way-back", "db-0")
    assert not_ready(reprotected.cluster("west"), [RUNNING]) == []


@pytest.fixture(scope="module")
def home_again(recovered: Recovered, reprotected: World) -> Played:
    make_ready(recovered, "east")
    return must(reprotected.play("relocate", "-e", "dr_target=east", plan=recovered.two.plan()))


def test_p3_the_way_home_takes_the_recovered_disks_and_loses_nothing(recovered: Recovered, home_again: Played) -> None:
    recovered.await_writing("east")
    assert "nothing is lost" in home_again.output
    exports = recovered.two.exports("east")
    for disk in (RUNNING, DATA):
        assert exports[disk] == recovered.exports[recovered.clones[disk]]
        volume = recovered.two.written("east")[exports[disk]]
        assert (volume["gaps"], volume["bad_checksums"]) == ([], 0)
        assert [boot["site"] for boot in volume["boots"]][-2:] == ["west", "east"]
