# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rehearsal from a recovery point, told by what guests wrote on the disks; production goes on meanwhile.

The disks are volumes of csi-driver-nfs in an export that the site's NFS servers replicate.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible_collections.ocpvirt.dr.tests.integration.rehearsing import assert_production_untouched, left_of_it, running
from ansible_collections.ocpvirt.dr.tests.integration.tried import Tried, cloned_beside_copies, try_point
from ansible_collections.ocpvirt.dr.tests.integration.two_disks import DATA, DISKS, RUNNING
from ansible_collections.ocpvirt.dr.tests.integration.world import empty_world, must, refused
from demo.lab import Lab
from demo.observation import newest_run


@pytest.fixture(scope="module")
def tried(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tried]:
    world = empty_world(lab, tmp_path_factory.mktemp("tried"), "nfs_csi")
    with cloned_beside_copies(world, tmp_path_factory.mktemp("copies")) as cloned:
        yield try_point(cloned)
    lab.run("reset")


def test_p10_a_recovery_point_that_is_not_there_is_refused_with_those_that_are(tried: Tried) -> None:
    refused(tried.misspelt, "find the recovery point misspelt", tried.cloned.point, "choose one of those")
    assert tried.left_by_misspelt == []


def test_p9_check_mode_says_which_data_each_claim_gets_and_writes_nothing(tried: Tried) -> None:
    assert tried.wrote_in_check_mode == set()
    for disk in DISKS:
        assert f"the newest copy of {disk}, set aside" in tried.foretold.output
    assert f"data of recovery point {tried.cloned.point}" in tried.foretold.output


def test_p5_one_that_was_killed_goes_on_with_the_same_recovery_point_only(tried: Tried) -> None:
    refused(tried.other, f"with dr_recovery_point={tried.cloned.point}", "test_cleanup")
    assert f"from recovery point {tried.cloned.point}" in tried.played.output


@pytest.mark.parametrize("disk", [RUNNING, DATA])
def test_the_guest_goes_on_where_the_clone_ends(tried: Tried, disk: str) -> None:
    volume = tried.cloned.copies()[disk]
    assert (volume["gaps"], volume["bad_checksums"]) == ([], 0)
    assert [boot["site"] for boot in volume["boots"]] == ["east", "west"]
    assert volume["boots"][0]["last_n"] == tried.cloned.ended[disk]


@pytest.mark.parametrize("disk", [RUNNING, DATA])
def test_nobody_writes_on_the_copy_of_the_newest_data(tried: Tried, disk: str) -> None:
    newest = tried.cloned.copies()[tried.cloned.clones[disk]]
    assert {boot["site"] for boot in newest["boots"]} == {"east"}
    assert newest["last_n"] > tried.cloned.ended[disk]


def test_p1_what_east_replicates_is_written_by_east_alone(tried: Tried) -> None:
    assert_production_untouched(tried.cloned.world)


def test_p7_what_was_off_stays_off(tried: Tried) -> None:
    assert running(tried.cloned.world.cluster("west")) == {RUNNING}


def test_the_verdict_says_which_recovery_point_and_how_old(tried: Tried) -> None:
    found = newest_run(tried.cloned.world.cluster("west"))["steps"]["verify"]["summary"]
    assert (found["verdict"], found["recovery_point"]["name"]) == ("passed", tried.cloned.point)
    assert found["recovery_point"]["age_seconds"] > 0
    assert f"the rehearsal passed, from recovery point {tried.cloned.point}" in tried.played.output


def test_check_and_status_say_so_too(tried: Tried) -> None:
    said = f"passed, from recovery point {tried.cloned.point}"
    assert f"last tested 0 days ago, at west: {said}" in must(tried.cloned.world.check()).output
    assert f"last tested 0 days ago at west: {said}" in must(tried.cloned.world.play("status")).output


def test_another_recovery_point_beside_one_that_stands_is_refused(tried: Tried) -> None:
    refused(tried.cloned.rehearse("-e", "dr_recovery_point=another"), "test_cleanup")


def test_p8_a_cleanup_leaves_nothing_of_it_and_every_clone(tried: Tried) -> None:
    """The last test here: the rehearsal is gone then."""
    cloned = tried.cloned
    must(cloned.world.play("test_cleanup"))
    assert left_of_it(cloned.world) == []
    assert set(cloned.two.clones()) == set(cloned.clones.values())
    assert_production_untouched(cloned.world)
