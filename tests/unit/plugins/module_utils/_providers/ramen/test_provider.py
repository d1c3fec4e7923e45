# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ramen finds at the sites and at the hub, refuses there, and takes for a plan."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import (
    DR_PLACEMENT_CONTROL,
    RAMEN_VOLUME_GROUP,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import (
    Conflict,
    DrError,
    Failed,
    NotFound,
    Refused,
    TerminalState,
    Unreachable,
    Unsupported,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ownership import PLAN_LABEL
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ramen.provider import RamenProvider
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.api_faults import refuse_patches
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.ramen.double import NAME, SPACE
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.ramen.world import (
    HUB,
    World,
    add_claim,
    volume,
    volume_group,
    world,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi


@pytest.fixture
def made() -> World:
    return world()


def test_a_group_is_detected_by_what_protects_its_claims(made: World) -> None:
    shown = RamenProvider.detect(made.group, made.provider.sites["east"])
    assert shown == f"VolumeReplicationGroup {SPACE}/{NAME} protects its 2 volumes"
    add_claim(made.apis["east"], "other")
    assert RamenProvider.detect(made.group, made.provider.sites["east"]) == ""


def test_where_ramen_is_not_served_another_product_may_be(made: World) -> None:
    made.apis["east"].served = False
    assert RamenProvider.detect(made.group, made.provider.sites["east"]) == ""


def test_both_sites_are_observed_and_replicate(made: World) -> None:
    east, west = (made.provider.observe(made.group, site) for site in ("east", "west"))
    assert (east.role, east.direction, east.health) == ("primary", "outgoing", "healthy")
    assert (west.role, west.direction, west.health) == ("secondary", "incoming", "healthy")


def test_the_last_sync_is_known_at_both_sites_and_survives_the_source(made: World) -> None:
    known = made.provider.observe(made.group, "east").last_sync
    made.lose("east")
    made.wait(120)
    lost = made.provider.observe(made.group, "west")
    assert known is not None
    assert lost.last_sync is not None
    assert abs(known - lost.last_sync) <= timedelta(seconds=1)
    assert "as the primary told it last" in lost.last_sync_source


def test_p4_a_silent_site_is_a_status(made: World) -> None:
    made.apis["west"].reachable = False
    seen = made.provider.observe(made.group, "west")
    assert (seen.reachable, seen.role) == (False, "unknown")
    assert "timed out" in seen.message


def test_p4_without_the_hub_the_sites_still_say_who_writes(made: World) -> None:
    made.hub.reachable = False
    seen = made.provider.observe_all([made.group], "east")[0]
    assert (seen.role, seen.health, seen.direction) == ("primary", "degraded", "none")
    assert "no action can be ordered" in seen.message


def test_a_silent_hub_is_asked_once_for_all_groups(made: World) -> None:
    asked: list[str] = []

    def check(kind: Any) -> None:
        asked.append(kind.kind)
        raise Unreachable("GET", site="hub", seen="timed out")

    made.hub.check = check  # type: ignore[method-assign]
    made.provider.observe_all([made.group] * 5, "east")
    assert asked == [DR_PLACEMENT_CONTROL.kind]


def test_one_connection_serves_all_groups_of_a_hub(made: World) -> None:
    made.provider.observe_all([made.group] * 5, "east")
    assert made.connected == [HUB]
    assert made.hub.patience == 10


@pytest.mark.parametrize("where", ["hub", "west"])
def test_a_cluster_without_the_definitions_says_so(made: World, where: str) -> None:
    (made.hub if where == "hub" else made.apis[where]).served = False
    with pytest.raises(Unsupported, match="does not serve"):
        made.provider.promote(made.group, "west", forced=True)


def test_a_placement_that_is_absent_is_named_with_what_is_there() -> None:
    made = world(drpc="another")
    MemoryApi.create(made.apis["east"], RAMEN_VOLUME_GROUP, _named(volume_group("primary"), "another"))
    MemoryApi.create(made.apis["west"], RAMEN_VOLUME_GROUP, _named(volume_group("secondary"), "another"))
    with pytest.raises(NotFound, match=f"absent; in {SPACE}: {NAME}"):
        made.provider.demote(made.group, "east")


def test_a_kubeconfig_of_the_hub_that_cannot_be_read_names_the_option(made: World) -> None:
    def connect(_name: str, _auth: Any) -> Any:
        raise Refused("read the credentials", site="hub", next_step="correct sites.hub in the plan")

    provider = made.provider
    for site in provider.sites.values():
        site.connect = connect
    with pytest.raises(Refused, match=r"correct replication\.options\.hub"):
        provider.demote(made.group, "east")
    assert provider.observe(made.group, "east").role == "primary"


def test_a_plan_without_a_hub_is_refused_with_the_option() -> None:
    made = world(hub={})
    with pytest.raises(Refused, match=r"wanted: replication\.options\.hub"):
        made.provider.demote(made.group, "east")


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"speed": 3}, "unknown: speed"),
        ({"hub": "hub.yml"}, "hub is no mapping"),
        ({"hub": {"kubeconfig": {"apiVersion": "v1"}}}, r"hub\.kubeconfig has the wrong type"),
        ({"hub": {"user": "me"}}, "unknown in hub: user"),
        ({"drpc": 7}, "drpc: 7"),
        ({"drpc": ""}, "drpc: ''; wanted: a text"),
        ({"namespace": ""}, "namespace: ''; wanted: a text"),
        ({"sites": {"east": {"cluster": ""}}}, "cluster: ''; wanted: a text"),
        ({"timeout": "soon"}, "timeout: soon"),
    ],
)
def test_wrong_options_are_named(options: dict[str, Any], why: str) -> None:
    made = world(**options)
    with pytest.raises(Refused, match=why):
        made.provider.demote(made.group, "east")
    assert made.provider.observe(made.group, "east").role == "unknown"


def test_a_timeout_may_be_a_number_of_seconds_as_with_every_provider() -> None:
    made = world(timeout=900)
    assert made.provider.demote(made.group, "east") is True


def test_a_target_where_ramen_has_made_nothing_is_not_present(made: World) -> None:
    """As in older versions, before the first action."""
    MemoryApi.delete(made.apis["west"], RAMEN_VOLUME_GROUP, NAME, SPACE)
    seen = made.provider.observe(made.group, "west")
    assert (seen.role, seen.present) == ("unknown", False)


def test_p1_a_deleted_relationship_is_not_an_absent_group(made: World) -> None:
    MemoryApi.delete(made.apis["east"], RAMEN_VOLUME_GROUP, NAME, SPACE)
    seen = made.provider.observe(made.group, "east")
    assert (seen.role, seen.health, seen.present) == ("unknown", "error", True)


def test_two_of_one_name_are_refused(made: World) -> None:
    twice = volume_group("primary")
    twice["metadata"]["namespace"] = "payroll"
    MemoryApi.create(made.apis["east"], RAMEN_VOLUME_GROUP, twice)
    with pytest.raises(Conflict, match="2 VolumeReplicationGroups of that name"):
        made.provider.demote(made.group, "east")


def test_p1_a_claim_that_is_not_protected_is_an_error_and_not_left_behind(made: World) -> None:
    """A group whose claims belong to two products is the same to Ramen."""
    add_claim(made.apis["east"], "new")
    assert made.provider.observe(made.group, "east").health == "error"
    with pytest.raises(Refused, match="does not protect payroll/new"):
        made.provider.demote(made.group, "east")
    assert made.hub.orders() == []


def test_p8_claims_of_others_are_not_moved_along(made: World) -> None:
    made.ramen.claims.append("payroll/theirs")
    made.wait()
    with pytest.raises(Refused, match="also protects payroll/theirs"):
        made.provider.demote(made.group, "east")
    assert made.hub.orders() == []


def test_p8_what_another_plan_moves_is_refused(made: World) -> None:
    item = made.ramen.placement()
    item["metadata"]["labels"] = {PLAN_LABEL: "ledger"}
    made.hub.keep(DR_PLACEMENT_CONTROL, item)
    for verb in (
        lambda: made.provider.demote(made.group, "east"),
        lambda: made.provider.promote(made.group, "west", forced=True),
        lambda: made.provider.enable(made.group, "east", "west"),
    ):
        with pytest.raises(Conflict, match="it belongs to plan ledger"):
            verb()
    assert made.hub.orders() == []


def test_enabling_marks_the_placement_once_and_disabling_takes_only_the_mark(made: World) -> None:
    assert made.provider.enabled(made.group, "east") is False
    assert made.provider.enable(made.group, "east", "west") is True
    assert made.provider.enable(made.group, "east", "west") is False
    assert made.provider.enabled(made.group, "west") is True
    assert made.provider.disable(made.group, "east") is True
    assert made.provider.disable(made.group, "west") is False
    assert made.hub.orders() == []
    assert (DR_PLACEMENT_CONTROL.kind, SPACE, NAME) in made.hub.objects


def test_enabling_the_wrong_way_round_is_refused(made: World) -> None:
    with pytest.raises(Refused, match="primary at west, secondary at east"):
        made.provider.enable(made.group, "west", "east")


def test_p1_a_volume_is_covered_by_its_claim_at_both_sites(made: World) -> None:
    for site in ("east", "west"):
        assert made.provider.covers(made.group, site, volume("disk-0")) is True
        assert made.provider.covers(made.group, site, volume("other")) is False
    made.lose("east")
    assert made.provider.covers(made.group, "west", volume("disk-0")) is False
    made.provider.promote(made.group, "west", forced=True)
    assert made.provider.covers(made.group, "west", volume("disk-0")) is True


@pytest.mark.parametrize("where", ["hub", "east", "west"])
@pytest.mark.parametrize("status", [429, 500, 503])
def test_p5_a_server_that_is_overloaded_under_the_wait_is_waited_for(made: World, where: str, status: int) -> None:
    api = made.hub if where == "hub" else made.apis[where]
    burst = [Failed("GET", site=where, seen="overloaded", status=status) for _number in range(6)]
    made.time.at(made.time.seconds + 2, lambda: api.errors.extend(burst))
    assert made.provider.demote(made.group, "east") is True
    assert api.errors == []


def test_p5_a_hub_that_restarts_under_the_wait_is_waited_for(made: World) -> None:
    made.time.at(made.time.seconds + 2, lambda: setattr(made.hub, "reachable", False))
    made.time.at(made.time.seconds + 40, lambda: setattr(made.hub, "reachable", True))
    assert made.provider.demote(made.group, "east") is True


def test_a_change_between_look_and_order_is_looked_at_again(made: World) -> None:
    made.hub.errors = []
    refuse_patches(made.hub, 2)
    assert made.provider.demote(made.group, "east") is True


def test_a_placement_that_changes_under_every_order_is_given_up(made: World) -> None:
    busy = [Conflict("PATCH", site="hub", on="DRPlacementControl", status=409)] * 50

    def patch(*_args: Any) -> Any:
        raise busy.pop()

    made.hub.patch = patch  # type: ignore[method-assign]
    with pytest.raises(Conflict, match="PATCH"):
        made.provider.demote(made.group, "east")
    assert len(busy) == 45


def test_another_order_meanwhile_ends_the_wait(made: World) -> None:
    def order_otherwise() -> None:
        item = made.ramen.placement()
        item["spec"] |= {"action": "Failover", "failoverCluster": "dr1"}
        made.hub.keep(DR_PLACEMENT_CONTROL, item)

    made.time.at(made.time.seconds + 2, order_otherwise)
    with pytest.raises(Conflict, match="somebody else ordered: Failover to dr1"):
        made.provider.demote(made.group, "east")


def test_a_placement_that_is_deleted_under_the_wait_ends_it(made: World) -> None:
    def delete() -> None:
        MemoryApi.delete(made.hub, DR_PLACEMENT_CONTROL, NAME, SPACE)

    made.time.at(made.time.seconds + 2, delete)
    with pytest.raises(NotFound, match="absent"):
        made.provider.demote(made.group, "east")


def test_a_placement_that_is_being_deleted_under_the_wait_ends_it_at_once(made: World) -> None:
    """Its finalizer may keep it for long."""

    def delete() -> None:
        item = made.ramen.placement()
        item["metadata"]["deletionTimestamp"] = "2026-03-01T12:00:00Z"
        made.hub.keep(DR_PLACEMENT_CONTROL, item)

    began = made.time.seconds
    made.time.at(began + 2, delete)
    with pytest.raises(TerminalState, match="it is being deleted"):
        made.provider.demote(made.group, "east")
    assert made.time.seconds < began + 30


def test_what_is_under_way_is_not_taken_for_a_plan(made: World) -> None:
    item = made.ramen.placement()
    item["status"]["progression"] = "Cleaning Up"
    made.hub.keep(DR_PLACEMENT_CONTROL, item)
    with pytest.raises(Conflict, match="wanted: an action that has ended"):
        made.provider.enable(made.group, "east", "west")
    assert made.hub.patches == []


def test_a_source_that_is_not_ready_to_leave_is_refused_at_once(made: World) -> None:
    """Ramen would wait for its S3 store, for ever."""
    item = made.ramen.group("east")
    for entry in item["status"]["conditions"]:
        if entry["type"] == "ClusterDataProtected":
            entry["status"] = "False"
    made.ramen._operate = lambda _site: None  # type: ignore[method-assign]
    made.apis["east"].keep(RAMEN_VOLUME_GROUP, item)
    assert made.provider.observe(made.group, "east").health == "degraded"
    with pytest.raises(Refused, match="ClusterDataProtected False"):
        made.provider.demote(made.group, "east")
    assert made.hub.orders() == []


def test_no_error_shows_what_leads_to_the_hub() -> None:
    made = world(hub={"kubeconfig": "secret-place.yml"})
    made.hub.reachable = False
    with pytest.raises(DrError) as error:
        made.provider.promote(made.group, "west", forced=True)
    assert "secret-place" not in str(error.value)


def _named(item: dict[str, Any], name: str) -> dict[str, Any]:
    item["metadata"]["name"] = name
    return item
