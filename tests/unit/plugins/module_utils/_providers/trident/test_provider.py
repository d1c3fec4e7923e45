# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What trident makes, takes over, forces, throws away and reports, in states that the lab does not show on demand."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import TRIDENT_MIRROR_RELATIONSHIP
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import (
    Conflict,
    DrError,
    NotFound,
    Refused,
    TerminalState,
    Timeout,
    Unsupported,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.selector import LabelSelector
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.trident.world import (
    World,
    add_claim,
    enabled,
    roles,
    switched,
    world,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi


@pytest.fixture
def mirrored() -> World:
    return enabled(world())


def theirs(spec: dict[str, Any], name: str = "disk-0", **labels: str) -> dict[str, Any]:
    return {
        "kind": "TridentMirrorRelationship",
        "metadata": {"name": name, "namespace": "payroll", "labels": labels},
        "spec": {"volumeMappings": [{"localPVCName": "disk-0"}], **spec},
    }


# enabling


def test_the_source_is_promoted_and_the_copy_learns_its_handle(mirrored: World) -> None:
    assert mirrored.relationship("west")["spec"] == {
        "state": "established",
        "volumeMappings": [{"localPVCName": "disk-0", "remoteVolumeHandle": "svm-east:disk-0"}],
    }
    seen = [mirrored.provider.observe(mirrored.group, site) for site in ("east", "west")]
    assert [(item.role, item.health, item.direction) for item in seen] == [
        ("primary", "healthy", "outgoing"),
        ("secondary", "healthy", "incoming"),
    ]
    assert not mirrored.provider.enable(mirrored.group, "east", "west")


def test_a_relationship_is_made_before_its_claim_and_says_what_it_waits_for() -> None:
    made = world(at=("east",), policy="Nightly", schedule="5min")
    assert made.provider.enable(made.group, "east", "west")
    spec = made.relationship("west")["spec"]
    assert (spec["replicationPolicy"], spec["replicationSchedule"]) == ("Nightly", "5min")
    status = made.provider.observe(made.group, "west")
    assert (status.role, status.present) == ("unknown", True)
    assert "its claim is not here" in status.message
    for number in range(2):
        add_claim(made.apis["west"], f"disk-{number}")
    made.wait()
    made.anew()
    assert roles(made) == ("primary", "secondary")


def test_a_claim_without_the_plans_label_is_told_by_that() -> None:
    made = world(at=("east",))
    made.provider.enable(made.group, "east", "west")
    for number in range(2):
        add_claim(made.apis["west"], f"disk-{number}", labels={})
    made.wait()
    made.anew()
    status = made.provider.observe(made.group, "west")
    assert status.role == "unknown"
    assert 'payroll/disk-0: its claim is not here with label protected.dr.ocpvirt.io/payroll: "true"' in status.message


def test_a_backend_that_cannot_mirror_is_refused_though_trident_calls_it_promoted() -> None:
    made = world()
    made.ontap.unable.add("east")
    with pytest.raises(TerminalState, match="its backend cannot mirror"):
        made.provider.enable(made.group, "east", "west")
    status = made.provider.observe(made.group, "east")
    assert (status.role, status.health) == ("unknown", "error")
    assert made.asked("west") == {}


def test_p1_a_copy_whose_backend_cannot_mirror_is_never_taken_for_a_primary(mirrored: World) -> None:
    mirrored.ontap.unable.add("west")
    with pytest.raises(TerminalState, match="its backend cannot mirror"):
        mirrored.provider.promote(mirrored.group, "west", forced=True)
    assert roles(mirrored)[1] == "unknown"


def test_a_copy_that_is_no_empty_destination_is_told_in_tridents_words() -> None:
    made = world()
    made.ontap.destinations.clear()
    with pytest.raises(TerminalState, match=r"Could not establish mirror.*the log of trident-controller says why"):
        made.provider.enable(made.group, "east", "west")
    assert "empty DP volumes" in made.apis["west"].log[0]
    assert "failed" in made.provider.observe(made.group, "west").message


def test_a_failed_relationship_is_tried_again_by_the_next_run() -> None:
    made = world()
    made.ontap.refuses["initialize"] = "SVMs are not peered"
    with pytest.raises(TerminalState, match="Could not establish mirror"):
        made.provider.enable(made.group, "east", "west")
    made.ontap.refuses.clear()
    assert made.provider.enable(made.group, "east", "west")
    made.wait()
    assert roles(made) == ("primary", "secondary")


def test_a_relationship_that_failed_again_when_trident_only_looked_is_tried_again_by_the_next_run() -> None:
    """Of a second failure Trident writes nothing, and to be asked for no state twice is no change of a spec."""
    made = world()
    made.ontap.refuses["initialize"] = "SVMs are not peered"
    with pytest.raises(TerminalState):
        made.provider.enable(made.group, "east", "west")
    made.apis["west"].stopped = True
    with pytest.raises(Timeout, match="asked for no state, state failed"):
        made.provider.enable(made.group, "east", "west")
    made.apis["west"].stopped = False
    made.ontap.refuses.clear()
    assert made.provider.enable(made.group, "east", "west")
    made.wait()
    assert roles(made) == ("primary", "secondary")


def test_p1_two_primaries_are_named_and_not_made_a_pair(mirrored: World) -> None:
    mirrored.provider.promote(mirrored.group, "west", forced=True)
    assert roles(mirrored) == ("primary", "primary")
    with pytest.raises(Refused, match=r"promoted at west as well.*run reprotect"):
        mirrored.provider.enable(mirrored.group, "east", "west")


def test_the_wrong_side_is_refused(mirrored: World) -> None:
    with pytest.raises(Refused, match="here it is a mirror itself"):
        mirrored.provider.enable(mirrored.group, "west", "east")
    assert mirrored.written("east") == mirrored.written("west") == []


def test_p8_a_relationship_of_another_plan_is_not_touched() -> None:
    made = world()
    body = theirs({"state": "promoted"}, **{"dr.ocpvirt.io/replicates-plan": "billing"})
    made.apis["east"].create(TRIDENT_MIRROR_RELATIONSHIP, body)
    made.wait()
    with pytest.raises(Conflict, match="it belongs to plan billing"):
        made.provider.enable(made.group, "east", "west")
    assert made.asked("west") == {}


def test_a_policy_that_trident_would_not_change_is_refused(mirrored: World) -> None:
    mirrored.apis["west"].patch(
        TRIDENT_MIRROR_RELATIONSHIP, "disk-0", "payroll", {"spec": {"replicationPolicy": "Other"}}
    )
    made = world(policy="Nightly")
    made.apis |= mirrored.apis
    made.anew()
    with pytest.raises(Conflict, match="replicationPolicy is Other, wanted Nightly"):
        made.provider.enable(made.group, "east", "west")


def test_what_was_there_before_is_taken_over_and_given_back() -> None:
    made = world(volumes=1)
    made.apis["east"].create(TRIDENT_MIRROR_RELATIONSHIP, theirs({"state": "promoted"}, name="by-hand"))
    made.wait()
    enabled(made)
    assert made.provider.enabled(made.group, "east")
    assert made.provider.disable(made.group, "east")
    assert made.asked("east") == {"by-hand": "promoted"}
    assert not made.provider.enabled(made.group, "east")
    assert made.relationship("east", "by-hand")["metadata"]["labels"] == {}


def test_a_mirror_that_was_there_before_is_taken_over_as_it_is(mirrored: World) -> None:
    """It says nothing of a policy, and Trident nothing of a spec that changes nothing for it."""
    marks: Any = dict.fromkeys(("dr.ocpvirt.io/replicates-plan", "dr.ocpvirt.io/replicates-group"))
    for name in ("disk-0", "disk-1"):
        patch = {"metadata": {"labels": marks}}
        mirrored.apis["west"].patch(TRIDENT_MIRROR_RELATIONSHIP, name, "payroll", patch)
    made = world(policy="MirrorAllSnapshots")
    made.apis |= mirrored.apis
    made.anew()
    made.time = mirrored.time
    assert made.provider.enable(made.group, "east", "west")
    assert roles(made) == ("primary", "secondary")
    assert not made.provider.enable(made.group, "east", "west")


def test_two_relationships_for_one_claim_are_refused(mirrored: World) -> None:
    mirrored.apis["east"].create(TRIDENT_MIRROR_RELATIONSHIP, theirs({"state": "promoted"}, name="second"))
    with pytest.raises(Refused, match="has 2 TridentMirrorRelationships: disk-0, second"):
        mirrored.provider.demote(mirrored.group, "east")
    assert mirrored.provider.observe(mirrored.group, "east").health == "error"


def test_a_namespace_that_is_not_there_yet_is_named(mirrored: World) -> None:
    made = world(volumes=1)
    west = made.apis["west"]

    def no_namespace(kind: Any, body: dict[str, Any]) -> dict[str, Any]:
        raise NotFound("POST", site="west", on=kind.resource, seen='namespaces "payroll" not found', status=404)

    west.create = no_namespace  # type: ignore[method-assign]
    with pytest.raises(NotFound, match="create the namespace at west"):
        made.provider.enable(made.group, "east", "west")


def test_a_site_without_trident_is_named() -> None:
    made = world()
    made.apis["west"].absent = {"TridentMirrorRelationship"}
    with pytest.raises(Unsupported, match="install Trident there"):
        made.provider.enable(made.group, "east", "west")
    assert made.asked("east") == {}


# forced, and back


def test_p1_a_forced_switch_loses_what_had_not_arrived_and_a_resync_ends_it(mirrored: World) -> None:
    mirrored.write("east", "arrived")
    for name in ("disk-0", "disk-1"):
        mirrored.ontap.begin(("west", name))
    mirrored.wait()
    mirrored.write("east", "too late")
    assert mirrored.provider.promote(mirrored.group, "west", forced=True)
    assert not mirrored.provider.promote(mirrored.group, "west", forced=True)
    mirrored.write("west", "in the new place")
    assert roles(mirrored) == ("primary", "primary")
    assert not mirrored.provider.demote(mirrored.group, "east")
    assert roles(mirrored) == ("primary", "primary")
    assert mirrored.provider.resync(mirrored.group, "east")
    assert not mirrored.provider.resync(mirrored.group, "east")
    assert (roles(mirrored), mirrored.copies("east")) == (("secondary", "primary"), {("arrived", "in the new place")})
    switched(mirrored, "west", "east")
    assert roles(mirrored) == ("primary", "secondary")


def test_p4_a_forced_promotion_does_not_ask_the_source(mirrored: World) -> None:
    mirrored.apis["east"].reachable = False
    mirrored.anew()
    assert mirrored.provider.promote(mirrored.group, "west", forced=True)
    status = mirrored.provider.observe(mirrored.group, "west")
    assert (status.role, status.direction) == ("primary", "none")


def test_p1_what_was_never_a_mirror_is_not_promoted_by_a_new_relationship() -> None:
    made = world()
    with pytest.raises(NotFound, match=r"would break no mirror.*run protect"):
        made.provider.promote(made.group, "west", forced=True)
    assert made.written("west") == []


def test_p1_a_healthy_primary_is_never_resynchronised(mirrored: World) -> None:
    with pytest.raises(Refused, match="promoted at west"):
        mirrored.provider.resync(mirrored.group, "east")
    assert mirrored.written("east") == []


def test_p1_a_silent_peer_is_nobody_to_resynchronise_from(mirrored: World) -> None:
    mirrored.apis["west"].reachable = False
    mirrored.anew()
    with pytest.raises(Refused, match="no answer"):
        mirrored.provider.resync(mirrored.group, "east")


def test_an_exchanged_source_is_refused_before_trident_fails_the_relationship(mirrored: World) -> None:
    """East's volume was made anew: the handle that west's relationship names for good is of nobody now."""
    mirrored.provider.promote(mirrored.group, "west", forced=True)
    east = mirrored.apis["east"]
    stored = mirrored.relationship("east")
    stored["status"]["conditions"][0]["localVolumeHandle"] = "svm-east:disk-0-anew"
    east._store("status", ("TridentMirrorRelationship", "payroll", "disk-0"), stored)
    with pytest.raises(Refused, match=r"has mirrored, svm-east:disk-0\W.*svm-east:disk-0-anew"):
        mirrored.provider.resync(mirrored.group, "west")
    assert mirrored.written("west")[-1].startswith("patch")


# the end


def test_p8_the_end_of_replication_keeps_the_data(mirrored: World) -> None:
    mirrored.write("east", "kept")
    assert mirrored.provider.disable(mirrored.group, "west")
    assert mirrored.provider.disable(mirrored.group, "east")
    assert not mirrored.provider.disable(mirrored.group, "east")
    assert (mirrored.asked("east"), mirrored.asked("west")) == ({}, {})
    assert mirrored.ontap.copy(("east", "disk-0")) == ["kept"]


def test_a_deletion_that_waits_for_trident_is_waited_for(mirrored: World) -> None:
    mirrored.apis["west"].stopped = True
    with pytest.raises(DrError, match="2 still there, such as payroll/disk-0"):
        mirrored.provider.disable(mirrored.group, "west")
    assert "being deleted" not in mirrored.provider.observe(mirrored.group, "east").message
    assert mirrored.provider.observe(mirrored.group, "west").health == "error"


def test_claims_that_are_about_to_go_are_released_alone(mirrored: World) -> None:
    mirrored.provider.release(mirrored.group, "east", ["payroll/disk-1"])
    assert set(mirrored.asked("east")) == {"disk-0"}


def test_a_claim_that_keeps_a_mirror_alive_is_needed(mirrored: World) -> None:
    needed = mirrored.provider.needed_by(mirrored.group, "west", ("payroll", "disk-0"))
    assert needed == "TridentMirrorRelationship/payroll/disk-0"
    assert mirrored.provider.needed_by(mirrored.group, "west", ("payroll", "other")) == ""


# what is reported


def test_no_sync_time_is_ever_invented(mirrored: World) -> None:
    switched(mirrored, "east", "west")
    for site in ("east", "west"):
        status = mirrored.provider.observe(mirrored.group, site)
        assert (status.last_sync, status.last_sync_source) == (None, "")


def test_a_state_of_an_older_order_is_no_role(mirrored: World) -> None:
    mirrored.apis["west"].stopped = True
    patch = {"spec": {"state": "promoted"}}
    mirrored.apis["west"].patch(TRIDENT_MIRROR_RELATIONSHIP, "disk-0", "payroll", patch)
    status = mirrored.provider.observe(mirrored.group, "west")
    assert status.role == "unknown"
    assert "asked for promoted, state established, Trident has seen generation 1 of 2" in status.message


@pytest.mark.parametrize(
    ("asked", "state", "role", "health"),
    [
        ("established", "establishing", "secondary", "degraded"),
        ("reestablished", "reestablishing", "unknown", "degraded"),
        ("promoted", "promoting", "unknown", "degraded"),
        ("established", "promoted", "unknown", "degraded"),
        ("promoted", "failed", "unknown", "error"),
        ("established", "invalid", "unknown", "error"),
        ("", "established", "unknown", "degraded"),
        ("established", "released", "unknown", "degraded"),
    ],
)
def test_what_is_on_its_way_or_broken_is_no_settled_role(asked: str, state: str, role: str, health: str) -> None:
    made = world(volumes=1)
    west = made.apis["west"]
    west.stopped = True
    body = theirs({"state": asked})
    condition = {"state": state, "observedGeneration": 1, "localVolumeHandle": "svm-west:disk-0", "message": "because"}
    west.create(TRIDENT_MIRROR_RELATIONSHIP, {**body, "status": {"conditions": [condition]}})
    status = made.provider.observe(made.group, "west")
    assert (status.role, status.health) == (role, health)
    assert status.message


def test_a_status_without_the_fields_of_later_versions_is_no_role() -> None:
    made = world(volumes=1)
    west = made.apis["west"]
    west.stopped = True
    condition = {"state": "established", "localPVCName": "disk-0"}
    west.create(
        TRIDENT_MIRROR_RELATIONSHIP, {**theirs({"state": "established"}), "status": {"conditions": [condition]}}
    )
    status = made.provider.observe(made.group, "west")
    assert status.role == "unknown"
    assert "seen generation 0 of 1" in status.message


def test_p4_a_site_that_does_not_answer_is_a_status(mirrored: World) -> None:
    mirrored.apis["west"].reachable = False
    mirrored.anew()
    status = mirrored.provider.observe(mirrored.group, "west")
    assert (status.reachable, status.role) == (False, "unknown")


def test_many_groups_are_answered_by_one_list(mirrored: World) -> None:
    groups = [mirrored.group, Group("none", LabelSelector({"tier": "none"}))]
    found = mirrored.provider.observe_all(groups, "west")
    assert [item.role for item in found] == ["secondary", "unknown"]
    assert found[1].present is False
    assert mirrored.apis["west"].lists.count("TridentMirrorRelationship") == 1


# plan and volumes


def test_volumes_of_another_driver_are_not_covered(mirrored: World) -> None:
    own = {"spec": {"csi": {"driver": "csi.trident.netapp.io"}}}
    for pv, covered in ((own, True), ({"spec": {"csi": {"driver": "other"}}}, False), ({"spec": {"nfs": {}}}, False)):
        assert mirrored.provider.covers(mirrored.group, "west", pv) is covered


def test_it_is_detected_by_its_volumes_and_its_definition() -> None:
    made = world()
    detect, site = made.provider.detect, made.provider.sites["east"]
    assert "2 volumes are of csi.trident.netapp.io" in detect(made.group, site)
    made.apis["east"].absent = {"TridentMirrorRelationship"}
    assert detect(made.group, site) == ""
    made.apis["east"].absent = set()
    add_claim(made.apis["east"], "odd", driver="block.csi.example.com")
    made.anew()
    assert made.provider.detect(made.group, made.provider.sites["east"]) == ""


@pytest.mark.parametrize(
    "options", [{"class": "x"}, {"policy": 3}, {"driver": None}, {"timeout": "soon"}, {"schedule": ["5min"]}]
)
def test_wrong_options_are_named(options: dict[str, Any]) -> None:
    made = world(**options)
    with pytest.raises(Refused, match=next(iter(options))):
        made.provider.enable(made.group, "east", "west")
    assert MemoryApi.list(made.apis["east"], TRIDENT_MIRROR_RELATIONSHIP) == []
