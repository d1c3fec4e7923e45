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


@pytest.fixture
def replicating() -> World:
    made = world()
    made.provider.enable(made.group, "east", "west")
    made.wait()
    for api in made.apis.values():
        api.writes.clear()
    return made


def ask(made: World) -> None:
    try:
        made.provider.check_movable([made.group], "east", "west")
    finally:
        assert (made.written("east"), made.written("west")) == ([], [])


def test_what_replicates_may_be_moved(replicating: World) -> None:
    ask(replicating)


def test_claims_that_the_target_does_not_have_yet_are_no_obstacle() -> None:
    made = world(at=("east",))
    made.provider.enable(made.group, "east", "west")
    made.apis["east"].writes.clear()
    ask(made)


@pytest.mark.parametrize("site", ["east", "west"])
def test_p3_a_class_that_is_gone_is_said_while_everything_runs(replicating: World, site: str) -> None:
    del replicating.apis[site].objects["VolumeReplicationClass", None, "mirrored"]
    with pytest.raises(Refused, match=f"at site {site}; seen: mirrored is absent"):
        ask(replicating)


def test_p3_a_target_without_csi_addons_is_said_while_everything_runs() -> None:
    made = world(at=("east",))
    made.provider.enable(made.group, "east", "west")
    made.apis["east"].writes.clear()
    made.apis["west"].absent.add("VolumeReplicationClass")
    with pytest.raises(Unsupported, match="does not serve"):
        ask(made)


def test_p8_what_belongs_to_another_plan_is_said_while_everything_runs(replicating: World) -> None:
    key = ("VolumeReplication", "payroll", "disk-0")
    replicating.apis["west"].objects[key]["metadata"]["labels"] = {"dr.ocpvirt.io/replicates-plan": "other"}
    with pytest.raises(Conflict, match="it belongs to plan other"):
        ask(replicating)
