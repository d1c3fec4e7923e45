# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of replication by trident, of a group and of single claims."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import DrError
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.trident.world import (
    World,
    enabled,
    world,
)


@pytest.fixture
def mirrored() -> World:
    return enabled(world())


def test_p8_the_end_of_replication_keeps_the_data(mirrored: World) -> None:
    mirrored.write("east", "kept")
    assert mirrored.provider.disable(mirrored.group, "west")
    assert mirrored.provider.disable(mirrored.group, "east")
    assert not mirrored.provider.disable(mirrored.group, "east")
    assert (mirrored.asked("east"), mirrored.asked("west")) == ({}, {})
    assert mirrored.ontap.copy(("east", "disk-0")) == ["kept"]


def test_a_deletion_that_waits_for_trident_is_waited_for(mirrored: World) -> None:
    mirrored.apis["west"].stopped = True
    with pytest.raises(DrError, match="2 still there, such as payroll/disk-0"):
        mirrored.provider.disable(mirrored.group, "west")
    assert "being deleted" not in mirrored.provider.observe(mirrored.group, "east").message
    assert mirrored.provider.observe(mirrored.group, "west").health == "error"


def test_claims_that_are_about_to_go_are_released_alone(mirrored: World) -> None:
    mirrored.provider.release(mirrored.group, "east", ["payroll/disk-1"])
    assert set(mirrored.asked("east")) == {"disk-0"}


def test_a_claim_that_keeps_a_mirror_alive_is_needed(mirrored: World) -> None:
    needed = mirrored.provider.needed_by(mirrored.group, "west", ("payroll", "disk-0"))
    assert needed == "TridentMirrorRelationship/payroll/disk-0"
    assert mirrored.provider.needed_by(mirrored.group, "west", ("payroll", "other")) == ""
