# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a planned switch would refuse is said before the VMs are stopped for it."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import TRIDENT_MIRROR_RELATIONSHIP
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.trident.world import (
    World,
    world,
)


def mirrored(made: World) -> World:
    made.provider.enable(made.group, "east", "west")
    made.wait()
    made.anew()
    return made


def ask(made: World) -> None:
    before = (made.written("east"), made.written("west"))
    try:
        made.provider.check_movable([made.group], "east", "west")
    finally:
        assert (made.written("east"), made.written("west")) == before


def test_mirrors_that_are_complete_may_be_switched() -> None:
    ask(mirrored(world()))


def test_p3_a_synchronous_mirror_is_refused_while_everything_runs() -> None:
    made = world()
    made.ontap.policy = "Sync"
    mirrored(made)
    with pytest.raises(Refused, match="synchronous"):
        ask(made)


def test_p3_a_mirror_whose_first_transfer_is_not_complete_is_refused_while_everything_runs() -> None:
    made = mirrored(world())
    item = made.relationship("west")
    condition = {**item["status"]["conditions"][0], "state": "establishing"}
    made.apis["west"].patch(TRIDENT_MIRROR_RELATIONSHIP, "disk-0", "payroll", {"status": {"conditions": [condition]}})
    made.anew()
    with pytest.raises(Refused, match=r"state establishing.*wait until the mirror is established"):
        made.provider.check_movable([made.group], "east", "west")
