# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What portworx finds at the sites, makes and refuses there, and says of a group."""

from __future__ import annotations

import copy
from typing import Any
from unittest.mock import patch

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import PV
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict, DrError, Refused, Unsupported
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.names import protected_label
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.portworx import switch as portworx_switch
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.portworx.options import options_of
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.portworx.provider import PortworxProvider
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.portworx.status import what_lacks
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.portworx.stork_site import (
    COPIED,
    SCHEDULE,
    Object,
    migrations_of,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.portworx.world import (
    FROM_EAST,
    FROM_WEST,
    World,
    add_claim,
    world,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import NOON, plan_of


@pytest.fixture
def made() -> World:
    return world()


def add_schedule(made: World, site: str, name: str, plan: str = "", space: str = "payroll", **spec: Any) -> Object:
    """Of somebody else."""
    labels = {"dr.ocpvirt.io/replicates-plan": plan} if plan else {}
    template = {"namespaces": ["payroll"], "selectors": {}, **spec}
    body = {
        "metadata": {"labels": labels},
        "spec": {"suspend": True, "autoSuspend": False, "template": {"spec": template}},
    }
    return made.apis[site].make(SCHEDULE, space, name, body)


def test_both_ends_are_found_and_replicate(made: World) -> None:
    east, west = (made.provider.observe(made.group, site) for site in ("east", "west"))
    assert (east.role, east.direction, east.health) == ("primary", "outgoing", "healthy")
    assert (west.role, west.direction, west.health) == ("secondary", "incoming", "healthy")


def test_only_volumes_are_migrated_and_nothing_is_started(made: World) -> None:
    spec = made.schedule("east", FROM_EAST)["spec"]
    migration = spec["template"]["spec"]
    assert spec["schedulePolicyName"] == "default-migration-policy"
    assert (migration["includeVolumes"], migration["includeResources"], migration["startApplications"]) == (
        True,
        False,
        False,
    )
    assert migration["excludeResourceTypes"] == ["PersistentVolume", "PersistentVolumeClaim"]
    assert migration["selectors"] == {protected_label("payroll"): "true"}


def test_the_copy_is_storks_and_is_ours(made: World) -> None:
    assert made.schedule("west", FROM_EAST)["metadata"]["annotations"] == {COPIED: "true"}
    assert all(made.provider.enabled(made.group, site) for site in ("east", "west"))


def test_enabling_twice_changes_nothing(made: World) -> None:
    assert made.provider.enable(made.group, "east", "west") is False
    assert made.apis["east"].writes == made.apis["west"].writes == []


@pytest.mark.parametrize("differs", [{"schedulePolicyName": "other"}, {"suspend": True}])
def test_what_differs_from_the_plan_is_brought_to_it(made: World, differs: Object) -> None:
    made.schedule("east", FROM_EAST)["spec"] |= differs
    assert made.provider.enable(made.group, "east", "west") is True
    spec = made.schedule("east", FROM_EAST)["spec"]
    assert (spec["schedulePolicyName"], spec["suspend"]) == ("default-migration-policy", False)


@pytest.mark.parametrize(
    "differs",
    [
        {"clusterPair": "another"},
        {"includeResources": True},
        {"includeVolumes": False},
        {"startApplications": True},
        {"purgeDeletedResources": True},
        {"excludeResourceTypes": []},
        {"selectors": {protected_label("payroll"): "true", "tier": "of an earlier plan"}},
    ],
)
def test_p8_what_is_migrated_is_brought_to_the_plan_on_both_sides(made: World, differs: Object) -> None:
    """Stork makes its copy once, and takes the last migration from it."""
    wanted = copy.deepcopy(made.schedule("east", FROM_EAST)["spec"]["template"])
    for site in ("east", "west"):
        made.schedule(site, FROM_EAST)["spec"]["template"]["spec"] |= differs
    assert made.provider.enable(made.group, "east", "west") is True
    assert [made.schedule(site, FROM_EAST)["spec"]["template"] for site in ("east", "west")] == [wanted] * 2
    assert made.schedule("west", FROM_EAST)["spec"]["suspend"] is True
    assert made.provider.enable(made.group, "east", "west") is False


def test_a_schedule_that_makes_no_copy_is_brought_to_make_one(made: World) -> None:
    made.schedule("east", FROM_EAST)["spec"]["autoSuspend"] = False
    assert made.provider.enable(made.group, "east", "west") is True
    assert made.schedule("east", FROM_EAST)["spec"]["autoSuspend"] is True


def test_enabling_the_wrong_way_is_refused(made: World) -> None:
    with pytest.raises(Refused, match="no schedule that sends from east"):
        made.provider.enable(made.group, "west", "east")
    assert made.apis["west"].writes == []


def test_p1_a_group_that_was_failed_over_is_not_enabled_against_it(made: World) -> None:
    made.forced()
    for source, target in (("east", "west"), ("west", "east")):
        with pytest.raises(Refused, match="nothing that was failed over"):
            made.provider.enable(made.group, source, target)
    assert made.schedule("west", FROM_EAST)["status"]["applicationActivated"] is True


def test_a_switch_that_was_left_in_the_middle_is_ended_by_enabling(made: World) -> None:
    with patch.object(portworx_switch, "ask", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        made.provider.demote(made.group, "east")
    made.provider.enable(made.group, "east", "west")
    assert made.roles() == ("primary", "secondary")


def test_p1_a_site_that_sends_and_takes_in_has_no_role(made: World) -> None:
    add_schedule(made, "west", FROM_WEST, plan="payroll")
    assert made.provider.observe(made.group, "west").role == "unknown"


def test_what_is_no_copy_of_storks_is_not_taken_for_one(made: World) -> None:
    made.schedule("west", FROM_EAST)["metadata"]["annotations"] = {}
    with pytest.raises(DrError, match="its copy of payroll-from-east"):
        made.provider.enable(made.group, "east", "west")


def test_a_group_without_claims_is_not_enabled() -> None:
    made = world(volumes=0, enabled=False)
    with pytest.raises(Refused, match="none of its claims is here"):
        made.provider.enable(made.group, "east", "west")


def test_a_copy_that_stork_does_not_make_is_waited_for_and_told() -> None:
    made = world(enabled=False)
    made.data.paired = False
    with pytest.raises(DrError, match=r"its copy of payroll-from-east.*storkctl get clusterpair"):
        made.provider.enable(made.group, "east", "west")


def test_a_group_is_detected_by_a_schedule_that_takes_its_claims_along(made: World) -> None:
    site = made.provider.sites["east"]
    assert FROM_EAST in PortworxProvider.detect(made.group, site)


@pytest.mark.parametrize(
    "spec", [{"namespaces": ["other"]}, {"selectors": {"app": "other"}}, {"includeVolumes": False}]
)
def test_a_schedule_of_other_things_detects_nothing(spec: Object) -> None:
    made = world(enabled=False)
    add_schedule(made, "east", "theirs", **spec)
    assert PortworxProvider.detect(made.group, made.provider.sites["east"]) == ""


def test_a_site_without_stork_detects_nothing_and_says_so(made: World) -> None:
    made.apis["west"].served = False
    assert PortworxProvider.detect(made.group, made.provider.sites["west"]) == ""
    seen = made.provider.observe(made.group, "west")
    assert (seen.role, seen.health, seen.present) == ("unknown", "error", True)
    with pytest.raises(Unsupported, match="install Stork"):
        made.provider.promote(made.group, "west", forced=True)


def test_p4_a_silent_site_is_a_status(made: World) -> None:
    made.apis["west"].reachable = False
    seen = made.provider.observe(made.group, "west")
    assert (seen.reachable, seen.role) == (False, "unknown")
    assert "timed out" in seen.message


def test_many_groups_are_answered_from_three_lists(made: World) -> None:
    asked: list[str] = []
    api = made.apis["east"]
    check = api.check
    api.check = lambda kind: (asked.append(kind.kind), check(kind))[1]  # type: ignore[method-assign,func-returns-value]
    seen = made.provider.observe_all([made.group] * 3, "east")
    assert [item.role for item in seen] == ["primary"] * 3
    assert sorted(kind for kind in asked if kind in ("Action", "Migration", SCHEDULE)) == ["Migration", SCHEDULE]


def test_the_last_sync_is_when_the_newest_whole_migration_was_made(made: World) -> None:
    seen = made.provider.observe(made.group, "east")
    newest = migrations_of(made.apis["east"], FROM_EAST)[-1]
    assert seen.last_sync == NOON.fromisoformat(newest["metadata"]["creationTimestamp"])
    assert made.provider.observe(made.group, "west").last_sync is None


def test_a_migration_that_failed_is_an_error_with_storks_words(made: World) -> None:
    made.data.linked = False
    made.wait(130)
    seen = made.provider.observe(made.group, "east")
    assert (seen.role, seen.health, seen.last_sync is None) == ("primary", "error", False)
    assert "disk-0: no route" in seen.message


def test_p8_another_schedule_of_the_namespace_is_not_switched_along(made: World) -> None:
    add_schedule(made, "west", "theirs")
    with pytest.raises(Conflict, match=r"MigrationSchedule/payroll/theirs.*belongs to somebody else"):
        made.provider.demote(made.group, "east")
    with pytest.raises(Conflict, match="Stork fails over whole namespaces"):
        made.provider.promote(made.group, "west", forced=True)
    assert made.actions("west") == []


def test_p8_a_schedule_of_other_namespaces_is_none_of_ours(made: World) -> None:
    add_schedule(made, "west", "theirs", namespaces=["other"])
    assert made.provider.demote(made.group, "east") is True


def test_two_groups_of_one_namespace_are_refused(made: World) -> None:
    add_schedule(made, "east", "payroll-db-from-east", plan="payroll")
    with pytest.raises(Conflict, match="give each group namespaces of its own"):
        made.provider.enable(made.group, "east", "west")


def test_p8_what_another_plan_made_under_the_name_is_not_taken_over() -> None:
    made = world(enabled=False)
    add_schedule(made, "east", FROM_EAST, plan="other")
    with pytest.raises(Conflict, match="belongs to plan other"):
        made.provider.enable(made.group, "east", "west")
    assert made.provider.enabled(made.group, "east") is False
    assert made.provider.disable(made.group, "east") is False


def test_a_pause_and_its_end(made: World) -> None:
    assert made.provider.pause(made.group, "east") is True
    assert made.provider.pause(made.group, "east") is False
    seen = made.provider.observe(made.group, "east")
    assert (seen.role, seen.direction, seen.message) == ("primary", "none", "paused")
    assert made.provider.resume(made.group, "east") is True
    assert made.provider.resume(made.group, "east") is False
    with pytest.raises(Refused, match="ask at the site that is primary"):
        made.provider.pause(made.group, "west")


@pytest.mark.parametrize("order", [("east", "west"), ("west", "east")])
def test_p8_what_was_made_is_taken_back_and_no_data(made: World, order: tuple[str, str]) -> None:
    made.data.write("west", "arrived")
    for site in order:
        made.provider.disable(made.group, site)
    made.wait()
    assert [item for api in made.apis.values() for item in api.of(SCHEDULE)] == []
    assert made.provider.observe(made.group, "east").present is False
    assert made.provider.enabled(made.group, "west") is False
    assert made.data.read("west") == ["arrived"]


def test_a_pv_is_covered_by_its_claim(made: World) -> None:
    provider = made.provider
    pv = made.apis["east"].get(PV, "pvc-disk-0")
    assert provider.covers(made.group, "east", pv) is True
    assert provider.covers(made.group, "east", pv | {"metadata": {"name": "another"}}) is False
    elsewhere = {"metadata": {"name": "x"}, "spec": {"claimRef": {"namespace": "other", "name": "disk-0"}}}
    assert provider.covers(made.group, "east", elsewhere) is False


def test_a_group_that_is_being_deleted_has_no_role(made: World) -> None:
    made.schedule("west", FROM_EAST)["metadata"]["deletionTimestamp"] = made.apis["west"].now()
    assert made.provider.observe(made.group, "west").role == "unknown"


def test_claims_of_several_namespaces_need_storks_admin_namespace() -> None:
    made = world(enabled=False)
    made.plan = plan_of(
        protect={"namespaces": ["payroll", "payroll-app"], "selector": {}},
        replication={"provider": "portworx", "options": {"cluster_pair": "pair"}},
    )
    add_claim(made.apis["east"], "app-0", "payroll-app")
    with pytest.raises(Refused, match="admin namespace"):
        made.provider.enable(made.group, "east", "west")
    made.plan = plan_of(
        protect={"namespaces": ["payroll", "payroll-app"], "selector": {}},
        replication={"provider": "portworx", "options": {"cluster_pair": "pair", "namespace": "portworx"}},
    )
    assert made.provider.enable(made.group, "east", "west") is True
    made.wait()
    assert made.apis["west"].objects[SCHEDULE, "portworx", FROM_EAST]
    assert made.provider.demote(made.group, "east") is True
    assert made.provider.final_sync(made.group, "east", "west").volumes == 3


def test_a_selector_that_stork_cannot_express_is_refused() -> None:
    made = world(enabled=False)
    expression = {"matchExpressions": [{"key": "tier", "operator": "Exists"}]}
    made.plan = plan_of(
        replication={
            "provider": "portworx",
            "groups": [{"name": "payroll", "selector": expression}],
            "options": {"cluster_pair": "pair"},
        }
    )
    for item in made.apis["east"].of("PersistentVolumeClaim"):
        item["metadata"]["labels"]["tier"] = "db"
    with pytest.raises(Refused, match="matchLabels only"):
        made.provider.enable(made.group, "east", "west")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "cluster_pair: the name of a ClusterPair"),
        ({"cluster_pair": "pair", "pair": "x"}, "unknown: pair"),
        ({"cluster_pair": ["pair"]}, "cluster_pair is no text"),
        ({"cluster_pair": "pair", "timeout": "soon"}, "timeout: soon"),
        ({"cluster_pair": "pair", "schedule_policy": ""}, "schedule_policy is empty"),
    ],
)
def test_wrong_options_are_named(options: Object, said: str) -> None:
    group = plan_of(replication={"provider": "portworx", "options": options}).groups[0]
    with pytest.raises(Refused, match=said):
        options_of(group, "east")


@pytest.mark.parametrize(("of_volume", "of_all"), [("Successful", "PartialSuccess"), ("Failed", "Successful")])
def test_a_migration_counts_only_whole(of_volume: str, of_all: str) -> None:
    entry = {"namespace": "payroll", "persistentVolumeClaim": "disk-0", "status": of_volume}
    status = {"stage": "Final", "status": of_all, "volumes": [entry]}
    item = {"kind": "Migration", "metadata": {"name": "one"}, "status": status}
    assert what_lacks(item, frozenset({("payroll", "disk-0")}))
