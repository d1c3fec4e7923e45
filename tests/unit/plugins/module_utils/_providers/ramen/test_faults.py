# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong on the way of a switch by ramen, and what is left of it."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import DR_PLACEMENT_CONTROL, RAMEN_VOLUME_GROUP
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import (
    Conflict,
    NotFound,
    Refused,
    Timeout,
    Unsupported,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.replication.taking_back import take_back
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ownership import PLAN_LABEL
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.killing import Killed, killed_after
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.ramen.api import tell
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.ramen.double import NAME, SPACE
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.ramen.world import (
    World,
    add_claim,
    world,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import MemoryApi

# after the order was given: not taken up, half done, done
MOMENTS = [0.0, 2.0, 5.0, 60.0]


@pytest.fixture
def made() -> World:
    return world()


def everywhere(made: World) -> list[MemoryApi]:
    return [made.hub, *made.apis.values()]


def switch(made: World, source: str, target: str) -> None:
    """As the same command does after a kill: what is done already is not done again."""
    made.provider.demote(made.group, source)
    assert made.provider.final_sync(made.group, source, target).holds
    made.provider.promote(made.group, target, forced=False)


@pytest.mark.parametrize("seconds", MOMENTS)
def test_p5_a_relocation_whose_run_was_killed_after_the_order_is_completed(made: World, seconds: float) -> None:
    made.ramen.write("before the kill")
    with killed_after(everywhere(made), 0), pytest.raises(Killed):
        switch(made, "east", "west")
    made.wait(seconds)
    switch(made, "east", "west")
    assert (made.roles(), made.ramen.data["west"]) == (("secondary", "primary"), ["before the kill"])
    assert made.hub.orders() == [("Relocate", "dr2")]


@pytest.mark.parametrize("seconds", MOMENTS)
def test_p5_a_relocation_whose_run_was_killed_after_the_order_can_be_taken_back(made: World, seconds: float) -> None:
    with killed_after(everywhere(made), 0), pytest.raises(Killed):
        switch(made, "east", "west")
    made.wait(seconds)
    take_back(made.provider, made.group, "east", "west", forced=False)
    made.wait()
    assert made.roles() == ("primary", "secondary")


@pytest.mark.parametrize("seconds", MOMENTS[2:])
def test_p5_a_withdrawal_that_was_killed_is_none_of_the_next_run(made: World, seconds: float) -> None:
    made.ramen.prepared = False
    with killed_after(everywhere(made), 1), pytest.raises(Killed):
        made.provider.demote(made.group, "east")
    assert made.hub.orders() == [("Relocate", "dr2"), ("Relocate", "dr1")]
    made.ramen.prepared = True
    made.wait(seconds)
    assert made.roles() == ("primary", "secondary")
    take_back(made.provider, made.group, "east", "west", forced=False)
    switch(made, "east", "west")
    assert made.roles() == ("secondary", "primary")


@pytest.mark.parametrize("seconds", MOMENTS)
def test_p5_a_failover_whose_run_was_killed_after_the_order_is_completed(made: World, seconds: float) -> None:
    made.ramen.write("arrived")
    made.lose("east")
    with killed_after(everywhere(made), 0), pytest.raises(Killed):
        made.provider.promote(made.group, "west", forced=True)
    made.wait(seconds)
    made.provider.promote(made.group, "west", forced=True)
    assert (made.provider.observe(made.group, "west").role, made.ramen.data["west"]) == ("primary", ["arrived"])
    assert made.hub.orders() == [("Failover", "dr2")]


def test_p1_a_group_that_is_switched_in_part_is_primary_nowhere_and_goes_on(made: World) -> None:
    made.ramen.write("last words")
    made.ramen.linked = False
    with killed_after(everywhere(made), 0), pytest.raises(Killed):
        made.provider.demote(made.group, "east")
    made.wait(30)
    assert made.roles() == ("unknown", "secondary")
    with pytest.raises(Refused, match="a source that a relocation has given up"):
        made.provider.final_sync(made.group, "east", "west")
    with pytest.raises(Timeout, match="EnsuringVolumesAreSecondary"):
        made.provider.promote(made.group, "west", forced=False)
    assert made.roles() == ("unknown", "secondary")
    made.ramen.linked = True
    switch(made, "east", "west")
    assert (made.roles(), made.ramen.data["west"]) == (("secondary", "primary"), ["last words"])


def test_the_wrong_side_is_ordered_nothing(made: World) -> None:
    assert made.provider.demote(made.group, "west") is False
    assert made.provider.promote(made.group, "east", forced=False) is False
    assert made.provider.promote(made.group, "east", forced=True) is False
    with pytest.raises(Refused, match="prove the final sync"):
        made.provider.final_sync(made.group, "west", "east")
    with pytest.raises(Refused, match="primary at west"):
        made.provider.resync(made.group, "east")
    assert made.provider.resync(made.group, "west") is False
    assert made.hub.orders() == []


def test_p1_after_a_failover_the_old_source_is_not_relocated_from(made: World) -> None:
    """Both are primary: which of them holds the data, the hub knows."""
    made.forced()
    assert made.provider.demote(made.group, "east") is False
    with pytest.raises(Refused, match="demote it first"):
        made.provider.final_sync(made.group, "east", "west")
    assert made.hub.orders() == [("Failover", "dr2")]


def test_p10_a_failover_that_no_operator_takes_up_says_that_its_order_stays(made: World) -> None:
    made.lose("east")
    made.ramen.stopped = True
    with pytest.raises(Timeout, match="not taken up by the hub's operator") as late:
        made.provider.promote(made.group, "west", forced=True)
    assert "The order stays" in str(late.value.next_step)
    assert "order Relocate to there" in str(late.value.next_step)
    assert made.provider.observe(made.group, "west").role == "secondary"
    made.ramen.stopped = False
    assert made.provider.promote(made.group, "west", forced=True) is True
    assert made.hub.orders() == [("Failover", "dr2")]


def test_p10_a_cleanup_that_no_operator_does_ends_with_what_was_seen(made: World) -> None:
    made.forced()
    made.ramen.stopped = True
    with pytest.raises(Timeout, match="asked to be primary, state Primary"):
        made.provider.resync(made.group, "east")
    assert made.hub.orders() == [("Failover", "dr2")]


def test_p1_a_relationship_that_was_deleted_at_the_source_is_moved_nowhere(made: World) -> None:
    MemoryApi.delete(made.apis["east"], RAMEN_VOLUME_GROUP, NAME, SPACE)
    for verb in (
        lambda: made.provider.demote(made.group, "east"),
        lambda: made.provider.final_sync(made.group, "east", "west"),
        lambda: made.provider.promote(made.group, "west", forced=False),
        lambda: made.provider.enable(made.group, "east", "west"),
    ):
        with pytest.raises(NotFound, match=r"VolumeReplicationGroup payroll is absent, and claim payroll/disk-0"):
            verb()
    assert made.hub.patches == []


def test_a_version_of_the_definitions_that_is_not_served_is_named(made: World) -> None:
    """As by a Ramen to come: what its fields would mean, nobody here knows."""
    made.hub.served = False
    with pytest.raises(Unsupported, match=r"ramendr.openshift.io/v1alpha1"):
        made.provider.demote(made.group, "east")
    assert made.hub.patches == []


def ordered_by_hand(made: World, **spec: str) -> None:
    """By somebody at the hub, whose operator has not seen it."""
    made.ramen.stopped = True
    made.hub.patch(DR_PLACEMENT_CONTROL, NAME, SPACE, {"spec": spec})
    made.hub.patches.clear()


@pytest.mark.parametrize(
    "spec",
    [{"action": "Failover", "failoverCluster": "dr2"}, {"action": "Relocate", "preferredCluster": "dr3"}],
    ids=["a failover", "a relocation to a third cluster"],
)
def test_p1_an_order_of_somebody_else_that_nobody_took_up_is_not_overwritten(made: World, spec: dict[str, str]) -> None:
    ordered_by_hand(made, **spec)
    with pytest.raises(Conflict, match="wanted: an action that has ended"):
        made.provider.demote(made.group, "east")
    assert made.hub.patches == []


def test_p1_a_way_back_that_is_under_way_is_not_overtaken(made: World) -> None:
    ordered_by_hand(made, action="Relocate", preferredCluster="dr1")
    item = made.ramen.placement()
    tell(item, "Available", False, "Progressing", "Starting relocation")
    made.hub.keep(DR_PLACEMENT_CONTROL, item)
    with pytest.raises(Conflict, match="wanted: an action that has ended"):
        made.provider.demote(made.group, "east")
    assert made.hub.patches == []


ORDERS = {
    "Failover": ({"failoverCluster": "dr2"}, lambda made: made.provider.promote(made.group, "west", forced=True)),
    "Relocate": ({"preferredCluster": "dr2"}, lambda made: made.provider.demote(made.group, "east")),
}


@pytest.mark.parametrize("action", ORDERS)
def test_p8_an_order_under_way_of_another_plan_is_not_joined(made: World, action: str) -> None:
    """It is the very order that we would give."""
    cluster, verb = ORDERS[action]
    ordered_by_hand(made, action=action, **cluster)
    item = made.ramen.placement()
    item["metadata"]["labels"] = {PLAN_LABEL: "ledger"}
    made.hub.keep(DR_PLACEMENT_CONTROL, item)
    with pytest.raises(Conflict, match="it belongs to plan ledger"):
        verb(made)


def test_p5_a_relocation_whose_target_is_primary_already_is_waited_for_again(made: World) -> None:
    made.ramen.restores = False
    for _attempt in range(2):
        with pytest.raises(Timeout, match="WaitForReadiness"):
            made.provider.demote(made.group, "east")
    made.time.at(made.time.seconds + 60, lambda: setattr(made.ramen, "restores", True))
    assert made.provider.demote(made.group, "east") is True
    assert made.hub.orders() == [("Relocate", "dr2")]


def test_a_copy_that_follows_is_resynchronised_only_when_the_hub_says_so(made: World) -> None:
    made.forced()
    made.bring_back("east")
    made.ramen.unused.add("east")
    made.wait(60)
    item = made.ramen.placement()
    item["status"]["progression"] = "Cleaning Up"
    made.hub.keep(DR_PLACEMENT_CONTROL, item)
    made.ramen.stopped = True
    assert made.roles() == ("secondary", "primary")
    with pytest.raises(Timeout, match="progression Cleaning Up"):
        made.provider.resync(made.group, "east")
    made.ramen.stopped = False
    assert made.provider.resync(made.group, "east") is True
    assert made.provider.resync(made.group, "east") is False


def test_p1_a_claim_that_ramen_does_not_protect_is_not_taken_for_the_plan(made: World) -> None:
    add_claim(made.apis["east"], "new")
    with pytest.raises(Refused, match="does not protect payroll/new"):
        made.provider.enable(made.group, "east", "west")
    assert made.hub.patches == []


def test_p1_a_source_of_which_nobody_knows_who_may_write_is_not_taken_for_the_plan(made: World) -> None:
    item = made.ramen.group("east")
    item["status"]["state"] = "Unknown"
    made.ramen._operate = lambda _site: None  # type: ignore[method-assign]
    made.apis["east"].keep(RAMEN_VOLUME_GROUP, item)
    assert made.roles() == ("unknown", "secondary")
    with pytest.raises(Refused, match="primary at east, secondary at west"):
        made.provider.enable(made.group, "east", "west")
    assert made.hub.patches == []
