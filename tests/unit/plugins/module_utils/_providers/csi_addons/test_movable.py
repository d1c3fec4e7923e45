# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a switch would refuse for want of its class, or for its owner, is said before VMs are stopped for it."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict, Refused, Unsupported
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.csi_addons.world import (
    World,
    world,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.movable import (
    BOTH,
    Ask,
    fail_over,
    move,
)

KIND = {"volume": "VolumeReplication", "group": "VolumeGroupReplication"}


@pytest.fixture
def replicating() -> World:
    return enabled(world())


def enabled(made: World) -> World:
    made.provider.enable(made.group, "east", "west")
    made.wait()
    for api in made.apis.values():
        api.writes.clear()
    return made


def writing_nothing(made: World, ask: Ask) -> None:
    try:
        ask(made)
    finally:
        assert (made.written("east"), made.written("west")) == ([], [])


@BOTH
@pytest.mark.parametrize("per", ["volume", "group"])
def test_what_replicates_may_be_switched(per: str, ask: Ask) -> None:
    writing_nothing(enabled(world(per=per)), ask)


@BOTH
def test_claims_that_the_target_does_not_have_yet_are_no_obstacle(ask: Ask) -> None:
    writing_nothing(enabled(world(at=("east",))), ask)


@pytest.mark.parametrize("site", ["east", "west"])
def test_p3_a_class_that_is_gone_is_said_while_everything_runs(replicating: World, site: str) -> None:
    del replicating.apis[site].objects["VolumeReplicationClass", None, "mirrored"]
    with pytest.raises(Refused, match=f"at site {site}; seen: mirrored is absent"):
        writing_nothing(replicating, move)


def test_p4_a_failover_asks_nothing_of_the_lost_site(replicating: World) -> None:
    replicating.apis["east"].reachable = False
    writing_nothing(replicating, fail_over)


def test_the_targets_class_that_is_gone_is_said_before_a_failover_stops_anything(replicating: World) -> None:
    del replicating.apis["west"].objects["VolumeReplicationClass", None, "mirrored"]
    with pytest.raises(Refused, match="at site west; seen: mirrored is absent"):
        writing_nothing(replicating, fail_over)


@BOTH
def test_p3_a_target_without_csi_addons_is_said_while_everything_runs(ask: Ask) -> None:
    made = enabled(world(at=("east",)))
    made.apis["west"].absent.add("VolumeReplicationClass")
    with pytest.raises(Unsupported, match="does not serve"):
        writing_nothing(made, ask)


@BOTH
@pytest.mark.parametrize("per", ["volume", "group"])
def test_p8_what_belongs_to_another_plan_is_said_while_everything_runs(per: str, ask: Ask) -> None:
    made = enabled(world(per=per))
    theirs = next(item for key, item in made.apis["west"].objects.items() if key[0] == KIND[per])
    theirs["metadata"]["labels"] = {"dr.ocpvirt.io/replicates-plan": "other"}
    with pytest.raises(Conflict, match="it belongs to plan other"):
        writing_nothing(made, ask)


def test_p5_what_was_failed_over_needs_no_class_any_more(replicating: World) -> None:
    replicating.storage.linked = replicating.apis["east"].reachable = False
    replicating.provider.promote(replicating.group, "west", forced=True)
    del replicating.apis["west"].objects["VolumeReplicationClass", None, "mirrored"]
    fail_over(replicating)


def test_many_groups_are_asked_by_one_list(replicating: World) -> None:
    replicating.apis["west"].lists.clear()
    replicating.provider.check_forceable([replicating.group] * 5, "west")
    assert sum("VolumeReplication " in f"{line} " for line in replicating.apis["west"].lists) == 1
