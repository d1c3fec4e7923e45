# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IBM's driver by csi-addons under faults: of API servers, manager, definition, driver, objects, and of ourselves."""

from __future__ import annotations

from typing import Any

import pytest
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
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.csi_addons.double import (
    PreconditionFailed,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.csi_addons.world import (
    begins_later,
    roles,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.ibm.double import handle_of
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.ibm.world import (
    IbmWorld,
    demoted,
    enabled,
    failed_over,
    world,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.killing import Killed, killed_after
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.planned_switch import switch_on

OF_DISK_0 = ("VolumeReplication", "payroll", "disk-0")


@pytest.fixture(params=("mirror", "policy"))
def replicating(request: pytest.FixtureRequest) -> IbmWorld:
    return enabled(world(request.param))


@pytest.fixture
def mirrored() -> IbmWorld:
    return enabled(world("mirror"))


def rerun(made: IbmWorld) -> None:
    """By another process. What a run has begun to promote it had proven before."""
    made.again().demote(made.group, "east")
    if "primary" not in made.asked("west").values():
        assert made.provider.final_sync(made.group, "east", "west").holds
    made.provider.promote(made.group, "west", forced=False)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_p4_a_server_that_is_overloaded_under_a_wait_is_waited_for(replicating: IbmWorld, status: int) -> None:
    made, api = replicating, replicating.apis["east"]
    begins_later(made, "east", 20)
    burst = [Failed("GET", site="east", seen="overloaded", status=status) for _number in range(6)]
    made.time.at(made.time.seconds + 2, lambda: api.failures.extend(burst))
    assert made.provider.demote(made.group, "east") is True
    assert api.failures == []


def test_a_change_that_somebody_else_was_faster_with_is_written_again(replicating: IbmWorld) -> None:
    replicating.apis["east"].conflicts = 3
    assert replicating.provider.demote(replicating.group, "east") is True


def test_a_conflict_that_does_not_pass_is_told(replicating: IbmWorld) -> None:
    replicating.apis["east"].conflicts = 100
    with pytest.raises(Conflict, match="the object has been modified"):
        replicating.provider.demote(replicating.group, "east")


@pytest.mark.parametrize("mode", ["mirror", "policy"])
def test_an_object_that_was_made_although_the_answer_was_lost_is_taken(mode: str) -> None:
    made = world(mode)
    made.apis["east"].loses_answers = 1
    assert made.provider.enable(made.group, "east", "west") is True
    assert roles(made) == ("primary", "secondary")


@pytest.mark.parametrize("seen", ["connection refused", "timed out"])
def test_p4_a_peer_that_refuses_or_is_silent_permits_nothing(replicating: IbmWorld, seen: str) -> None:
    made = demoted(replicating)
    made.apis["west"].writes.clear()
    give_no_answer(made.apis["east"], seen)
    with pytest.raises(Refused, match=rf"{seen}.*nothing was written at west"):
        made.again().promote(made.group, "west", forced=False)
    assert made.written("west") == []
    assert made.again().promote(made.group, "west", forced=True) is True


def test_p1_two_primaries_are_named_and_not_made_a_pair(replicating: IbmWorld) -> None:
    failed_over(replicating)
    assert roles(replicating) == ("primary", "primary")
    replicating.apis["east"].writes.clear()
    with pytest.raises(Refused, match=r"at west it is not proven to be demoted.*which holds the data, then reprotect"):
        replicating.provider.enable(replicating.group, "east", "west")
    with pytest.raises(Refused, match="what is still writable proves nothing"):
        replicating.provider.final_sync(replicating.group, "east", "west")
    assert replicating.written("east") == []


def test_p1_of_two_secondaries_none_is_thrown_away_and_the_one_that_was_primary_last_is_promoted(
    replicating: IbmWorld,
) -> None:
    made = demoted(replicating)
    made.apis["east"].writes.clear()
    assert roles(made) == ("secondary", "secondary")
    for site in ("east", "west"):
        with pytest.raises(Refused, match="role secondary"):
            made.provider.resync(made.group, site)
    assert made.written("east") == []
    assert made.again().promote(made.group, "east", forced=False) is True
    assert roles(made) == ("primary", "secondary")


def test_p1_a_healthy_primary_is_never_resynchronised(replicating: IbmWorld) -> None:
    with pytest.raises(Refused, match="at west: role secondary"):
        replicating.provider.resync(replicating.group, "east")
    assert replicating.written("east") == []


def test_p1_a_protection_from_the_wrong_side_is_refused(replicating: IbmWorld) -> None:
    with pytest.raises(Refused, match=r"here it is not asked to be primary.*protect where the plan lives") as raised:
        replicating.provider.enable(replicating.group, "west", "east")
    assert "lost" not in str(raised.value)
    assert replicating.written("west") == replicating.written("east") == []


def test_p4_a_sync_that_is_cut_after_the_demotion_is_no_proof_and_is_finished_later(mirrored: IbmWorld) -> None:
    mirrored.storage.write("east", "disk-0", "last words")
    mirrored.provider.demote(mirrored.group, "east")
    mirrored.storage.linked = False
    with pytest.raises(Timeout, match=r"in sync with a secondary peer.*state Secondary.*Degraded=True"):
        mirrored.provider.final_sync(mirrored.group, "east", "west")
    mirrored.storage.linked = True
    rerun(mirrored)
    assert roles(mirrored) == ("secondary", "primary")
    assert mirrored.storage.copy("west", "disk-0") == ["last words"]


@pytest.mark.parametrize("seconds", [0.01, 70.0])
@pytest.mark.parametrize("number", range(4))
def test_p5_a_move_that_was_killed_after_any_of_its_writes_is_completed(
    replicating: IbmWorld, number: int, seconds: float
) -> None:
    made = replicating
    made.storage.write("east", "disk-1", "before the kill")
    with killed_after(made.apis.values(), number), pytest.raises(Killed):
        switch_on(made, "east", "west")
    made.wait(seconds)
    rerun(made)
    assert roles(made) == ("secondary", "primary")
    assert made.storage.copy("west", "disk-1") == ["before the kill"]
    assert not [order for order in made.storage.orders if "force" in order or "relationship" in order]


def test_a_version_that_the_site_does_not_serve_is_named(replicating: IbmWorld) -> None:
    replicating.apis["east"].versions = {"v1"}
    with pytest.raises(Unsupported, match=r"does not serve replication.storage.openshift.io/v1alpha1"):
        replicating.again().demote(replicating.group, "east")
    seen = replicating.provider.observe(replicating.group, "east")
    assert (seen.role, seen.health) == ("unknown", "error")


def test_p2_a_handle_that_the_installed_definition_would_drop_is_named_and_nothing_is_stored() -> None:
    """Without it the driver would look for another relationship, and make one."""
    made = world("mirror")
    made.apis["east"].lacks = {"replicationHandle"}
    with pytest.raises(Failed, match=r'unknown field "spec.replicationHandle"'):
        made.provider.enable(made.group, "east", "west")
    assert made.written("east") == []
    assert made.storage.orders == []


def test_a_policy_needs_no_handle_of_the_installed_definition() -> None:
    made = world("policy")
    made.apis["east"].lacks = made.apis["west"].lacks = {"replicationHandle"}
    enabled(made)
    switch_on(made, "east", "west")
    assert roles(made)[0] == "secondary"


@pytest.mark.parametrize("lacks", ["observedGeneration", "conditions", "state"])
def test_a_status_without_the_fields_of_other_versions_is_no_role(replicating: IbmWorld, lacks: str) -> None:
    for name in ("disk-0", "disk-1"):
        del replicating.apis["east"].objects["VolumeReplication", "payroll", name]["status"][lacks]
    seen = replicating.provider.observe(replicating.group, "east")
    assert (seen.role, seen.direction) == ("unknown", "none")
    with pytest.raises(DrError):
        replicating.provider.promote(replicating.group, "west", forced=False)
    assert replicating.written("west") == []


def test_a_relationship_whose_object_was_deleted_is_told_and_not_made_by_a_demotion(replicating: IbmWorld) -> None:
    del replicating.apis["east"].objects[OF_DISK_0]
    assert "disk-0: it has no VolumeReplication here" in replicating.provider.observe(replicating.group, "east").message
    with pytest.raises(NotFound, match=r"payroll/disk-0.*it has no VolumeReplication.*run protect"):
        replicating.provider.demote(replicating.group, "east")
    assert replicating.written("east") == []


def test_an_object_that_is_deleted_under_a_verb_ends_it(replicating: IbmWorld) -> None:
    api = replicating.apis["east"]
    api.stopped = True
    replicating.time.at(replicating.time.seconds + 1, lambda: api.objects.pop(OF_DISK_0))
    with pytest.raises(TerminalState, match=r"disk-0.*it was deleted"):
        replicating.provider.demote(replicating.group, "east")


@pytest.mark.parametrize("mode", ["mirror", "policy"])
def test_what_the_driver_refuses_at_the_start_ends_the_wait_at_once(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = world(mode)

    def refused(*_arguments: Any) -> None:
        raise PreconditionFailed("the volume group has another replication policy")

    monkeypatch.setattr(made.storage, "enable", refused)
    with pytest.raises(TerminalState, match=r"PrerequisiteNotMet.*another replication policy"):
        made.provider.enable(made.group, "east", "west")
    assert made.time.seconds < 10


def test_a_manager_that_is_down_moves_nothing_and_ends_the_wait_with_the_last_state(replicating: IbmWorld) -> None:
    replicating.apis["east"].stopped = True
    with pytest.raises(
        Timeout, match=r"disk-0: asked for secondary, state Primary.*the controller has seen generation"
    ):
        replicating.provider.demote(replicating.group, "east")
    assert roles(replicating) == ("unknown", "secondary")


@pytest.mark.parametrize("verb", ["enable", "demote", "promote"])
def test_p1_a_group_whose_volumes_belong_to_two_products_is_refused(verb: str) -> None:
    made = world("policy") if verb == "enable" else enabled(world("policy"))
    if verb == "promote":
        demoted(made)
    api = made.apis["west" if verb == "promote" else "east"]
    made.apis["east"].writes.clear()
    api.objects["PersistentVolume", None, "pv-disk-1"]["spec"]["csi"]["driver"] = "other.csi.example.com"
    order: dict[str, tuple[Any, ...]] = {"enable": ("east", "west"), "demote": ("east",), "promote": ("west", False)}
    with pytest.raises(Refused, match=r"volumes of other\.csi\.example\.com"):
        getattr(made.again(), verb)(made.group, *order[verb])
    assert made.written("east") + made.written("west") == []


def test_p2_a_claim_at_the_source_that_is_bound_to_another_volume_is_refused(mirrored: IbmWorld) -> None:
    demoted(mirrored)
    csi = mirrored.apis["east"].objects["PersistentVolume", None, "pv-disk-0"]["spec"]["csi"]
    csi["volumeHandle"] = handle_of("east", "disk-9")
    mirrored.apis["west"].writes.clear()
    with pytest.raises(Refused, match=r"EASTDISK-0, and the copy at the other site is SVC:1;EASTDISK-9"):
        mirrored.again().promote(mirrored.group, "west", forced=False)
    assert mirrored.written("west") == []


def lags(made: IbmWorld, site: str) -> None:
    """As the manager shows a demoted copy that is not in sync."""
    for name in ("disk-0", "disk-1"):
        conditions = made.replication(site, name)["status"]["conditions"]
        for entry in conditions:
            if entry["type"] in ("Degraded", "Resyncing"):
                entry["status"] = "True"
        made.apis[site].status(name, conditions=conditions)


def test_p3_a_peer_that_is_demoted_but_not_in_sync_is_no_permission(replicating: IbmWorld) -> None:
    lags(demoted(replicating), "east")
    replicating.apis["west"].writes.clear()
    with pytest.raises(Refused, match="demoted, but not proven to be synced"):
        replicating.provider.promote(replicating.group, "west", forced=False)
    assert replicating.written("west") == []


def test_p3_the_copy_that_was_demoted_last_is_promoted_again_without_a_proof(replicating: IbmWorld) -> None:
    lags(demoted(replicating), "west")
    assert replicating.provider.promote(replicating.group, "east", forced=False) is True


def test_p3_a_proof_does_not_hold_beside_a_primary_target(replicating: IbmWorld) -> None:
    demoted(replicating)
    replicating.provider.promote(replicating.group, "west", forced=False)
    proof = replicating.provider.final_sync(replicating.group, "east", "west")
    assert (proof.holds, proof.target) == (False, "not secondary: payroll/disk-0, payroll/disk-1")
