# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What portworx refuses because of somebody else's objects, of a side that is the wrong one, or of Stork's version."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import MIGRATION_SCHEDULE, Kind
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import (
    Conflict,
    Failed,
    Refused,
    TerminalState,
    Timeout,
    Unsupported,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.portworx import switch as portworx_switch
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.portworx.objects import SWITCH, schedule_name
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.portworx.provider import PortworxProvider
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.portworx.status import what_lacks
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.portworx.stork_site import (
    ACTION,
    COPIED,
    SCHEDULE,
    Object,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.portworx.world import (
    FROM_EAST,
    FROM_WEST,
    World,
    world,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of

OWNER = "dr.ocpvirt.io/replicates-plan"


@pytest.fixture
def made() -> World:
    return world()


def add_schedule(made: World, site: str, name: str, space: str = "payroll", **meta: Any) -> Object:
    spec = {"suspend": True, "autoSuspend": True, "template": {"spec": {"namespaces": ["payroll"], "selectors": {}}}}
    return made.apis[site].make(SCHEDULE, space, name, {"metadata": {"labels": {}, **meta}, "spec": spec})


def test_every_group_has_a_schedule_of_its_own() -> None:
    assert schedule_name("payroll", "payroll", "east") == "payroll-from-east"
    assert schedule_name("payroll", "db", "east") == "payroll-db-from-east"


def test_a_version_without_actions_is_named_and_nothing_is_switched(made: World) -> None:
    made.apis["west"].unserved.add(ACTION)
    seen = made.provider.observe(made.group, "west")
    assert (seen.role, seen.health) == ("unknown", "error")
    assert "does not serve stork.libopenstorage.org/v1alpha1" in seen.message
    refused = pytest.raises(Unsupported, match=r"actions\.stork.*install Stork 24\.2 or later")
    with refused:
        made.provider.demote(made.group, "east")
    with refused:
        made.provider.promote(made.group, "west", forced=True)
    assert [write for api in made.apis.values() for write in api.writes] == []


def test_p3_a_version_whose_migrations_name_no_claims_proves_nothing() -> None:
    status = {"stage": "Final", "status": "Successful", "volumes": [{"volume": "pvc-1", "status": "Successful"}]}
    item = {"kind": "Migration", "metadata": {"name": "one"}, "status": status}
    assert "without payroll/disk-0" in what_lacks(item, frozenset({("payroll", "disk-0")}))


def test_p1_a_version_whose_activation_is_not_ours_to_take_back_is_told(made: World) -> None:
    """As with a status of its own, which a patch of the object leaves as it is."""
    patch_of = made.apis["west"].patch

    def without_status(kind: Kind, name: str, namespace: str | None, body: Object) -> Object:
        return patch_of(kind, name, namespace, {key: value for key, value in body.items() if key != "status"})

    made.apis["west"].patch = without_status  # type: ignore[method-assign]
    made.data.paired = False
    with pytest.raises(
        TerminalState, match=r"was not taken back.*applicationActivated stays true.*storkctl deactivate"
    ):
        made.provider.demote(made.group, "east")
    assert made.roles()[0] == "unknown"


def test_a_server_that_fails_while_it_is_asked_for_the_product_says_nothing_of_it(made: World) -> None:
    handle = made.provider.sites["west"]
    assert handle.candidates(made.group)
    made.apis["west"].failures = [500]
    with pytest.raises(Failed):
        PortworxProvider.detect(made.group, handle)
    made.apis["west"].failures = [403]
    assert PortworxProvider.detect(made.group, handle) == ""


def test_p1_nothing_is_enabled_where_the_target_sends(made: World) -> None:
    for key in [key for key in made.apis["west"].objects if key[0] == SCHEDULE]:
        del made.apis["west"].objects[key]
    add_schedule(made, "west", FROM_WEST, labels={OWNER: "payroll"})
    with pytest.raises(Refused, match="no schedule that sends from west"):
        made.provider.enable(made.group, "east", "west")


def test_p1_nothing_is_enabled_where_the_source_takes_in() -> None:
    """The schedule at the other side is gone."""
    made = world(enabled=False)
    add_schedule(made, "east", FROM_WEST, labels={OWNER: "payroll"}, annotations={COPIED: "true"})
    with pytest.raises(Refused, match="no schedule that sends from west"):
        made.provider.enable(made.group, "east", "west")
    assert made.apis["east"].writes == []


def test_p1_a_source_that_was_given_up_is_not_enabled_beside_a_copy_that_was_deactivated(made: World) -> None:
    made.provider.demote(made.group, "east")
    made.schedule("west", FROM_EAST)["status"]["applicationActivated"] = False
    with pytest.raises(Refused, match="given up by Action"):
        made.provider.enable(made.group, "east", "west")


def test_p8_nothing_is_enabled_where_somebody_else_migrates_at_the_target() -> None:
    made = world(enabled=False)
    add_schedule(made, "west", "theirs")
    with pytest.raises(Conflict, match="belongs to somebody else"):
        made.provider.enable(made.group, "east", "west")
    assert made.apis["east"].writes == []


def test_p8_a_schedule_that_was_left_in_another_namespace_is_refused() -> None:
    """As by a plan whose option `namespace` was changed: Stork would activate the copies of both."""
    made = world()
    options = {"cluster_pair": "pair", "namespace": "portworx"}
    made.plan = plan_of(replication={"provider": "portworx", "options": options})
    with pytest.raises(Conflict, match=r"MigrationSchedule/payroll/payroll-from-east.*another group of this plan"):
        made.provider.enable(made.group, "east", "west")


@pytest.mark.parametrize("verb", ["pause", "resume"])
def test_p8_a_schedule_of_another_plan_is_neither_paused_nor_resumed(made: World, verb: str) -> None:
    made.schedule("east", FROM_EAST)["metadata"]["labels"][OWNER] = "other"
    made.schedule("east", FROM_EAST)["spec"]["suspend"] = verb == "resume"
    with pytest.raises(Conflict, match="belongs to plan other"):
        getattr(made.provider, verb)(made.group, "east")


def test_p8_the_end_of_a_copy_ends_no_schedule_of_another_plan(made: World) -> None:
    made.schedule("east", FROM_EAST)["metadata"]["labels"][OWNER] = "other"
    made.schedule("east", FROM_EAST)["spec"]["suspend"] = True
    made.provider.disable(made.group, "west")
    assert made.schedule("east", FROM_EAST)


def test_p1_a_source_within_a_switch_is_neither_paused_nor_resumed(made: World) -> None:
    """Stork has suspended it, and would send again."""
    with patch.object(portworx_switch, "ask", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        made.provider.demote(made.group, "east")
    for verb in ("pause", "resume"):
        with pytest.raises(Refused, match=rf"{verb} the replication.*given up by Action"):
            getattr(made.provider, verb)(made.group, "east")


def test_p6_what_another_run_has_begun_meanwhile_is_not_written_over(made: World) -> None:
    def begun(_side: Any) -> None:
        theirs = {"metadata": {"annotations": {SWITCH: "theirs"}}}
        made.apis["east"].patch(MIGRATION_SCHEDULE, FROM_EAST, "payroll", theirs)

    with patch.object(portworx_switch, "await_whole", begun), pytest.raises(Refused, match="given up by Action theirs"):
        made.provider.demote(made.group, "east")
    assert made.schedule("east", FROM_EAST)["metadata"]["annotations"][SWITCH] == "theirs"
    assert made.actions("west") == []


def test_p6_a_run_that_begins_between_look_and_write_is_not_written_over(made: World) -> None:
    patch_of = made.apis["east"].patch

    def behind_theirs(kind: Kind, name: str, namespace: str | None, body: Object) -> Object:
        made.apis["east"].patch = patch_of  # type: ignore[method-assign]
        patch_of(kind, name, namespace, {"metadata": {"annotations": {SWITCH: "theirs"}}})
        return patch_of(kind, name, namespace, body)

    made.apis["east"].patch = behind_theirs  # type: ignore[method-assign]
    with pytest.raises(Refused, match="given up by Action theirs"):
        made.provider.demote(made.group, "east")
    assert made.schedule("east", FROM_EAST)["metadata"]["annotations"][SWITCH] == "theirs"


def test_an_action_that_somebody_deletes_ends_the_switch(made: World) -> None:
    made.apis["west"].stopped = True
    made.time.at(made.time.seconds + 5, lambda: made.apis["west"].objects.pop(action_of(made)))
    with pytest.raises(TerminalState, match=r"it was deleted.*taken back: east is primary"):
        made.provider.demote(made.group, "east")
    assert made.roles() == ("primary", "secondary")


def test_p1_an_action_that_failed_after_its_copy_was_activated_is_no_switch(made: World) -> None:
    def fail() -> None:
        made.schedule("west", FROM_EAST)["status"] = {"applicationActivated": True}
        made.apis["west"].objects[action_of(made)]["status"] = {"stage": "Final", "status": "Failed", "reason": "no"}

    made.apis["west"].stopped = True
    made.time.at(made.time.seconds + 5, fail)
    with pytest.raises(TerminalState, match="status Failed, no"):
        made.provider.demote(made.group, "east")
    assert made.roles() == ("primary", "secondary")


def test_a_forced_promotion_that_was_done_in_spite_of_its_deadline_is_told(made: World) -> None:
    def activate() -> None:
        made.schedule("west", FROM_EAST)["status"] = {"applicationActivated": True}

    made.apis["west"].stopped = True
    made.time.at(made.time.seconds + 5, activate)
    with pytest.raises(Timeout, match="it was done all the same: run the same command again"):
        made.provider.promote(made.group, "west", forced=True)
    assert made.provider.promote(made.group, "west", forced=True) is False


def action_of(made: World) -> tuple[str, str, str]:
    (name,) = [item["metadata"]["name"] for item in made.actions("west")]
    return ACTION, "payroll", name


@pytest.mark.parametrize("site", ["east", "west"])
def test_p8_no_group_is_switched_where_somebody_else_migrates_its_namespace(made: World, site: str) -> None:
    add_schedule(made, site, "theirs")
    with pytest.raises(Conflict, match="belongs to somebody else"):
        made.provider.demote(made.group, "east")
    assert made.actions("west") == []


@pytest.mark.parametrize("site", ["east", "west"])
def test_p8_no_copy_is_replaced_where_somebody_else_migrates_its_namespace(made: World, site: str) -> None:
    made.forced()
    add_schedule(made, site, "theirs")
    with pytest.raises(Conflict, match="belongs to somebody else"):
        made.provider.resync(made.group, "east")
    assert (SCHEDULE, "payroll", FROM_WEST) not in made.apis["west"].objects


def test_p3_what_stork_calls_failed_later_proves_nothing(made: World) -> None:
    made.provider.demote(made.group, "east")
    assert made.provider.final_sync(made.group, "east", "west").holds
    for item in (*made.actions("west"), *made.last_miles("east")):
        item["status"]["status"] = "Failed"
        with pytest.raises(Refused, match="prove the final sync"):
            made.provider.final_sync(made.group, "east", "west")
        item["status"]["status"] = "Successful"
