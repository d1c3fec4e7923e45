# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is refused before IBM's driver could answer it with an error that csi-addons forces, or do what nobody meant."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import VOLUME_REPLICATION
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import (
    Conflict,
    DrError,
    Failed,
    Refused,
    TerminalState,
    Timeout,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.csi_addons.world import roles
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.ibm.double import handle_of
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.ibm.world import (
    TOLD,
    IbmWorld,
    add_claim,
    demoted,
    enabled,
    failed_over,
    world,
)

# of a site; the system is its own
WRONG_CLASSES: tuple[dict[str, Any], ...] = (
    {"copy_type": "metro"},
    {"copy_type": "async"},
    {"system_id": "system-{site}"},
    {"system_id": None},
    {"system_id": None, "replication_policy": "async"},
    {"replication_policy": "async"},
)


@pytest.fixture(params=("mirror", "policy"))
def replicating(request: pytest.FixtureRequest) -> IbmWorld:
    return enabled(world(request.param))


@pytest.fixture
def mirrored() -> IbmWorld:
    return enabled(world("mirror"))


def test_a_copy_that_nothing_names_is_refused_before_anything_is_written() -> None:
    made = world("mirror", at=("east",))
    with pytest.raises(Refused, match="nothing names the copy at the other site"):
        made.provider.enable(made.group, "east", "west")
    assert made.written("east") == []


def test_an_annotation_that_contradicts_the_claims_is_refused() -> None:
    made = world("mirror", volumes=0, peer_handle=TOLD)
    add_claim(made.apis["east"], "disk-0", told=handle_of("west", "disk-7"))
    add_claim(made.apis["west"], "disk-0")
    with pytest.raises(Refused, match=r"says SVC:1;WESTDISK-7.*is bound to SVC:1;WESTDISK-0"):
        made.provider.enable(made.group, "east", "west")


@pytest.mark.parametrize("wrong", WRONG_CLASSES)
@pytest.mark.parametrize("site", ["east", "west"])
def test_p3_a_wrong_class_at_either_site_is_refused_before_a_planned_promotion(site: str, wrong: Any) -> None:
    made = demoted(enabled(world("mirror")))
    made.set_class(site, **{name: value and value.format(site=site) for name, value in wrong.items()})
    made.apis["west"].writes.clear()
    with pytest.raises((Refused, Conflict), match=r"configured right|which the driver refuses"):
        made.provider.promote(made.group, "west", forced=False)
    assert made.written("west") == []


@pytest.mark.parametrize("verb", ["enable", "demote"])
def test_a_wrong_class_is_refused_before_anything_else_is_asked_for(verb: str) -> None:
    made = enabled(world("mirror"))
    made.set_class("west", copy_type="async")
    with pytest.raises(Refused, match="copy_type sync at east, and async at west"):
        getattr(made.provider, verb)(made.group, "east", *(["west"] if verb == "enable" else []))
    assert made.written("east") + made.written("west") == []


@pytest.mark.parametrize("site", ["east", "west"])
def test_p3_an_object_that_names_another_copy_is_refused(mirrored: IbmWorld, site: str) -> None:
    """The driver would not find the relationship by it, and make one over what the other volume holds."""
    demoted(mirrored)
    wrong = {"spec": {"replicationHandle": handle_of("east", "disk-1")}}
    mirrored.apis[site].patch(VOLUME_REPLICATION, "disk-0", "payroll", wrong)
    mirrored.wait()
    mirrored.apis["west"].writes.clear()
    with pytest.raises(DrError, match=r"EASTDISK-1|not proven|its own replication has failed"):
        mirrored.again().promote(mirrored.group, "west", forced=False)
    assert mirrored.written("west") == []
    assert mirrored.storage.orders == []


@pytest.mark.parametrize("verb", ["demote", "promote"])
def test_p2_a_claim_at_the_target_that_is_bound_to_another_volume_is_refused(mirrored: IbmWorld, verb: str) -> None:
    """What would be promoted, and started from, is not what the source was replicated to."""
    if verb == "promote":
        demoted(mirrored)
    csi = mirrored.apis["west"].objects["PersistentVolume", None, "pv-disk-0"]["spec"]["csi"]
    csi["volumeHandle"] = handle_of("west", "disk-9")
    mirrored.apis["west"].writes.clear()
    mirrored.apis["east"].writes.clear()
    order = {"demote": ("east",), "promote": ("west", False)}[verb]
    with pytest.raises(Refused, match=r"WESTDISK-0, and the copy at the other site is SVC:1;WESTDISK-9"):
        getattr(mirrored.again(), verb)(mirrored.group, *order)
    assert mirrored.written("east") + mirrored.written("west") == []


def test_p4_a_forced_promotion_by_a_handle_that_the_driver_does_not_know_makes_nothing(mirrored: IbmWorld) -> None:
    wrong = {"spec": {"replicationHandle": handle_of("east", "disk-1")}}
    mirrored.apis["west"].patch(VOLUME_REPLICATION, "disk-0", "payroll", wrong)
    mirrored.wait()
    mirrored.apis["east"].reachable = False
    with pytest.raises(Timeout, match="could not find replication for disk-0"):
        mirrored.again().promote(mirrored.group, "west", forced=True)
    assert mirrored.storage.orders == []


def test_p3_a_target_without_objects_is_a_secondary_first() -> None:
    made = world("mirror", volumes=0, peer_handle=TOLD)
    add_claim(made.apis["east"], "disk-0", told=handle_of("west", "disk-0"))
    demoted(enabled(made))
    add_claim(made.apis["west"], "disk-0")
    assert made.again().promote(made.group, "west", forced=False)
    asked = [line for line in made.written("west") if "VolumeReplication" in line]
    assert [line.split()[0] for line in asked] == ["create", "patch"]
    assert made.storage.orders == []


def test_p3_a_relationship_that_is_gone_is_not_made_anew_by_a_promotion() -> None:
    made = world("mirror", volumes=0, peer_handle=TOLD)
    add_claim(made.apis["east"], "disk-0", told=handle_of("west", "disk-0"))
    made.storage.linked = True
    enabled(made)
    made.storage.write("east", "disk-0", "the only copy")
    made.storage.mirrors.clear()
    add_claim(made.apis["west"], "disk-0")
    with pytest.raises(Timeout, match="could not find replication"):
        made.again().promote(made.group, "west", forced=True)
    assert made.storage.orders == []
    assert made.storage.copy("east", "disk-0") == ["the only copy"]


def test_p1_a_planned_promotion_that_the_product_forces_ends_at_once_and_is_said(replicating: IbmWorld) -> None:
    demoted(replicating)
    replicating.storage.broken = "promote"
    with pytest.raises(TerminalState, match=r"went on by force.*failed to force promote volume.*still in use"):
        replicating.provider.promote(replicating.group, "west", forced=False)
    assert replicating.time.seconds < 400
    # the controller goes on, and shows its success as a clean one
    replicating.storage.broken = ""
    replicating.wait()
    status = replicating.provider.observe(replicating.group, "west")
    assert status.role == "primary"
    assert "csi-addons promoted it by force, or tried to: failed to force promote volume" in status.message
    assert not replicating.provider.promote(replicating.group, "west", forced=False)
    assert replicating.provider.demote(replicating.group, "west")
    assert "by force" not in replicating.provider.observe(replicating.group, "west").message


def test_a_forced_promotion_is_waited_for_whatever_the_product_forces(replicating: IbmWorld) -> None:
    replicating.storage.broken = "promote"
    replicating.time.at(replicating.time.seconds + 40, lambda: setattr(replicating.storage, "broken", ""))
    assert replicating.provider.promote(replicating.group, "west", forced=True)


def test_p4_a_forced_promotion_asks_nobody(replicating: IbmWorld) -> None:
    replicating.apis["east"].reachable = replicating.storage.linked = False
    assert replicating.again().promote(replicating.group, "west", forced=True)
    assert replicating.provider.observe(replicating.group, "west").role == "primary"
    assert not replicating.provider.observe(replicating.group, "east").reachable


def test_p4_a_forced_promotion_names_the_copy_although_the_peer_answers_with_errors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = world("mirror", volumes=0, peer_handle=TOLD)
    add_claim(made.apis["east"], "disk-0", told=handle_of("west", "disk-0"))
    enabled(made)
    add_claim(made.apis["west"], "disk-0", told=handle_of("east", "disk-0"))

    def broken(*_args: Any, **_named: Any) -> list[Any]:
        raise Failed("GET", site="east", seen="etcdserver: no leader", status=500)

    monkeypatch.setattr(made.apis["east"], "list", broken)
    made.apis["west"].writes.clear()
    with pytest.raises(Failed):
        made.again().promote(made.group, "west", forced=False)
    assert made.written("west") == []
    assert made.again().promote(made.group, "west", forced=True)


def test_p1_a_primary_peer_is_never_taken_over(replicating: IbmWorld) -> None:
    with pytest.raises(Refused, match="at east it is not proven to be demoted"):
        replicating.provider.promote(replicating.group, "west", forced=False)
    assert replicating.written("west") == []


def test_p4_a_silent_peer_permits_nothing(replicating: IbmWorld) -> None:
    replicating.apis["east"].reachable = False
    with pytest.raises(Refused, match=r"no answer.*nothing was written at west"):
        replicating.again().promote(replicating.group, "west", forced=False)
    assert replicating.written("west") == []


@pytest.mark.parametrize("verb", ["demote", "resync"])
def test_p3_a_mirror_that_was_failed_over_is_not_restarted_from_the_lost_side(mirrored: IbmWorld, verb: str) -> None:
    """The driver's demotion copies what the lost site holds over what was written since."""
    failed_over(mirrored)
    assert roles(mirrored) == ("primary", "primary")
    with pytest.raises(Refused, match=r"over the newer data.*startrcrelationship"):
        getattr(mirrored.provider, verb)(mirrored.group, "east")
    assert mirrored.written("east") == []
    assert mirrored.storage.copy("west", "disk-0") == ["new life"]


def test_a_mirror_that_was_started_by_hand_follows_again(mirrored: IbmWorld) -> None:
    failed_over(mirrored)
    for volume in ("disk-0", "disk-1"):
        mirrored.storage.started(volume, "west")
        mirrored.apis["east"].patch(VOLUME_REPLICATION, volume, "payroll", {"spec": {"replicationState": "secondary"}})
    assert not mirrored.again().resync(mirrored.group, "east")
    assert roles(mirrored) == ("secondary", "primary")
    assert mirrored.storage.copy("east", "disk-0") == ["new life"]


def test_p3_a_driver_whose_demotion_by_a_policy_does_nothing_is_found_out() -> None:
    made = world("policy")
    made.apis["east"].times = "none"
    made.storage.demotes = False
    enabled(made)
    with pytest.raises(Refused, match=r"tells of no sync, as those before 1\.14"):
        made.provider.demote(made.group, "east")
    assert made.written("east") == []
