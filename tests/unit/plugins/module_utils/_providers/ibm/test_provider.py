# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IBM's driver by csi-addons: moves there and back, runs that were killed, objects and claims of others."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import VOLUME_REPLICATION
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import (
    Conflict,
    NotFound,
    Refused,
    TerminalState,
    Timeout,
    Unsupported,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.csi_addons.world import (
    replication,
    roles,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.ibm.double import handle_of
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.ibm.world import (
    TOLD,
    IbmWorld,
    add_claim,
    demoted,
    enabled,
    world,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi


@pytest.fixture(params=("mirror", "policy"))
def replicating(request: pytest.FixtureRequest) -> IbmWorld:
    return enabled(world(request.param))


@pytest.fixture
def mirrored() -> IbmWorld:
    return enabled(world("mirror"))


def test_a_planned_move_and_back_loses_nothing(replicating: IbmWorld) -> None:
    storage, provider, group = replicating.storage, replicating.provider, replicating.group
    for source, target in (("east", "west"), ("west", "east")):
        storage.write(source, "disk-0", f"last words of {source}")
        assert provider.demote(group, source)
        assert not provider.demote(group, source)
        proof = provider.final_sync(group, source, target)
        assert (proof.holds, proof.volumes) == (True, 2)
        assert provider.promote(group, target, forced=False)
        assert not provider.promote(group, target, forced=False)
        if "replication_policy" in storage.requests["east", "disk-0"][0]:
            # production is the side that was promoted last
            for volume in ("disk-0", "disk-1"):
                storage.started(volume, target)
        assert roles(replicating) == (("secondary", "primary") if target == "west" else ("primary", "secondary"))
    assert storage.copy("west", "disk-0") == ["last words of east", "last words of west"]
    assert not [order for order in storage.orders if "force" in order or "relationship" in order]


def test_each_mirror_names_its_copy_and_a_policy_names_none() -> None:
    mirrored, by_policy = enabled(world("mirror")), enabled(world("policy"))
    handles = [mirrored.replication(site)["spec"]["replicationHandle"] for site in ("east", "west")]
    assert handles == [handle_of("west", "disk-0"), handle_of("east", "disk-0")]
    assert "replicationHandle" not in by_policy.replication("east")["spec"]


def test_a_copy_that_has_no_claim_yet_is_named_by_an_annotation() -> None:
    made = world("mirror", volumes=0, peer_handle=TOLD)
    add_claim(made.apis["east"], "disk-0", told=handle_of("west", "disk-0"))
    enabled(made)
    assert made.replication("east")["spec"]["replicationHandle"] == handle_of("west", "disk-0")


def test_p3_a_demotion_is_taken_back(replicating: IbmWorld) -> None:
    demoted(replicating)
    assert replicating.provider.promote(replicating.group, "east", forced=False)
    assert roles(replicating) == ("primary", "secondary")


def test_p5_a_run_killed_between_demotion_and_promotion_is_finished_by_the_next(replicating: IbmWorld) -> None:
    demoted(replicating)
    provider = replicating.again()
    assert not provider.demote(replicating.group, "east")
    assert provider.final_sync(replicating.group, "east", "west").holds
    assert provider.promote(replicating.group, "west", forced=False)


def test_p5_a_promotion_that_was_ordered_is_finished_and_never_stood_down_first(replicating: IbmWorld) -> None:
    demoted(replicating)
    api = replicating.apis["west"]
    api.stopped = True
    with pytest.raises(Timeout, match="the controller has seen generation 1 of 2"):
        replicating.provider.promote(replicating.group, "west", forced=False)
    api.stopped = False
    for volume in ("disk-0", "disk-1"):
        replicating.time.at(
            replicating.time.seconds + 20, lambda name=volume: api.reconcile(("VolumeReplication", "payroll", name))
        )
    assert replicating.again().promote(replicating.group, "west", forced=False)
    assert replicating.storage.orders == []
    assert replicating.replication("west")["metadata"]["generation"] == 2


def test_p5_a_partly_switched_group_is_completed(replicating: IbmWorld) -> None:
    demoted(replicating)
    replicating.apis["west"].patch(VOLUME_REPLICATION, "disk-1", "payroll", {"spec": {"replicationState": "primary"}})
    replicating.wait(1)
    assert (
        "partly switched: 1 primary (payroll/disk-1)" in replicating.provider.observe(replicating.group, "west").message
    )
    replicating.apis["west"].writes.clear()
    assert replicating.provider.promote(replicating.group, "west", forced=False)
    assert replicating.written("west") == ["patch VolumeReplication/payroll/disk-0"]


def test_p3_a_demotion_without_a_link_ends_with_the_drivers_words_and_is_finished_later(replicating: IbmWorld) -> None:
    replicating.storage.write("east", "disk-0", "on its way")
    replicating.storage.linked = False
    with pytest.raises(Timeout, match=r"FailedToDemote.*(not synchronized|not reached)"):
        replicating.provider.demote(replicating.group, "east")
    with pytest.raises(Refused, match="not proven to be demoted"):
        replicating.provider.promote(replicating.group, "west", forced=False)
    assert replicating.provider.observe(replicating.group, "east").role == "unknown"
    replicating.storage.linked = True
    replicating.wait(20)
    assert replicating.again().final_sync(replicating.group, "east", "west").holds
    assert replicating.provider.promote(replicating.group, "west", forced=False)
    assert replicating.storage.copy("west", "disk-0") == ["on its way"]


def test_p4_an_api_server_that_restarts_under_a_promotion_is_waited_for(replicating: IbmWorld) -> None:
    demoted(replicating)
    api, now = replicating.apis["west"], replicating.time.seconds
    api.stopped = True
    replicating.time.at(now + 2, lambda: setattr(api, "reachable", False))
    replicating.time.at(now + 9, lambda: setattr(api, "reachable", True))
    replicating.time.at(now + 9, lambda: setattr(api, "stopped", False))
    for volume in ("disk-0", "disk-1"):
        replicating.time.at(now + 10, lambda name=volume: api.reconcile(("VolumeReplication", "payroll", name)))
    assert replicating.provider.promote(replicating.group, "west", forced=False)


def test_without_objects_a_demotion_points_to_protect() -> None:
    made = world()
    with pytest.raises(NotFound, match="run protect where the plan lives first"):
        made.provider.demote(made.group, "east")


def test_two_objects_for_one_claim_are_refused(replicating: IbmWorld) -> None:
    MemoryApi.create(replicating.apis["west"], VOLUME_REPLICATION, replication("another", "disk-0"))
    with pytest.raises(Refused, match="has 2 VolumeReplications"):
        replicating.again().promote(replicating.group, "west", forced=True)


def test_p8_an_object_of_somebody_else_with_another_copy_is_not_taken_over() -> None:
    made = world("mirror")
    theirs = replication("theirs", "disk-0")
    theirs["spec"] |= {"volumeReplicationClass": "flash", "replicationHandle": handle_of("west", "disk-1")}
    MemoryApi.create(made.apis["east"], VOLUME_REPLICATION, theirs)
    with pytest.raises((Refused, Conflict), match="WESTDISK-1"):
        made.provider.enable(made.group, "east", "west")
    assert made.written("east") == ["create VolumeReplication/payroll/theirs"]


@pytest.mark.parametrize(("mode", "left"), [("mirror", set()), ("policy", {"disk-0", "disk-1"})])
def test_p8_the_end_of_a_plan_takes_no_policy_off_its_volume_group(mode: str, left: set[str]) -> None:
    """One deletion would, for all volumes of it, and their copies would go with it."""
    made = enabled(world(mode))
    assert made.provider.enabled(made.group, "east")
    assert made.provider.disable(made.group, "east")
    assert not made.again().enabled(made.group, "east")
    assert {key[2] for key in made.apis["east"].objects if key[0] == "VolumeReplication"} == left


def test_p8_what_is_given_back_has_none_of_our_marks() -> None:
    made = demoted(enabled(world("policy")))
    made.storage.broken = "promote"
    with pytest.raises(TerminalState):
        made.provider.promote(made.group, "west", forced=False)
    assert made.provider.disable(made.group, "west")
    meta = made.replication("west")["metadata"]
    marks = {**meta["labels"], **meta["annotations"]}
    assert [name for name in marks if "ocpvirt.io" in name] == []


def test_p8_a_single_claim_of_a_policy_is_not_let_go() -> None:
    made = enabled(world("policy"))
    with pytest.raises(Unsupported, match="ends it for the whole volume group"):
        made.provider.release(made.group, "east", ["payroll/disk-0"])
    assert made.written("east") == []


def test_a_single_claim_of_a_mirror_is_let_go(mirrored: IbmWorld) -> None:
    mirrored.provider.release(mirrored.group, "east", ["payroll/disk-0"])
    assert mirrored.written("east") == ["delete VolumeReplication/payroll/disk-0"]
