# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a described product could not do in a switch is said before VMs are stopped for it."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict, NotFound, Refused, Unsupported
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.csi_addons.world import World, enabled
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.custom.world import (
    custom_world,
    described,
    fresh,
    without,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.movable import (
    BOTH,
    Ask,
    fail_over,
    move,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import plan_of

KEY = ("VolumeReplication", "payroll", "disk-0")


@pytest.fixture
def replicating() -> World:
    return quiet(enabled(custom_world()))


def quiet(made: World) -> World:
    for api in made.apis.values():
        api.writes.clear()
    return made


@BOTH
def test_what_replicates_may_be_switched_and_is_not_touched_by_the_question(replicating: World, ask: Ask) -> None:
    ask(replicating)
    assert (replicating.written("east"), replicating.written("west")) == ([], [])


@BOTH
def test_claims_that_the_target_does_not_have_yet_are_no_obstacle(ask: Ask) -> None:
    ask(quiet(enabled(custom_world(at=("east",)))))


def test_p3_a_description_without_a_proof_is_said_while_everything_runs() -> None:
    made = quiet(enabled(custom_world(**without("status", "proof"))))
    with pytest.raises(Unsupported, match=r"the plan describes no status\.proof"):
        move(made)
    fail_over(made)


@pytest.mark.parametrize("site", ["east", "west"])
def test_p8_what_belongs_to_another_plan_is_said_while_everything_runs(replicating: World, site: str) -> None:
    replicating.apis[site].objects[KEY]["metadata"]["labels"] = {"dr.ocpvirt.io/replicates-plan": "other"}
    with pytest.raises(Conflict, match="it belongs to plan other"):
        move(replicating)


def test_p8_a_failover_asks_whose_the_objects_are_before_anything_is_stopped(replicating: World) -> None:
    replicating.apis["west"].objects[KEY]["metadata"]["labels"] = {"dr.ocpvirt.io/replicates-plan": "other"}
    with pytest.raises(Conflict, match="it belongs to plan other"):
        fail_over(replicating)


def test_p5_a_failover_with_nothing_left_to_do_is_not_refused_before_a_promotion_that_is_not(
    replicating: World,
) -> None:
    replicating.storage.linked = replicating.apis["east"].reachable = False
    replicating.provider.promote(replicating.group, "west", forced=True)
    replicating.wait()
    replicating.apis["west"].objects[KEY]["metadata"]["labels"] = {"dr.ocpvirt.io/replicates-plan": "other"}
    assert replicating.provider.promote(replicating.group, "west", forced=True) is False
    fail_over(replicating)


def test_p4_a_failover_asks_nothing_of_the_lost_site(replicating: World) -> None:
    replicating.apis["east"].reachable = False
    fail_over(replicating)


@BOTH
def test_a_volume_of_another_product_is_said_while_everything_runs(replicating: World, ask: Ask) -> None:
    objects = replicating.apis["west"].objects
    volume = next(objects[key] for key in objects if key[0] == "PersistentVolume")
    volume["spec"]["csi"]["driver"] = "other.example.org"
    replicating.provider = fresh(replicating)
    with pytest.raises(Refused, match="is not what the product replicates"):
        ask(replicating)


@BOTH
def test_an_object_that_nobody_makes_is_missed_while_everything_runs(replicating: World, ask: Ask) -> None:
    options = described()
    del options["create"]
    replicating.plan = plan_of(replication={"provider": "custom", "options": options})
    replicating.provider = fresh(replicating)
    del replicating.apis["west"].objects[KEY]
    with pytest.raises(NotFound, match="it has no VolumeReplication named payroll/disk-0"):
        ask(replicating)
