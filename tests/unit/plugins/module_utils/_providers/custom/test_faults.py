# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A described product under faults: of its API servers, its operator, its definition, its objects, and of ourselves."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import VOLUME_REPLICATION
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import (
    Conflict,
    DrError,
    Failed,
    NotFound,
    Refused,
    TerminalState,
    Timeout,
    Unsupported,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.api_faults import give_no_answer
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.csi_addons.world import (
    World,
    add_claim,
    begins_later,
    enabled,
    roles,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.custom.world import (
    custom_world,
    described,
    fresh,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.killing import Killed, killed_after
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.planned_switch import switch_on

OF_DISK_0 = ("VolumeReplication", "payroll", "disk-0")


@pytest.fixture
def replicating() -> World:
    return enabled(custom_world())


def demoted(made: World) -> World:
    """East has given its volumes up, with proof."""
    made.provider.demote(made.group, "east")
    assert made.provider.final_sync(made.group, "east", "west").holds
    return made


def rerun(made: World) -> None:
    """By another process. What a run has begun to promote it had proven before."""
    made.provider = fresh(made)
    made.provider.demote(made.group, "east")
    if "primary" not in made.asked("west").values():
        assert made.provider.final_sync(made.group, "east", "west").holds
    made.provider.promote(made.group, "west", forced=False)


def test_p4_an_api_server_that_restarts_under_a_promotion_is_waited_for(replicating: World) -> None:
    made, now = demoted(replicating), replicating.time.seconds
    begins_later(made, "west", 20)
    made.time.at(now + 2, lambda: setattr(made.apis["west"], "reachable", False))
    made.time.at(now + 9, lambda: setattr(made.apis["west"], "reachable", True))
    assert made.provider.promote(made.group, "west", forced=False) is True
    assert roles(made) == ("secondary", "primary")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_p4_a_server_that_is_overloaded_under_a_wait_is_waited_for(replicating: World, status: int) -> None:
    made, api = replicating, replicating.apis["east"]
    begins_later(made, "east", 20)
    burst = [Failed("GET", site="east", seen="overloaded", status=status) for _number in range(6)]
    made.time.at(made.time.seconds + 2, lambda: api.failures.extend(burst))
    assert made.provider.demote(made.group, "east") is True
    assert api.failures == []


def test_a_change_that_somebody_else_was_faster_with_is_written_again(replicating: World) -> None:
    replicating.apis["east"].conflicts = 3
    assert replicating.provider.demote(replicating.group, "east") is True


def test_a_conflict_that_does_not_pass_is_told(replicating: World) -> None:
    replicating.apis["east"].conflicts = 100
    with pytest.raises(Conflict, match="the object has been modified"):
        replicating.provider.demote(replicating.group, "east")


def test_an_object_that_was_made_although_the_answer_was_lost_is_taken() -> None:
    made = custom_world()
    made.apis["east"].loses_answers = 1
    assert made.provider.enable(made.group, "east", "west") is True
    assert roles(made) == ("primary", "secondary")


def test_p8_an_object_that_somebody_else_made_meanwhile_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    made = custom_world(volumes=1)
    api, create = made.apis["east"], made.apis["east"].create

    def faster(kind: Any, body: Any, **named: Any) -> Any:
        theirs = {**body["metadata"], "labels": {"dr.ocpvirt.io/replicates-plan": "other"}}
        create(kind, {**body, "metadata": theirs})
        return create(kind, body, **named)

    monkeypatch.setattr(api, "create", faster)
    with pytest.raises(Conflict):
        made.provider.enable(made.group, "east", "west")
    assert api.objects[OF_DISK_0]["metadata"]["labels"] == {"dr.ocpvirt.io/replicates-plan": "other"}


@pytest.mark.parametrize("seen", ["connection refused", "timed out"])
def test_p4_a_peer_that_refuses_or_is_silent_permits_nothing(replicating: World, seen: str) -> None:
    made = demoted(replicating)
    give_no_answer(made.apis["east"], seen)
    with pytest.raises(Refused, match=rf"{seen}.*nothing was written at west"):
        fresh(made).promote(made.group, "west", forced=False)
    assert made.written("west") == []
    assert fresh(made).promote(made.group, "west", forced=True) is True


def test_p1_two_primaries_are_named_and_not_made_a_pair(replicating: World) -> None:
    replicating.provider.promote(replicating.group, "west", forced=True)
    assert roles(replicating) == ("primary", "primary")
    with pytest.raises(Refused, match=r"not proven to be secondary.*which holds the data, then reprotect"):
        replicating.provider.enable(replicating.group, "east", "west")
    with pytest.raises(Refused, match="what is still writable proves nothing"):
        replicating.provider.final_sync(replicating.group, "east", "west")


def test_p1_of_two_secondaries_none_is_thrown_away_and_the_one_that_was_primary_last_is_promoted(
    replicating: World,
) -> None:
    made = replicating
    made.storage.write("east", "disk-0", "newest")
    made.storage.linked = False
    made.provider.demote(made.group, "east")
    with pytest.raises(Refused, match=r"role secondary.*promote west first"):
        made.provider.resync(made.group, "east")
    with pytest.raises(Refused, match=r"status.proof shows nothing"):
        made.provider.promote(made.group, "west", forced=False)
    made.storage.linked = True
    assert made.provider.promote(made.group, "east", forced=False) is True
    assert made.storage.copy("east", "disk-0") == ["newest"]


def test_p4_a_sync_that_is_cut_in_the_middle_is_no_proof_and_is_finished_later(replicating: World) -> None:
    made = replicating
    made.storage.write("east", "disk-0", "on its way")
    made.provider.demote(made.group, "east")
    made.storage.linked = False
    with pytest.raises(Timeout, match=r"prove the final sync.*payroll/disk-0: role secondary"):
        made.provider.final_sync(made.group, "east", "west")
    assert roles(made) == ("secondary", "secondary")
    made.storage.linked = True
    rerun(made)
    assert made.storage.copy("west", "disk-0") == ["on its way"]


@pytest.mark.parametrize("seconds", [0.01, 70.0])
@pytest.mark.parametrize("number", range(4))
def test_p5_a_move_that_was_killed_after_any_of_its_writes_is_completed(
    replicating: World, number: int, seconds: float
) -> None:
    made = replicating
    made.storage.write("east", "disk-1", "before the kill")
    with killed_after(made.apis.values(), number), pytest.raises(Killed):
        switch_on(made, "east", "west")
    made.wait(seconds)
    rerun(made)
    assert roles(made) == ("secondary", "primary")
    assert (made.storage.copy("west", "disk-1"), made.storage.forced) == (["before the kill"], [])


def test_a_version_that_the_site_does_not_serve_is_named(replicating: World) -> None:
    replicating.apis["east"].versions = {"v1"}
    with pytest.raises(
        Unsupported, match=r"does not serve replication.storage.openshift.io/v1alpha1.*correct resource"
    ):
        fresh(replicating).demote(replicating.group, "east")
    seen = replicating.provider.observe(replicating.group, "east")
    assert (seen.role, seen.health) == ("unknown", "error")


@pytest.mark.parametrize("verb", ["enable", "demote"])
def test_a_field_that_the_installed_definition_lacks_is_named_and_nothing_is_stored(verb: str) -> None:
    made = custom_world()
    if verb == "demote":
        enabled(made)
    made.apis["east"].lacks = {"replicationState"}
    order: dict[str, tuple[str, ...]] = {"enable": ("east", "west"), "demote": ("east",)}
    with pytest.raises(Failed, match=r'unknown field "spec.replicationState"'):
        getattr(made.provider, verb)(made.group, *order[verb])
    assert made.written("east") == []


@pytest.mark.parametrize("lacks", ["observedGeneration", "conditions", "state"])
def test_a_status_without_the_fields_of_other_versions_is_no_role(replicating: World, lacks: str) -> None:
    for name in ("disk-0", "disk-1"):
        del replicating.apis["east"].objects["VolumeReplication", "payroll", name]["status"][lacks]
    seen = replicating.provider.observe(replicating.group, "east")
    assert (seen.role, seen.direction) == ("unknown", "none")
    with pytest.raises(DrError):
        replicating.provider.promote(replicating.group, "west", forced=False)
    assert replicating.written("west") == []


def test_a_relationship_that_was_deleted_is_told_and_not_made_by_a_demotion(replicating: World) -> None:
    del replicating.apis["east"].objects[OF_DISK_0]
    assert "disk-0: it has no VolumeReplication here" in replicating.provider.observe(replicating.group, "east").message
    with pytest.raises(NotFound, match=r"it has no VolumeReplication named payroll/disk-0.*run protect"):
        replicating.provider.demote(replicating.group, "east")
    assert replicating.written("east") == []


@pytest.mark.parametrize("verb", ["enable", "demote", "promote"])
def test_p1_a_group_whose_volumes_belong_to_two_products_is_refused(verb: str) -> None:
    made = custom_world(volumes=1)
    if verb != "enable":
        enabled(made)
    if verb == "promote":
        demoted(made)
    site = "west" if verb == "promote" else "east"
    add_claim(made.apis[site], "disk-9", driver="other.csi.example.com")
    for api in made.apis.values():
        api.writes.clear()
    order: dict[str, tuple[Any, ...]] = {"enable": ("east", "west"), "demote": ("east",), "promote": ("west", False)}
    with pytest.raises(Refused, match=r"payroll/disk-9.*not what the product replicates.*covers"):
        getattr(fresh(made), verb)(made.group, *order[verb])
    assert made.written("east") + made.written("west") == []


def test_a_claim_that_is_not_bound_yet_is_of_nobodys_product() -> None:
    made = custom_world()
    made.apis["east"].objects["PersistentVolumeClaim", "payroll", "disk-0"]["spec"]["volumeName"] = ""
    assert fresh(made).enable(made.group, "east", "west") is True


def test_an_operator_that_is_down_at_the_target_moves_nothing(replicating: World) -> None:
    made = demoted(replicating)
    made.apis["west"].stopped = True
    with pytest.raises(Timeout, match="the product has not looked at it since it was changed"):
        made.provider.promote(made.group, "west", forced=False)
    assert roles(made) == ("secondary", "unknown")
    assert described()["timeout"] == "10m"
    assert 600 <= made.time.seconds < 900


def test_p3_a_proof_does_not_hold_beside_a_primary_target(replicating: World) -> None:
    made = demoted(replicating)
    made.provider.promote(made.group, "west", forced=False)
    proof = made.provider.final_sync(made.group, "east", "west")
    assert (proof.holds, proof.target) == (False, "not secondary: payroll/disk-0, payroll/disk-1")


def test_a_status_of_before_a_step_does_not_end_it() -> None:
    pause = {"patch": {"spec": {"autoResync": True}}, "done": "status.state == 'Primary'"}
    made = enabled(custom_world(verbs={**described()["verbs"], "pause": pause}))
    made.apis["east"].stopped = True
    with pytest.raises(Timeout, match="the product has not looked at it since it was changed"):
        made.provider.pause(made.group, "east")


def test_p1_an_object_that_is_being_deleted_has_no_role_and_ends_a_verb(replicating: World) -> None:
    api = replicating.apis["east"]
    api.stopped = True
    api.delete(VOLUME_REPLICATION, "disk-0", "payroll")
    api.stopped = False
    seen = replicating.provider.observe(replicating.group, "east")
    assert (seen.role, "disk-0: it is being deleted" in seen.message) == ("unknown", True)
    with pytest.raises(TerminalState, match="it is being deleted"):
        replicating.provider.demote(replicating.group, "east")
