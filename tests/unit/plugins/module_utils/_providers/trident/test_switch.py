# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planned switches by trident: as a whole, after a final sync; cut, refused and finished."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import (
    TRIDENT_ACTION_MIRROR_UPDATE,
    TRIDENT_MIRROR_RELATIONSHIP,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import (
    Conflict,
    Failed,
    NotFound,
    Refused,
    TerminalState,
    Timeout,
    Unreachable,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.replication.taking_back import take_back
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.trident.objects import handover, look_patch
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.trident.world import (
    World,
    enabled,
    roles,
    switched,
    world,
)


@pytest.fixture
def mirrored() -> World:
    return enabled(world())


def test_p3_a_planned_switch_loses_nothing_there_and_back(mirrored: World) -> None:
    texts: list[str] = []
    for source, target in (("east", "west"), ("west", "east")):
        mirrored.write(source, f"last words of {source}")
        texts.append(f"last words of {source}")
        switched(mirrored, source, target)
        assert mirrored.provider.observe(mirrored.group, source).sync_proof
        assert not mirrored.provider.demote(mirrored.group, source)
        assert mirrored.copies(target) == {tuple(texts)}
    assert (roles(mirrored), mirrored.ontap.lost) == (("primary", "secondary"), [])


def test_p3_a_transfer_that_had_begun_before_is_not_taken_for_the_final_sync(mirrored: World) -> None:
    for name in ("disk-0", "disk-1"):
        mirrored.ontap.begin(("west", name))
    mirrored.write("east", "after the scheduled transfer began")
    switched(mirrored, "east", "west")
    assert mirrored.copies("west") == {("after the scheduled transfer began",)}
    assert mirrored.ontap.lost == []


def test_p3_a_planned_promotion_is_refused_before_the_source_is_demoted(mirrored: World) -> None:
    with pytest.raises(Refused, match="done by demoting east"):
        mirrored.provider.promote(mirrored.group, "west", forced=False)
    assert mirrored.written("west") == []


def test_p1_a_planned_promotion_is_refused_while_the_source_is_promoted_as_well(mirrored: World) -> None:
    mirrored.ontap.refuses["resync"] = "the volume is busy"
    with pytest.raises(TerminalState, match="Could not reestablish mirror"):
        mirrored.provider.demote(mirrored.group, "east")
    assert roles(mirrored)[1] == "primary"
    with pytest.raises(Refused, match=r"at east: asked for reestablished, state failed.*demote east"):
        mirrored.provider.promote(mirrored.group, "west", forced=False)


def test_p3_a_proof_is_refused_while_the_source_can_still_be_written(mirrored: World) -> None:
    with pytest.raises(Refused, match="proves nothing"):
        mirrored.provider.final_sync(mirrored.group, "east", "west")


def test_p3_an_update_that_fails_leaves_the_source_primary_and_says_why(mirrored: World) -> None:
    mirrored.ontap.refuses["update"] = "peer cluster is not available"
    with pytest.raises(TerminalState, match="peer cluster is not available"):
        mirrored.provider.demote(mirrored.group, "east")
    assert roles(mirrored) == ("primary", "secondary")
    mirrored.ontap.refuses.clear()
    switched(mirrored, "east", "west")
    assert len(mirrored.updates("west")) == 4


def test_p3_an_update_that_never_ends_has_a_deadline_and_leaves_the_source_primary(mirrored: World) -> None:
    mirrored.ontap.linked = False
    with pytest.raises(Timeout, match="In progress") as raised:
        mirrored.provider.demote(mirrored.group, "east")
    assert raised.value.waited == pytest.approx(300, abs=5)
    assert roles(mirrored) == ("primary", "secondary")


def test_p3_a_restart_of_trident_in_the_middle_of_an_update_fails_it(mirrored: World) -> None:
    west = mirrored.apis["west"]

    def crash() -> None:
        west.stopped = True

    mirrored.time.at(mirrored.time.seconds + 1, crash)
    mirrored.time.at(mirrored.time.seconds + 30, west.restart)
    with pytest.raises(TerminalState, match="detected at startup"):
        mirrored.provider.demote(mirrored.group, "east")
    switched(mirrored, "east", "west")
    assert roles(mirrored) == ("secondary", "primary")


def test_p3_a_synchronous_mirror_cannot_be_proven() -> None:
    made = world()
    made.ontap.policy = "Sync"
    enabled(made)
    with pytest.raises(Refused, match="synchronous"):
        made.provider.demote(made.group, "east")
    assert roles(made) == ("primary", "secondary")


@pytest.mark.parametrize("command", ["break", "resync"])
def test_p5_a_switch_that_fails_in_the_middle_is_completed_by_the_next_one(mirrored: World, command: str) -> None:
    mirrored.write("east", "last words")
    mirrored.ontap.refuses[command] = "the volume is busy"
    with pytest.raises(TerminalState, match=r"Could not (promote|reestablish) mirror"):
        mirrored.provider.demote(mirrored.group, "east")
    mirrored.wait()
    mirrored.ontap.refuses.clear()
    switched(mirrored, "east", "west")
    assert (roles(mirrored), mirrored.copies("west")) == (("secondary", "primary"), {("last words",)})


def test_p3_what_was_written_after_a_promotion_had_failed_is_sent_before_the_next(mirrored: World) -> None:
    mirrored.ontap.refuses["break"] = "the volume is busy"
    with pytest.raises(TerminalState):
        mirrored.provider.demote(mirrored.group, "east")
    mirrored.ontap.refuses.clear()
    mirrored.write("east", "written after all")
    switched(mirrored, "east", "west")
    assert (mirrored.copies("west"), mirrored.ontap.lost) == ({("written after all",)}, [])


@pytest.mark.parametrize(("command", "site"), [("break", "west"), ("resync", "east")])
def test_p5_a_switch_that_was_killed_when_it_had_brought_trident_to_look_is_completed(
    mirrored: World, command: str, site: str
) -> None:
    mirrored.write("east", "last words")
    mirrored.ontap.refuses[command] = "the volume is busy"
    with pytest.raises(TerminalState):
        mirrored.provider.demote(mirrored.group, "east")
    for name in ("disk-0", "disk-1"):
        mirrored.apis[site].patch(TRIDENT_MIRROR_RELATIONSHIP, name, "payroll", look_patch())
    mirrored.wait()
    mirrored.ontap.refuses.clear()
    switched(mirrored, "east", "west")
    assert (roles(mirrored), mirrored.copies("west")) == (("secondary", "primary"), {("last words",)})


def test_p3_a_switch_that_was_cut_goes_on_only_when_trident_says_what_its_mirror_is(mirrored: World) -> None:
    mirrored.ontap.refuses["break"] = "the volume is busy"
    with pytest.raises(TerminalState):
        mirrored.provider.demote(mirrored.group, "east")
    mirrored.apis["west"].stopped = True
    for name in ("disk-0", "disk-1"):
        mirrored.apis["west"].patch(TRIDENT_MIRROR_RELATIONSHIP, name, "payroll", look_patch())
    mirrored.ontap.refuses.clear()
    mirrored.write("east", "written after all")
    mirrored.time.at(mirrored.time.seconds + 20, mirrored.apis["west"].restart)
    switched(mirrored, "east", "west")
    assert (mirrored.copies("west"), mirrored.ontap.lost) == ({("written after all",)}, [])


def test_p5_a_group_that_is_partly_switched_is_completed(mirrored: World) -> None:
    """Killed when one of its volumes was promoted: it says which, and has a proof of its own for each."""
    mirrored.write("east", "last words")
    switched(mirrored, "east", "west")
    switched(mirrored, "west", "east")
    notes = handover("disk-0-x", mirrored.relationship("east"))
    patch = {"spec": {"state": "promoted"}, "metadata": {"annotations": notes}}
    mirrored.apis["west"].patch(TRIDENT_MIRROR_RELATIONSHIP, "disk-0", "payroll", patch)
    mirrored.wait()
    assert "partly switched" in mirrored.provider.observe(mirrored.group, "west").message
    assert mirrored.provider.demote(mirrored.group, "east")
    assert roles(mirrored) == ("secondary", "primary")
    proof = mirrored.provider.final_sync(mirrored.group, "east", "west")
    assert (proof.holds, "update disk-0-x is gone" in proof.target) == (False, True)


def test_p3_a_forced_promotion_is_no_proof_of_a_final_sync(mirrored: World) -> None:
    mirrored.provider.promote(mirrored.group, "west", forced=True)
    mirrored.provider.resync(mirrored.group, "east")
    proof = mirrored.provider.final_sync(mirrored.group, "east", "west")
    assert not proof.holds
    assert "promoted without a final sync" in proof.target
    assert mirrored.provider.observe(mirrored.group, "east").sync_proof == ""


def test_p3_a_copy_that_was_promoted_by_an_earlier_switch_gives_this_side_nothing_up(mirrored: World) -> None:
    """West was promoted by a planned switch, then east by force: west's old note is no switch that was cut."""
    switched(mirrored, "east", "west")
    mirrored.provider.promote(mirrored.group, "east", forced=True)
    mirrored.write("east", "of the forced primary")
    assert not mirrored.provider.demote(mirrored.group, "east")
    assert roles(mirrored) == ("primary", "primary")
    assert mirrored.ontap.lost == []


def test_p3_a_switch_is_taken_back_by_another_with_a_proof_of_its_own(mirrored: World) -> None:
    mirrored.write("east", "last words")
    assert mirrored.provider.demote(mirrored.group, "east")
    assert take_back(mirrored.provider, mirrored.group, "east", "west", forced=False)
    assert (roles(mirrored), mirrored.copies("east")) == (("primary", "secondary"), {("last words",)})


def test_p3_a_source_whose_copy_is_in_its_first_transfer_is_taken_back() -> None:
    made = world()
    made.ontap.linked = False
    made.provider.enable(made.group, "east", "west")
    with pytest.raises(Refused, match="nothing was changed"):
        made.provider.demote(made.group, "east")
    assert not take_back(made.provider, made.group, "east", "west", forced=False)
    assert roles(made) == ("primary", "secondary")


def test_updates_of_earlier_switches_are_removed(mirrored: World) -> None:
    switched(mirrored, "east", "west")
    switched(mirrored, "west", "east")
    before = set(mirrored.updates("west"))
    switched(mirrored, "east", "west")
    assert len(mirrored.updates("west")) == 4
    assert not before & set(mirrored.updates("west"))


def test_p8_updates_of_others_stay(mirrored: World) -> None:
    theirs = {
        "kind": "TridentActionMirrorUpdate",
        "metadata": {"name": "nightly", "namespace": "payroll"},
        "spec": {"tridentMirrorRelationshipName": "disk-0"},
    }
    mirrored.apis["west"].create(TRIDENT_ACTION_MIRROR_UPDATE, theirs)
    mirrored.wait()
    switched(mirrored, "east", "west")
    assert "nightly" in mirrored.updates("west")


def test_p3_a_source_whose_old_policy_trident_would_not_change_is_refused_before_its_copy_is_promoted(
    mirrored: World,
) -> None:
    switched(mirrored, "east", "west")
    switched(mirrored, "west", "east")
    made = world(sites={"east": {"policy": "Nightly"}})
    made.apis |= mirrored.apis
    made.anew()
    with pytest.raises(Conflict, match="replicationPolicy is MirrorAllSnapshots, wanted Nightly"):
        made.provider.demote(made.group, "east")
    assert roles(made) == ("primary", "secondary")


def test_p1_a_silent_peer_is_no_permission_to_hand_over(mirrored: World) -> None:
    mirrored.apis["west"].reachable = False
    mirrored.anew()
    with pytest.raises(Refused, match="no answer"):
        mirrored.provider.demote(mirrored.group, "east")
    assert mirrored.written("east") == []


def test_a_source_without_a_mirror_is_not_handed_over() -> None:
    made = enabled(world())
    made.provider.disable(made.group, "west")
    with pytest.raises(Refused, match=r"at west: absent.*cannot make a source read-only"):
        made.provider.demote(made.group, "east")
    assert roles(made)[0] == "primary"


def test_a_relationship_that_is_deleted_meanwhile_ends_the_wait(mirrored: World) -> None:
    west = mirrored.apis["west"]
    west.stopped = True
    later = mirrored.time.seconds + 20
    mirrored.time.at(later, lambda: west.objects.pop(("TridentMirrorRelationship", "payroll", "disk-0")))
    with pytest.raises(TerminalState, match="it was deleted"):
        mirrored.provider.promote(mirrored.group, "west", forced=True)


def test_a_trident_that_is_down_is_waited_for_and_named(mirrored: World) -> None:
    mirrored.apis["west"].stopped = True
    with pytest.raises(Timeout, match=r"Trident has seen generation 1 of 2.*log of trident-controller"):
        mirrored.provider.promote(mirrored.group, "west", forced=True)


def test_p5_an_api_server_that_restarts_under_a_switch_is_waited_for(mirrored: World) -> None:
    west = mirrored.apis["west"]

    def break_down() -> None:
        west.answers += [
            Unreachable("GET", site="west", seen="connection refused"),
            Failed("GET", site="west", status=500),
            Failed("GET", site="west", status=429),
        ]

    mirrored.time.at(mirrored.time.seconds + 2, break_down)
    switched(mirrored, "east", "west")
    assert roles(mirrored) == ("secondary", "primary")


def test_somebody_elses_order_ends_the_wait_at_once(mirrored: World) -> None:
    west = mirrored.apis["west"]
    west.stopped = True
    patch = {"spec": {"state": "reestablished"}}
    later = mirrored.time.seconds + 10
    mirrored.time.at(later, lambda: west.patch(TRIDENT_MIRROR_RELATIONSHIP, "disk-0", "payroll", patch))
    with pytest.raises(TerminalState, match="somebody else asked it for reestablished"):
        mirrored.provider.promote(mirrored.group, "west", forced=True)


def test_a_switch_of_many_volumes_is_waited_for_together() -> None:
    made = enabled(world(volumes=60))
    switched(made, "east", "west")
    # of one volume it would be as many
    assert made.apis["west"].lists.count("TridentMirrorRelationship") < 40
    assert not [name for name in made.apis["west"].found if name.startswith("TridentActionMirrorUpdate")]


def test_a_demotion_without_relationships_points_to_protect() -> None:
    made = world()
    with pytest.raises((Refused, NotFound), match="run protect"):
        made.provider.demote(made.group, "east")
