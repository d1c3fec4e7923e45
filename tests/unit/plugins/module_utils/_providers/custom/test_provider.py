# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another provider, written in a plan: the worked example of custom's page drives csi-addons' VolumeReplications."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import VOLUME_REPLICATION
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import (
    Conflict,
    Failed,
    NotFound,
    Refused,
    TerminalState,
    Timeout,
    Unsupported,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.csi_addons.objects import volume_replication
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.csi_addons.world import (
    World,
    add_claim,
    enabled,
    replication,
    roles,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.custom.world import (
    custom_world,
    described,
    fresh,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of


@pytest.fixture
def replicating() -> World:
    return enabled(custom_world())


def without(section: str, name: str) -> dict[str, Any]:
    found = dict(described()[section])
    del found[name]
    return {section: found}


def test_it_writes_what_the_provider_of_that_product_writes(replicating: World) -> None:
    mine = replicating.replication("east")
    theirs = volume_replication("payroll", "payroll", "payroll", "disk-0", "mirrored", "primary", auto_resync=False)
    assert {key: mine[key] for key in ("apiVersion", "kind", "spec")} == {
        key: theirs[key] for key in ("apiVersion", "kind", "spec")
    }
    assert mine["metadata"]["labels"] == theirs["metadata"]["labels"]


def test_p3_a_planned_move_and_back_needs_no_force(replicating: World) -> None:
    made, storage = replicating, replicating.storage
    for source, target in (("east", "west"), ("west", "east")):
        storage.write(source, "disk-1", f"last words of {source}")
        assert made.provider.demote(made.group, source) is True
        assert made.provider.demote(made.group, source) is False
        proof = made.provider.final_sync(made.group, source, target)
        assert (proof.holds, proof.volumes, proof.source.startswith("state Secondary")) == (True, 2, True)
        assert made.provider.observe(made.group, source).sync_proof
        assert made.provider.promote(made.group, target, forced=False) is True
        assert made.provider.promote(made.group, target, forced=False) is False
        storage.write(target, "disk-1", f"at {target}")
        made.wait()
        seen = made.provider.observe(made.group, target)
        assert (seen.role, seen.health, seen.direction) == ("primary", "healthy", "outgoing")
        assert seen.last_sync
        assert made.provider.resync(made.group, source) is False
    assert storage.forced == []
    assert storage.copy("east", "disk-1")[-1] == "at east"


@pytest.mark.parametrize("site", ["east", "west"])
def test_p5_protection_that_was_cut_before_the_product_had_looked_is_completed(site: str) -> None:
    made = custom_world()
    slow = made.apis[site]
    slow.stopped = True
    with pytest.raises(Timeout):
        made.provider.enable(made.group, "east", "west")

    def begin() -> None:
        slow.stopped = False
        for key in [key for key in slow.objects if key[0] == VOLUME_REPLICATION.kind]:
            slow.reconcile(key)

    made.time.at(made.time.seconds + 20, begin)
    fresh(made).enable(made.group, "east", "west")
    assert roles(made) == ("primary", "secondary")


@pytest.mark.parametrize(("verb", "site", "role"), [("demote", "east", "secondary"), ("promote", "west", "primary")])
def test_a_verb_ends_with_its_role_whatever_its_last_step_calls_done(verb: str, site: str, role: str) -> None:
    accepted = {"patch": {"spec": {"replicationState": role}}, "done": f"spec.replicationState == '{role}'"}
    unseen = without("status", "current")
    made = enabled(custom_world(verbs={**described()["verbs"], verb: accepted}, **unseen))
    made.provider.demote(made.group, "east")
    if verb == "promote":
        made.provider.final_sync(made.group, "east", "west")
        made.provider.promote(made.group, "west", forced=False)
    assert made.provider.observe(made.group, site).role == role


def test_a_status_of_before_an_order_tells_no_direction(replicating: World) -> None:
    made = replicating
    assert made.provider.observe(made.group, "east").direction == "outgoing"
    made.apis["east"].stopped = True
    made.apis["east"].patch(VOLUME_REPLICATION, "disk-0", "payroll", {"spec": {"autoResync": True}})
    made.apis["east"].patch(VOLUME_REPLICATION, "disk-1", "payroll", {"spec": {"autoResync": True}})
    seen = made.provider.observe(made.group, "east")
    assert (seen.role, seen.direction) == ("unknown", "none")


def test_p1_a_primary_peer_is_never_taken_over_by_the_products_own_force(replicating: World) -> None:
    with pytest.raises(Refused, match=r"the peer is not proven to be secondary: .*role primary"):
        replicating.provider.promote(replicating.group, "west", forced=False)
    assert replicating.written("west") == []
    assert replicating.storage.forced == []


def test_p1_a_protection_from_the_wrong_side_is_refused_without_advice_to_declare_a_site_lost(
    replicating: World,
) -> None:
    with pytest.raises(Refused, match=r"here it is not primary.*protect where the plan lives") as raised:
        replicating.provider.enable(replicating.group, "west", "east")
    assert "lost" not in str(raised.value)


def test_p1_a_silent_peer_permits_nothing(replicating: World) -> None:
    replicating.apis["east"].reachable = False
    with pytest.raises(Refused, match=r"no answer.*nothing was written.*declare it lost"):
        fresh(replicating).promote(replicating.group, "west", forced=False)
    assert replicating.written("west") == []


def test_p1_a_peer_without_objects_shows_nothing() -> None:
    made = custom_world(at=("west",))
    with pytest.raises(Refused, match="nothing shows that it is demoted there"):
        made.provider.promote(made.group, "west", forced=False)
    assert made.asked("west") == {}


def test_p3_a_peer_without_a_proof_is_no_permission(replicating: World) -> None:
    replicating.storage.write("east", "disk-0", "still on its way")
    replicating.storage.linked = False
    replicating.provider.demote(replicating.group, "east")
    with pytest.raises(Refused, match=r"status.proof shows nothing"):
        replicating.provider.promote(replicating.group, "west", forced=False)
    with pytest.raises(Timeout, match=r"prove the final sync.*0 of 2 are"):
        replicating.provider.final_sync(replicating.group, "east", "west")
    assert replicating.written("west") == []


def test_p3_a_demotion_is_taken_back_without_a_proof(replicating: World) -> None:
    replicating.storage.write("east", "disk-0", "still on its way")
    replicating.storage.linked = False
    replicating.provider.demote(replicating.group, "east")
    assert roles(replicating) == ("secondary", "secondary")
    replicating.storage.linked = True
    assert replicating.provider.promote(replicating.group, "east", forced=False) is True
    assert roles(replicating) == ("primary", "secondary")
    assert replicating.storage.forced == []


def test_p3_a_proof_is_refused_while_the_source_can_still_be_written(replicating: World) -> None:
    with pytest.raises(Refused, match=r"secondary: what is still writable proves nothing"):
        replicating.provider.final_sync(replicating.group, "east", "west")


def test_p4_a_forced_promotion_asks_nobody_and_a_resync_throws_the_old_copy_away(replicating: World) -> None:
    made = replicating
    made.storage.write("east", "disk-0", "too late")
    made.apis["east"].reachable = made.storage.linked = False
    made.provider = fresh(made)
    assert made.provider.promote(made.group, "west", forced=True) is True
    assert made.provider.promote(made.group, "west", forced=True) is False
    made.storage.write("west", "disk-0", "after the failover")
    made.apis["east"].reachable = made.storage.linked = True
    made.wait(10)
    assert roles(made) == ("primary", "primary")
    made.provider.demote(made.group, "east")
    assert made.provider.resync(made.group, "east") is True
    made.wait()
    assert roles(made) == ("secondary", "primary")
    assert made.provider.resync(made.group, "east") is False
    assert made.storage.copy("east", "disk-0") == ["after the failover"]


def test_a_copy_does_not_tell_the_last_sync_of_its_time_as_primary(replicating: World) -> None:
    """The controller clears it only at the end of a round, which it never reaches beside a live primary."""
    made = replicating
    made.wait()
    assert made.provider.observe(made.group, "east").last_sync
    made.provider.promote(made.group, "west", forced=True)
    made.provider.demote(made.group, "east")
    made.provider.resync(made.group, "east")
    made.wait()
    assert made.provider.observe(made.group, "east").last_sync is None


def test_p4_a_resync_that_cannot_converge_ends_with_the_last_state(replicating: World) -> None:
    made = replicating
    made.storage.linked = False
    made.provider.promote(made.group, "west", forced=True)
    made.provider.demote(made.group, "east")
    with pytest.raises(Timeout, match=r"wait until group payroll is sent.*payroll/disk-0: role primary"):
        made.provider.resync(made.group, "east")
    made.storage.linked = True
    made.provider.resync(made.group, "east")
    assert roles(made) == ("secondary", "primary")


def test_a_split_brain_that_shows_when_the_sides_meet_again_is_ended_by_the_same_resync(replicating: World) -> None:
    made = replicating
    made.storage.linked = False
    made.storage.write("east", "disk-0", "too late")
    made.provider.promote(made.group, "west", forced=True)
    made.storage.write("west", "disk-0", "after the failover")
    made.provider.demote(made.group, "east")
    made.time.at(made.time.seconds + 60, lambda: setattr(made.storage, "linked", True))
    made.provider.resync(made.group, "east")
    made.wait()
    assert made.storage.copy("east", "disk-0") == ["after the failover"]


def test_p1_a_copy_is_thrown_away_only_for_a_primary(replicating: World) -> None:
    with pytest.raises(Refused, match=r"role secondary.*promote west first"):
        replicating.provider.resync(replicating.group, "east")


def test_p5_a_partly_switched_group_is_completed_by_another_process(replicating: World) -> None:
    made = replicating
    made.provider.demote(made.group, "east")
    made.provider.final_sync(made.group, "east", "west")
    made.apis["west"].patch(VOLUME_REPLICATION, "disk-1", "payroll", {"spec": {"replicationState": "primary"}})
    made.wait(1)
    seen = made.provider.observe(made.group, "west")
    assert (seen.role, "partly switched" in seen.message) == ("unknown", True)
    made.apis["west"].writes.clear()
    made.provider = fresh(made)
    assert made.provider.promote(made.group, "west", forced=False) is True
    assert made.written("west") == ["patch VolumeReplication/payroll/disk-0"]


def test_what_calls_itself_primary_after_a_resync_is_stepped_down_first() -> None:
    made = enabled(custom_world(volumes=1))
    made.storage.roles["east", "disk-0"] = "secondary"
    made.storage.linked = False
    made.apis["east"].patch(VOLUME_REPLICATION, "disk-0", "payroll", {"spec": {"replicationState": "resync"}})
    made.wait(1)
    assert made.provider.observe(made.group, "east").role == "unknown"
    assert made.provider.promote(made.group, "east", forced=True)
    assert made.storage.roles["east", "disk-0"] == "primary"


def test_the_operator_being_down_ends_a_wait_with_the_last_state(replicating: World) -> None:
    replicating.apis["east"].stopped = True
    with pytest.raises(Timeout, match="the product has not looked at it since it was changed"):
        replicating.provider.demote(replicating.group, "east")


def test_a_failure_that_is_terminal_ends_a_wait_at_once() -> None:
    made = custom_world(volumes=1)
    made.storage.broken = "enable"
    with pytest.raises(TerminalState, match="mirroring is not enabled on the pool"):
        made.provider.enable(made.group, "east", "west")
    assert made.time.seconds < 10


def test_a_verbs_own_failure_ends_its_wait() -> None:
    failed = "status.conditions[?reason == 'FailedToDemote'] && 'it is in use' || null"
    demote = {"patch": {"spec": {"replicationState": "secondary"}}, "failed": failed}
    made = enabled(custom_world(verbs={**described()["verbs"], "demote": demote}))
    made.storage.broken = "demote"
    with pytest.raises(TerminalState, match="it is in use"):
        made.provider.demote(made.group, "east")


def test_a_forced_promotion_has_steps_of_its_own_where_the_plan_has_them() -> None:
    force = {"patch": {"spec": {"replicationState": "primary", "autoResync": True}}}
    made = enabled(custom_world(verbs={**described()["verbs"], "force": force}))
    made.provider.promote(made.group, "west", forced=True)
    assert made.replication("west")["spec"]["autoResync"] is True


def test_an_object_that_is_deleted_under_a_verb_ends_it(replicating: World) -> None:
    api = replicating.apis["east"]
    api.stopped = True
    gone = ("VolumeReplication", "payroll", "disk-0")
    replicating.time.at(replicating.time.seconds + 1, lambda: api.objects.pop(gone))
    with pytest.raises(TerminalState, match="it was deleted"):
        replicating.provider.demote(replicating.group, "east")


def test_a_site_that_does_not_serve_the_kind_is_named(replicating: World) -> None:
    replicating.apis["west"].absent.add("VolumeReplication")
    with pytest.raises(Unsupported, match=r"does not serve replication.storage.openshift.io/v1alpha1"):
        replicating.provider.demote(replicating.group, "west")
    assert replicating.provider.observe(replicating.group, "west").health == "error"


def test_p4_a_silent_site_is_a_status(replicating: World) -> None:
    replicating.apis["west"].reachable = False
    seen = fresh(replicating).observe(replicating.group, "west")
    assert (seen.reachable, seen.role) == (False, "unknown")


def test_p8_an_object_of_another_plan_is_not_touched(replicating: World) -> None:
    labels = {"dr.ocpvirt.io/replicates-plan": "other"}
    replicating.apis["east"].objects["VolumeReplication", "payroll", "disk-0"]["metadata"]["labels"] = labels
    with pytest.raises(Conflict, match=r"belongs to plan other.*not touched"):
        replicating.provider.demote(replicating.group, "east")
    assert replicating.written("east") == []


def test_p8_only_what_was_made_for_the_plan_is_taken_back() -> None:
    made = custom_world(volumes=2)
    made.apis["east"].create(VOLUME_REPLICATION, replication("disk-0", "disk-0"))
    made.wait(1)
    made.provider.enable(made.group, "east", "west")
    assert made.provider.enabled(made.group, "east") is True
    assert made.provider.disable(made.group, "east") is True
    assert made.provider.disable(made.group, "east") is False
    assert made.asked("east") == {"disk-0": "primary"}


def test_the_object_of_a_claim_that_is_about_to_go_is_deleted(replicating: World) -> None:
    replicating.provider.release(replicating.group, "east", ["payroll/disk-0"])
    assert replicating.asked("east") == {"disk-1": "primary"}


def test_without_create_the_objects_have_to_be_there() -> None:
    options = described()
    del options["create"]
    made = custom_world()
    made.plan = plan_of(replication={"provider": "custom", "options": options})
    made.provider = fresh(made)
    with pytest.raises(Refused, match=r"disk-0 has no VolumeReplication.*create in the plan"):
        made.provider.enable(made.group, "east", "west")


def test_a_claim_is_needed_by_its_object(replicating: World) -> None:
    provider, group = replicating.provider, replicating.group
    assert provider.needed_by(group, "west", ("payroll", "disk-0")) == "VolumeReplication/payroll/disk-0"
    assert provider.needed_by(group, "west", ("payroll", "other")) == ""


def test_p1_a_volume_is_covered_by_what_the_plan_says_of_its_pv(replicating: World) -> None:
    pv = {"metadata": {"name": "a"}, "spec": {"csi": {"driver": "block.csi.example.com"}}}
    assert replicating.provider.covers(replicating.group, "west", pv) is True
    assert replicating.provider.covers(replicating.group, "west", {**pv, "spec": {"nfs": {}}}) is False


@pytest.mark.parametrize(
    ("changes", "verb", "said"),
    [
        (without("status", "proof"), lambda p, g: p.final_sync(g, "east", "west"), "describes no status.proof"),
        (without("verbs", "resync"), lambda p, g: p.resync(g, "east"), "describes no verbs.resync"),
        ({}, lambda p, g: p.pause(g, "east"), "describes no verbs.pause"),
        ({}, lambda p, g: p.resume(g, "east"), "describes no verbs.resume"),
    ],
)
def test_what_the_plan_does_not_describe_is_unsupported(changes: Any, verb: Any, said: str) -> None:
    made = enabled(custom_world(**changes))
    with pytest.raises(Unsupported, match=said) as refusal:
        verb(made.provider, made.group)
    assert refusal.value.next_step


def test_a_pause_is_a_patch_that_is_written_once() -> None:
    pause = {"patch": {"metadata": {"annotations": {"example.org/hold": "{site}-{claim.name}"}}}}
    made = enabled(custom_world(verbs={**described()["verbs"], "pause": pause}))
    assert made.provider.pause(made.group, "east") is True
    assert made.provider.pause(made.group, "east") is False
    assert made.replication("east")["metadata"]["annotations"]["example.org/hold"] == "east-disk-0"


def test_an_expression_that_cannot_take_the_object_is_named_and_is_no_state() -> None:
    made = custom_world(volumes=1, status={**described()["status"], "role": "sum(spec.replicationState)"})
    made.apis["east"].create(VOLUME_REPLICATION, replication("disk-0", "disk-0"))
    made.wait(1)
    seen = made.provider.observe(made.group, "east")
    assert (seen.role, seen.health) == ("unknown", "error")
    assert "read status.role" in seen.message
    with pytest.raises(Failed, match="correct the expression in the plan"):
        made.provider.demote(made.group, "east")


def test_a_text_of_the_cluster_is_never_evaluated() -> None:
    """Neither as a place of a text, nor as an expression, nor as a template."""
    made = custom_world(volumes=0, name="vr-{claim.name}")
    add_claim(made.apis["east"], "{values.class}")
    made.provider = fresh(made)
    made.provider.enable(made.group, "east", "west")
    assert list(made.asked("east")) == ["vr-{values.class}"]
    stored = made.replication("east", "vr-{values.class}")
    wrong = {"type": "Degraded", "status": "True", "reason": "Error", "message": "{{ 7 * 7 }}"}
    stored["status"]["conditions"].append(wrong)
    made.apis["east"].objects["VolumeReplication", "payroll", "vr-{values.class}"] = stored
    assert made.provider.observe(made.group, "east").message.endswith("{{ 7 * 7 }}")


def test_nothing_to_promote_without_an_object_that_the_plan_can_make() -> None:
    made = custom_world(at=())
    with pytest.raises(Refused, match="none of its claims is here"):
        made.provider.promote(made.group, "west", forced=True)
    with pytest.raises(NotFound, match="it has no VolumeReplication named payroll/disk-0"):
        custom_world().provider.demote(made.group, "west")
