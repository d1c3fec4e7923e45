# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What trident does when it is killed, cut off or asked at the wrong side, and where objects or answers are missing."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import TRIDENT_MIRROR_RELATIONSHIP
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict, Refused, Timeout
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.api_faults import (
    create_before_us,
    give_no_answer,
    repeat_creations,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.killing import Killed, killed_after
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.trident.world import (
    World,
    add_claim,
    enabled,
    roles,
    switched,
    world,
)

# of a planned switch of two volumes
WRITES = 8


@pytest.fixture
def mirrored() -> World:
    return enabled(world())


def switch(made: World) -> None:
    """As a run does it, whatever an attempt before has left."""
    if made.provider.observe(made.group, "east").role != "secondary":
        made.provider.demote(made.group, "east")
    assert made.provider.final_sync(made.group, "east", "west").holds
    made.provider.promote(made.group, "west", forced=False)


def test_a_switch_has_so_many_writes(mirrored: World) -> None:
    with killed_after(mirrored.apis.values(), WRITES - 1), pytest.raises(Killed):
        switch(mirrored)
    made = enabled(world())
    with killed_after(made.apis.values(), WRITES):
        switch(made)


@pytest.mark.parametrize("seconds", [0.01, 3.0, 60.0])
@pytest.mark.parametrize("number", range(WRITES))
def test_p5_a_switch_that_was_killed_after_any_of_its_writes_is_completed(
    mirrored: World, number: int, seconds: float
) -> None:
    made = mirrored
    made.write("east", "before the kill")
    with killed_after(made.apis.values(), number), pytest.raises(Killed):
        switch(made)
    made.wait(seconds)
    made.anew()
    switch(made)
    assert (roles(made), made.copies("west")) == (("secondary", "primary"), {("before the kill",)})
    assert made.ontap.lost == []
    switched(made, "west", "east")


def test_p4_a_promotion_of_what_a_resync_was_asked_of_in_vain_is_told(mirrored: World) -> None:
    """Trident was down: back, it finds a promoted volume promoted, and writes nothing of the generation that it saw."""
    made = mirrored
    made.provider.promote(made.group, "west", forced=True)
    made.apis["east"].stopped = True
    with pytest.raises(Timeout, match="asked for reestablished, state promoted"):
        made.provider.resync(made.group, "east")
    made.time.at(made.time.seconds + 10, made.apis["east"].restart)
    assert made.provider.promote(made.group, "east", forced=True)
    assert roles(made)[0] == "primary"


def test_p3_an_update_that_is_cut_in_the_middle_proves_nothing_and_leaves_the_source_primary(mirrored: World) -> None:
    mirrored.write("east", "last words")

    def cut() -> None:
        mirrored.ontap.linked = False

    # in the second one
    mirrored.time.at(mirrored.time.seconds + 6, cut)
    with pytest.raises(Timeout, match="In progress"):
        mirrored.provider.demote(mirrored.group, "east")
    assert roles(mirrored) == ("primary", "secondary")
    assert mirrored.asked("west") == dict.fromkeys(("disk-0", "disk-1"), "established")
    mirrored.ontap.linked = True
    mirrored.write("east", "and after the cut")
    switched(mirrored, "east", "west")
    assert (mirrored.copies("west"), mirrored.ontap.lost) == ({("last words", "and after the cut")}, [])


@pytest.mark.parametrize("seen", ["connection refused", "timed out"])
def test_p1_a_peer_that_refuses_or_drops_permits_nothing(mirrored: World, seen: str) -> None:
    give_no_answer(mirrored.apis["west"], seen)
    for verb in (mirrored.provider.demote, mirrored.provider.resync):
        with pytest.raises(Refused, match=f"{seen}.*declare it lost"):
            verb(mirrored.group, "east")
    assert mirrored.written("east") == []


def test_p1_two_secondaries_are_left_as_they_are_until_one_is_forced(mirrored: World) -> None:
    made = mirrored
    made.write("east", "last words")
    switched(made, "east", "west")
    for name in ("disk-0", "disk-1"):
        mapping = {"localPVCName": name, "remoteVolumeHandle": f"svm-east:{name}"}
        patch = {"spec": {"state": "reestablished", "volumeMappings": [mapping]}}
        made.apis["west"].patch(TRIDENT_MIRROR_RELATIONSHIP, name, "payroll", patch)
    made.wait()
    assert roles(made) == ("secondary", "secondary")
    for api in made.apis.values():
        api.writes.clear()
    for said, verb in (
        ("demote east", lambda: made.provider.promote(made.group, "west", forced=False)),
        ("promoted at west", lambda: made.provider.resync(made.group, "east")),
        ("here it is a mirror itself", lambda: made.provider.enable(made.group, "east", "west")),
    ):
        with pytest.raises(Refused, match=said):
            verb()
    assert made.provider.demote(made.group, "east") is False
    with pytest.raises(Refused, match="what can still be written proves nothing"):
        made.provider.final_sync(made.group, "east", "west")
    assert (made.written("east"), made.written("west")) == ([], [])
    assert made.provider.promote(made.group, "east", forced=True)
    assert (roles(made)[0], made.copies("east")) == ("primary", {("last words",)})


@pytest.mark.parametrize("site", ["east", "west"])
def test_p5_an_object_that_a_request_made_whose_answer_was_lost_is_taken_for_it(site: str) -> None:
    """The API server restarts under a POST: repeated, it is told that the object exists."""
    made = world()
    repeat_creations(made.apis[site])
    enabled(made)
    made.write("east", "last words")
    switched(made, "east", "west")
    assert made.copies("west") == {("last words",)}


def test_p8_an_object_that_somebody_makes_meanwhile_is_not_taken_for_ours() -> None:
    made = world(volumes=1)
    create_before_us(made.apis["east"])
    with pytest.raises(Conflict):
        made.provider.enable(made.group, "east", "west")


def test_p1_a_group_one_of_whose_volumes_another_product_replicates_does_not_switch(mirrored: World) -> None:
    for site in ("east", "west"):
        add_claim(mirrored.apis[site], "odd", driver="block.csi.example.com")
        mirrored.apis[site].writes.clear()
    mirrored.anew()
    assert mirrored.provider.observe(mirrored.group, "east").role == "unknown"
    with pytest.raises(Refused, match="payroll/odd"):
        mirrored.provider.demote(mirrored.group, "east")
    assert (mirrored.written("east"), mirrored.written("west")) == ([], [])
