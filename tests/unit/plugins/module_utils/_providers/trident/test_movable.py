# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a planned switch would refuse is said before the VMs are stopped for it."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import TRIDENT_MIRROR_RELATIONSHIP
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict, NotFound, Refused
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.movable import (
    BOTH,
    Ask,
    fail_over,
    move,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.trident.world import (
    World,
    world,
)


def mirrored(made: World) -> World:
    made.provider.enable(made.group, "east", "west")
    made.wait()
    made.anew()
    return made


def writing_nothing(made: World, ask: Ask) -> None:
    before = (made.written("east"), made.written("west"))
    try:
        ask(made)
    finally:
        assert (made.written("east"), made.written("west")) == before


@BOTH
def test_mirrors_that_are_complete_may_be_switched(ask: Ask) -> None:
    writing_nothing(mirrored(world()), ask)


def test_p3_a_synchronous_mirror_is_refused_while_everything_runs() -> None:
    made = world()
    made.ontap.policy = "Sync"
    mirrored(made)
    with pytest.raises(Refused, match="synchronous"):
        writing_nothing(made, move)


def test_p3_a_mirror_whose_first_transfer_is_not_complete_is_refused_while_everything_runs() -> None:
    made = mirrored(world())
    item = made.relationship("west")
    condition = {**item["status"]["conditions"][0], "state": "establishing"}
    made.apis["west"].patch(TRIDENT_MIRROR_RELATIONSHIP, "disk-0", "payroll", {"status": {"conditions": [condition]}})
    made.anew()
    with pytest.raises(Refused, match=r"state establishing.*wait until the mirror is established"):
        move(made)


def test_p4_a_failover_asks_nothing_of_the_lost_site() -> None:
    made = mirrored(world())
    made.apis["east"].reachable = False
    writing_nothing(made, fail_over)


def test_of_claims_that_the_run_brings_nothing_is_asked_before_a_failover() -> None:
    fail_over(mirrored(world(at=("east",))))


def test_p1_what_was_never_a_mirror_is_said_before_a_failover_stops_anything() -> None:
    with pytest.raises(NotFound, match=r"would break no mirror.*run protect"):
        writing_nothing(world(), fail_over)


def test_p8_what_belongs_to_another_plan_is_said_before_a_failover_stops_anything() -> None:
    made = mirrored(world())
    labels = {"dr.ocpvirt.io/replicates-plan": "other"}
    made.apis["west"].patch(TRIDENT_MIRROR_RELATIONSHIP, "disk-0", "payroll", {"metadata": {"labels": labels}})
    made.anew()
    with pytest.raises(Conflict, match="it belongs to plan other"):
        writing_nothing(made, fail_over)
