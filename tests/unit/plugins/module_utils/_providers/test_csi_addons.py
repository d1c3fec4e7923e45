# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Provider csi_addons over a double of the controllers; the integration tests run the real ones."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import (
    PVC,
    VOLUME_GROUP_REPLICATION,
    VOLUME_REPLICATION,
    VOLUME_REPLICATION_CLASS,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import (
    Conflict,
    NotFound,
    Refused,
    TerminalState,
    Timeout,
    Unsupported,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.plan import Group, parse_plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.selector import LabelSelector
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.csi_addons_objects import GROUP_LABEL, PLAN_LABEL
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.csi_addons_double import (
    World,
    add_claim,
    provider_of,
    world,
)


@pytest.fixture(params=["volume", "group"])
def protected(request: pytest.FixtureRequest) -> World:
    """East is primary and replicates to west; both ways of replicating."""
    return enabled(world(per=request.param))


def enabled(made: World) -> World:
    assert made.provider.enable(made.group, "east", "west")
    made.wait()
    for site in ("east", "west"):
        made.apis[site].writes.clear()
        made.apis[site].lists.clear()
    return made


def roles(made: World) -> tuple[str, str]:
    return tuple(made.provider.observe(made.group, site).role for site in ("east", "west"))  # type: ignore[return-value]


def test_enable_makes_the_source_primary_and_lets_the_target_follow(protected: World) -> None:
    east, west = (protected.provider.observe(protected.group, site) for site in ("east", "west"))
    assert (east.role, east.health, east.direction) == ("primary", "healthy", "outgoing")
    assert (west.role, west.health, west.direction) == ("secondary", "healthy", "incoming")
    assert east.last_sync
    assert "lastSyncTime" in east.last_sync_source
    assert west.last_sync is None
    assert west.sync_proof == ""
    assert not protected.provider.enable(protected.group, "east", "west")
    assert protected.storage.forced == []


def test_the_objects_are_named_after_their_claims_and_labelled() -> None:
    made = enabled(world(volumes=3))
    assert made.asked("east") == {f"disk-{n}": "primary" for n in range(3)}
    assert made.asked("west") == {f"disk-{n}": "secondary" for n in range(3)}
    assert made.replication("east")["metadata"]["labels"] == {PLAN_LABEL: "payroll", GROUP_LABEL: "payroll"}
    assert "autoResync" not in made.replication("east")["spec"]
    assert "autoResync" not in made.replication("west")["spec"]


def test_auto_resync_is_set_where_it_is_asked_for() -> None:
    assert enabled(world(auto_resync=True)).replication("west")["spec"]["autoResync"] is True


def test_a_target_without_claims_gets_no_objects() -> None:
    made = enabled(world(at=("east",)))
    assert made.asked("west") == {}
    status = made.provider.observe(made.group, "west")
    assert (status.role, status.present) == ("unknown", False)


def test_a_planned_move_and_back_needs_no_force(protected: World) -> None:
    storage, provider, group = protected.storage, protected.provider, protected.group
    for number in range(2):
        storage.write("east", f"disk-{number}", "last words")
    for source, target in (("east", "west"), ("west", "east")):
        assert provider.demote(group, source)
        assert not provider.demote(group, source)
        proof = provider.final_sync(group, source, target)
        assert (proof.holds, proof.volumes, proof.bytes) == (True, 2, None)
        assert provider.promote(group, target, forced=False)
        assert not provider.promote(group, target, forced=False)
        for number in range(2):
            storage.write(target, f"disk-{number}", f"at {target}")
        protected.wait()
        status = provider.observe(group, target)
        assert (status.role, status.direction) == ("primary", "outgoing")
        assert not provider.resync(group, source)
    assert storage.forced == []
    assert storage.copy("east", "disk-1") == ["last words", "at west", "at east"]
    assert roles(protected) == ("primary", "secondary")


def test_a_planned_move_to_a_site_without_objects() -> None:
    made = enabled(world(at=("east",)))
    made.provider.demote(made.group, "east")
    assert made.provider.final_sync(made.group, "east", "west").holds
    for number in range(2):
        add_claim(made.apis["west"], f"disk-{number}")
    made.provider = provider_of(made.plan, made.apis)
    assert made.provider.promote(made.group, "west", forced=False)
    assert made.asked("west") == {"disk-0": "primary", "disk-1": "primary"}
    assert made.storage.forced == []


def test_without_claims_nothing_can_be_promoted() -> None:
    made = enabled(world(at=("east",)))
    with pytest.raises(Refused, match=r"none of its claims is here.*create the claims first"):
        made.provider.promote(made.group, "west", forced=True)


def test_p1_a_primary_peer_is_never_taken_over_by_the_products_own_force(protected: World) -> None:
    with pytest.raises(Refused, match="not proven to be demoted: asked for primary"):
        protected.provider.promote(protected.group, "west", forced=False)
    assert protected.written("west") == []
    assert protected.storage.forced == []


def test_p3_a_peer_that_is_demoted_but_not_synced_is_no_permission(protected: World) -> None:
    protected.storage.write("east", "disk-0", "still on its way")
    protected.storage.linked = False
    protected.provider.demote(protected.group, "east")
    protected.wait()
    with pytest.raises(Refused, match="demoted, but not proven to be synced"):
        protected.provider.promote(protected.group, "west", forced=False)
    assert protected.written("west") == []


def test_a_peer_without_objects_shows_nothing() -> None:
    made = world(at=("west",))
    with pytest.raises(Refused, match="nothing shows that it is demoted"):
        made.provider.promote(made.group, "west", forced=False)
    assert made.asked("west") == {}


def test_p4_a_silent_peer_is_refused_without_force_and_nothing_is_written(protected: World) -> None:
    protected.apis["east"].reachable = False
    with pytest.raises(Refused, match=r"no answer.*nothing was written at west.*declare it lost"):
        protected.provider.promote(protected.group, "west", forced=False)
    assert protected.written("west") == []
    assert protected.asked("west").popitem()[1] == "secondary"


def test_p4_a_forced_promotion_asks_nobody(protected: World) -> None:
    protected.storage.write("east", "disk-0", "lost")
    protected.apis["east"].reachable = False
    protected.storage.linked = False
    assert protected.provider.promote(protected.group, "west", forced=True)
    assert protected.provider.observe(protected.group, "west").role == "primary"
    assert not protected.provider.observe(protected.group, "east").reachable
    protected.wait()
    # the product shows a forced promotion as a clean one: without a sync nothing is said to flow
    status = protected.provider.observe(protected.group, "west")
    assert (status.direction, status.message.count("no sync was reported")) == ("none", len(protected.asked("west")))


def test_the_way_back_after_a_forced_switch(protected: World) -> None:
    storage, provider, group = protected.storage, protected.provider, protected.group
    storage.write("east", "disk-0", "lost")
    storage.linked = protected.apis["east"].reachable = False
    provider.promote(group, "west", forced=True)
    storage.write("west", "disk-0", "new life")
    storage.linked = protected.apis["east"].reachable = True
    assert roles(protected) == ("primary", "primary")

    provider.demote(group, "east")
    with pytest.raises(Refused, match="at west it is not proven to be demoted"):
        provider.promote(group, "east", forced=False)
    protected.wait()
    assert provider.observe(group, "east").health == "error"
    assert "split brain" in provider.observe(group, "east").message
    assert provider.resync(group, "east")
    assert not provider.resync(group, "east")
    assert storage.copy("east", "disk-0") == storage.copy("west", "disk-0") == ["new life"]
    assert roles(protected) == ("secondary", "primary")
    assert set(protected.asked("east").values()) == {"secondary"}

    provider.demote(group, "west")
    assert provider.final_sync(group, "west", "east").holds
    assert provider.promote(group, "east", forced=False)
    assert [site for site, _volume in storage.forced] == ["west"] * len(storage.forced)


def test_a_resync_that_nothing_arrives_by_is_none(protected: World) -> None:
    """The copy says that it follows, as soon as it has the order."""
    storage, provider, group = protected.storage, protected.provider, protected.group
    storage.linked = False
    provider.promote(group, "west", forced=True)
    provider.demote(group, "east")
    for _attempt in range(2):
        with pytest.raises(Timeout, match=r"0 of \d are primary with a sync after the promotion"):
            provider.resync(group, "east")
    storage.linked = True
    provider.resync(group, "east")
    assert protected.storage.copy("east", "disk-0") == protected.storage.copy("west", "disk-0")
    assert roles(protected) == ("secondary", "primary")


def test_a_copy_that_follows_is_not_thrown_away(protected: World) -> None:
    assert not protected.provider.resync(protected.group, "west")
    assert protected.written("west") == []


def test_a_copy_is_thrown_away_only_for_a_primary(protected: World) -> None:
    protected.provider.demote(protected.group, "east")
    before = protected.asked("east")
    with pytest.raises(Refused, match="at west: role secondary"):
        protected.provider.resync(protected.group, "east")
    assert protected.asked("east") == before


def test_p3_a_demotion_is_taken_back_without_a_proof(protected: World) -> None:
    """Everything that was written is at the source, so its promotion loses nothing."""
    protected.storage.write("east", "disk-0", "still on its way")
    protected.storage.linked = False
    protected.provider.demote(protected.group, "east")
    protected.storage.linked = True
    assert protected.provider.promote(protected.group, "east", forced=False)
    assert roles(protected)[0] == "primary"
    assert protected.storage.forced == []


def test_p3_of_two_demoted_copies_only_the_newer_one_is_promoted(protected: World) -> None:
    provider, group, storage = protected.provider, protected.group, protected.storage
    provider.demote(group, "east")
    provider.final_sync(group, "east", "west")
    provider.promote(group, "west", forced=False)
    storage.linked = False
    storage.write("west", "disk-0", "newest")
    provider.demote(group, "west")
    with pytest.raises(Refused, match="not proven to be synced"):
        provider.promote(group, "east", forced=False)
    storage.linked = True
    assert provider.promote(group, "west", forced=False)
    assert storage.forced == []


def test_final_sync_of_what_is_writable_proves_nothing(protected: World) -> None:
    with pytest.raises(Refused, match="proves nothing"):
        protected.provider.final_sync(protected.group, "east", "west")


def test_a_final_sync_that_never_ends_has_a_deadline_and_says_what_was_seen(protected: World) -> None:
    protected.provider.demote(protected.group, "east")
    protected.storage.linked = False
    protected.storage.data["east", "disk-0"] = ["never arrives"]
    began = protected.time.seconds
    with pytest.raises(Timeout, match="Resyncing=True/ResyncTriggered") as raised:
        protected.provider.final_sync(protected.group, "east", "west")
    assert raised.value.waited == pytest.approx(300, abs=5)
    assert protected.time.seconds - began < 310


def test_the_proof_does_not_hold_when_a_copy_became_primary_meanwhile(protected: World) -> None:
    protected.provider.demote(protected.group, "east")
    protected.wait()
    protected.provider.promote(protected.group, "west", forced=True)
    proof = protected.provider.final_sync(protected.group, "east", "west")
    assert not proof.holds
    assert "not secondary: payroll/" in proof.target


def test_p5_a_partly_switched_group_is_completed_by_a_rerun() -> None:
    made = enabled(world(volumes=3))
    made.provider.demote(made.group, "east")
    made.provider.final_sync(made.group, "east", "west")
    made.apis["west"].patch(VOLUME_REPLICATION, "disk-1", "payroll", {"spec": {"replicationState": "primary"}})
    made.wait(1)
    status = made.provider.observe(made.group, "west")
    assert status.role == "unknown"
    assert "partly switched: 1 primary (payroll/disk-1), 2 secondary" in status.message
    made.apis["west"].writes.clear()
    assert made.provider.promote(made.group, "west", forced=False)
    assert sorted(made.written("west")) == [f"patch VolumeReplication/payroll/disk-{n}" for n in (0, 2)]
    assert made.storage.forced == []


def test_p5_a_promotion_that_was_killed_after_its_writes_is_waited_for() -> None:
    made = enabled(world())
    made.provider.demote(made.group, "east")
    made.provider.final_sync(made.group, "east", "west")
    made.apis["west"].stopped = True
    with pytest.raises(Timeout, match="the controller has seen generation 1 of 2"):
        made.provider.promote(made.group, "west", forced=False)
    made.apis["west"].stopped = False
    for name in ("disk-0", "disk-1"):
        made.apis["west"].reconcile(("VolumeReplication", "payroll", name))
    assert not made.provider.promote(made.group, "west", forced=False)


def test_a_failure_that_the_controller_retries_ends_at_the_deadline_with_its_message(protected: World) -> None:
    protected.provider.demote(protected.group, "east")
    protected.provider.final_sync(protected.group, "east", "west")
    protected.storage.broken = "promote"
    with pytest.raises(Timeout, match=r"Completed=False/FailedToPromote.*the array is on fire"):
        protected.provider.promote(protected.group, "west", forced=False)


def test_a_demotion_that_fails_ends_at_the_deadline_with_its_message(protected: World) -> None:
    protected.storage.broken = "demote"
    with pytest.raises(Timeout, match=r"FailedToDemote.*the volume is in use"):
        protected.provider.demote(protected.group, "east")


def test_an_unmet_prerequisite_is_terminal(protected: World) -> None:
    protected.provider.disable(protected.group, "east")
    protected.provider.disable(protected.group, "west")
    protected.storage.broken = "enable"
    began = protected.time.seconds
    with pytest.raises(TerminalState, match=r"PrerequisiteNotMet: .*mirroring is not enabled on the pool"):
        protected.provider.enable(protected.group, "east", "west")
    assert protected.time.seconds - began < 5


def test_disable_deletes_our_objects_and_nothing_else() -> None:
    made = enabled(world())
    made.apis["east"].create(VOLUME_REPLICATION, replication("stranger", "disk-9"))
    assert made.provider.disable(made.group, "east")
    assert not made.provider.disable(made.group, "east")
    assert set(made.asked("east")) == {"stranger"}
    assert len(made.apis["east"].list(PVC, "payroll")) == 2


def test_a_deletion_that_hangs_has_a_deadline() -> None:
    made = enabled(world())
    made.apis["east"].stopped = True
    with pytest.raises(Timeout, match="2 still there"):
        made.provider.disable(made.group, "east")


@pytest.mark.parametrize(
    ("verb", "site", "arguments"),
    [
        ("enable", "east", ("east", "west")),
        ("enable", "west", ("east", "west")),
        ("disable", "east", ("east",)),
        ("promote", "west", ("west", True)),
        ("demote", "east", ("east",)),
        ("resync", "east", ("east",)),
    ],
)
def test_an_absent_class_is_refused_before_anything_is_written(verb: str, site: str, arguments: Any) -> None:
    made = world() if verb == "enable" else enabled(world())
    made.apis[site].objects.pop(("VolumeReplicationClass", None, "mirrored"))
    with pytest.raises(Refused, match="mirrored is absent; there is: other"):
        getattr(made.provider, verb)(made.group, *arguments)
    assert made.written("east") == made.written("west") == []


def test_a_class_of_another_driver_is_refused() -> None:
    made = world(**{"class": "other"})
    with pytest.raises(Refused, match=r"volumes of block\.csi\.example\.com.*its provisioner, other\.csi"):
        made.provider.enable(made.group, "east", "west")


def test_an_absent_api_is_said_and_is_no_role(protected: World) -> None:
    protected.apis["west"].absent |= {"VolumeReplication", "VolumeGroupReplication"}
    status = protected.provider.observe(protected.group, "west")
    assert (status.role, status.health, status.reachable) == ("unknown", "error", True)
    assert "does not serve it" in status.message
    with pytest.raises(Unsupported, match="install csi-addons"):
        protected.provider.promote(protected.group, "west", forced=True)


def test_p8_an_equal_object_of_somebody_else_is_taken_over() -> None:
    made = world(volumes=1)
    made.apis["east"].create(VOLUME_REPLICATION, replication("by-hand", "disk-0"))
    made.wait(1)
    assert made.provider.enable(made.group, "east", "west")
    assert made.asked("east") == {"by-hand": "primary"}
    assert made.replication("east", "by-hand")["metadata"]["labels"][PLAN_LABEL] == "payroll"
    assert made.provider.demote(made.group, "east")


@pytest.mark.parametrize(
    ("changes", "labels", "said"),
    [
        ({"volumeReplicationClass": "other"}, {}, "spec.volumeReplicationClass is other, wanted mirrored"),
        ({}, {PLAN_LABEL: "invoices"}, "it belongs to plan invoices"),
    ],
)
def test_p8_a_different_object_of_somebody_else_is_not_touched(changes: Any, labels: Any, said: str) -> None:
    made = world(volumes=1)
    body = replication("by-hand", "disk-0")
    body["spec"].update(changes)
    body["metadata"]["labels"] = labels
    before = made.apis["east"].create(VOLUME_REPLICATION, body)["spec"]
    made.wait(1)
    with pytest.raises(Conflict, match=said):
        made.provider.enable(made.group, "east", "west")
    assert made.replication("east", "by-hand")["spec"] == before
    assert made.asked("west") == {}


def test_two_objects_for_one_claim_are_refused() -> None:
    made = enabled(world(volumes=1))
    made.apis["east"].create(VOLUME_REPLICATION, replication("second", "disk-0"))
    with pytest.raises(Refused, match="has 2 VolumeReplications: disk-0, second"):
        made.provider.demote(made.group, "east")
    assert made.provider.observe(made.group, "east").health == "error"


def test_demote_without_objects_points_to_protect() -> None:
    made = world()
    with pytest.raises(NotFound, match=r"payroll/disk-0.*run protect"):
        made.provider.demote(made.group, "east")


def test_a_source_whose_copy_is_secondary_is_not_enabled(protected: World) -> None:
    with pytest.raises(Refused, match="it is not asked to be primary"):
        protected.provider.enable(protected.group, "west", "east")
    assert set(protected.asked("west").values()) == {"secondary"}


def test_a_site_is_not_declared_primary_beside_a_primary_peer() -> None:
    made = enabled(world(at=("east",)))
    for number in range(2):
        add_claim(made.apis["west"], f"disk-{number}")
    made.provider = provider_of(made.plan, made.apis)
    with pytest.raises(Refused, match="at east it is not proven to be demoted"):
        made.provider.enable(made.group, "west", "east")
    assert made.asked("west") == {}


def test_what_calls_itself_primary_after_a_resync_is_stepped_down_first() -> None:
    made = enabled(world(volumes=1))
    made.storage.roles["east", "disk-0"] = "secondary"
    made.storage.linked = False
    made.apis["east"].patch(VOLUME_REPLICATION, "disk-0", "payroll", {"spec": {"replicationState": "resync"}})
    made.wait(1)
    status = made.replication("east")["status"]
    assert status["state"] == "Primary"
    assert {"Demoted"} == {entry["reason"] for entry in status["conditions"] if entry["type"] == "Completed"}
    assert made.provider.observe(made.group, "east").role == "unknown"
    assert made.provider.promote(made.group, "east", forced=True)
    assert made.storage.roles["east", "disk-0"] == "primary"


def test_one_list_per_namespace_serves_all_groups() -> None:
    made = enabled(world(volumes=30))
    groups = [Group(f"g{n}", LabelSelector(), "csi_addons", made.group.options) for n in range(50)]
    statuses = made.provider.observe_all(groups, "east")
    assert [status.group for status in statuses] == [group.name for group in groups]
    assert {status.role for status in statuses} == {"primary"}
    assert made.apis["east"].lists.count("VolumeReplication") == 1


def test_a_switch_of_many_volumes_is_waited_for_together() -> None:
    made = enabled(world(volumes=60))
    made.provider.demote(made.group, "east")
    assert len(made.written("east")) == 60
    # the state before, and a few looks of one wait
    assert made.apis["east"].lists.count("VolumeReplication") <= 6


def test_a_group_over_several_namespaces_cannot_be_one_object() -> None:
    made = world(per="group")
    add_claim(made.apis["east"], "disk-0", "invoices")
    plan = made.plan.document | {"protect": {**made.plan.document["protect"], "namespaces": ["payroll", "invoices"]}}
    made.plan = parse_plan(plan)
    made.provider = provider_of(made.plan, made.apis)
    with pytest.raises(Refused, match=r"2 namespaces: invoices, payroll.*per: volume"):
        made.provider.enable(made.group, "east", "west")
    assert made.asked("east") == {}


@pytest.mark.parametrize(("volumes", "fits"), [(100, True), (101, False)])
def test_a_group_object_holds_a_hundred_claims(volumes: int, fits: bool) -> None:
    made = world(volumes=volumes, per="group")
    if fits:
        assert made.provider.enable(made.group, "east", "west")
        return
    with pytest.raises(Refused, match="101 claims"):
        made.provider.enable(made.group, "east", "west")


def test_p8_a_group_object_with_another_selector_is_not_touched() -> None:
    made = enabled(world(per="group"))
    name = next(iter(made.asked("east")))
    stored = made.apis["east"].objects["VolumeGroupReplication", "payroll", name]
    stored["spec"]["source"]["selector"]["matchLabels"]["tier"] = "db"
    with pytest.raises(Conflict, match=r"spec\.source\.selector is"):
        made.provider.demote(made.group, "east")


def test_a_group_object_selects_exactly_the_protected_claims() -> None:
    made = enabled(world(per="group"))
    found = made.apis["east"].get(VOLUME_GROUP_REPLICATION, "payroll", "payroll")
    assert found["spec"]["source"]["selector"] == {"matchLabels": {"protected.dr.ocpvirt.io/payroll": "true"}}


def test_it_is_detected_by_a_class_of_the_volumes_driver() -> None:
    made = world()
    site = made.provider.sites["east"]
    shown = made.provider.detect(made.group, site)
    assert shown == "VolumeReplicationClass mirrored of block.csi.example.com"
    made.apis["east"].objects.pop(("VolumeReplicationClass", None, "mirrored"))
    assert made.provider.detect(made.group, site) == ""
    made.apis["east"].absent.add("VolumeReplicationClass")
    assert made.provider.detect(made.group, site) == ""


@pytest.mark.parametrize("csi", [None, {"driver": "other.csi"}])
def test_a_volume_of_another_driver_is_not_covered(csi: Any) -> None:
    made = world()
    spec = {"csi": csi} if csi else {"nfs": {}}
    assert not made.provider.covers(made.group, "east", {"metadata": {"name": "pv"}, "spec": spec})
    mine = {"metadata": {"name": "pv"}, "spec": {"csi": {"driver": "block.csi.example.com"}}}
    assert made.provider.covers(made.group, "east", mine)


@pytest.mark.parametrize("verb", ["pause", "resume"])
def test_what_csi_addons_cannot_do_is_said(verb: str) -> None:
    made = world()
    with pytest.raises(Unsupported, match="csi_addons cannot do this"):
        getattr(made.provider, verb)(made.group, "east")
    assert not made.provider.capabilities.pause


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"class": ""}, "no class"),
        ({"klass": "x"}, "unknown: klass"),
        ({"per": "namespace"}, "per: namespace"),
        ({"per": "group", "group_class": ""}, "no group_class"),
        ({"timeout": "soon"}, "timeout: soon"),
        ({"auto_resync": "yes"}, "auto_resync: yes"),
    ],
)
def test_wrong_options_are_refused_by_name(options: dict[str, Any], said: str) -> None:
    made = world(**options)
    with pytest.raises(Refused, match=said):
        made.provider.enable(made.group, "east", "west")
    assert made.provider.observe(made.group, "east").health == "error"


def test_the_class_may_differ_between_the_sites() -> None:
    made = world(sites={"west": {"class": "second"}})
    body = {"metadata": {"name": "second"}, "spec": {"provisioner": "block.csi.example.com"}}
    made.apis["west"].objects["VolumeReplicationClass", None, "second"] = body
    enabled(made)
    assert made.replication("east")["spec"]["volumeReplicationClass"] == "mirrored"
    assert made.replication("west")["spec"]["volumeReplicationClass"] == "second"
    assert made.apis["west"].get(VOLUME_REPLICATION_CLASS, "second")


def replication(name: str, claim: str) -> dict[str, Any]:
    return {
        "kind": "VolumeReplication",
        "metadata": {"name": name, "namespace": "payroll"},
        "spec": {
            "volumeReplicationClass": "mirrored",
            "replicationState": "primary",
            "dataSource": {"kind": "PersistentVolumeClaim", "name": claim},
        },
    }
