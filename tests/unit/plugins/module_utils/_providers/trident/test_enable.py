# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What trident makes and takes over, and what it refuses to make a pair of."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import TRIDENT_MIRROR_RELATIONSHIP
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import (
    Conflict,
    NotFound,
    Refused,
    TerminalState,
    Timeout,
    Unsupported,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.trident.world import (
    World,
    add_claim,
    enabled,
    roles,
    theirs,
    world,
)


@pytest.fixture
def mirrored() -> World:
    return enabled(world())


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


def test_a_namespace_that_is_not_there_yet_is_named(mirrored: World) -> None:
    made = world(volumes=1)
    west = made.apis["west"]

    def no_namespace(kind: Any, body: dict[str, Any], **_named: Any) -> dict[str, Any]:
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
