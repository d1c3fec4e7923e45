# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A described product forces, and throws an old copy away: for a primary alone."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import VOLUME_REPLICATION
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused, Timeout
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.csi_addons.world import (
    World,
    enabled,
    roles,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.custom.world import custom_world, fresh


@pytest.fixture
def replicating() -> World:
    return enabled(custom_world())


def test_p4_a_forced_promotion_asks_nobody_and_a_resync_throws_the_old_copy_away(replicating: World) -> None:
    made = replicating
    made.storage.write("east", "disk-0", "too late")
    made.apis["east"].reachable = made.storage.linked = False
    made.provider = fresh(made)
    assert made.provider.promote(made.group, "west", forced=True) is True
    assert made.provider.promote(made.group, "west", forced=True) is False
    made.storage.write("west", "disk-0", "after the failover")
    made.apis["east"].reachable = made.storage.linked = True
    made.wait(10)
    assert roles(made) == ("primary", "primary")
    made.provider.demote(made.group, "east")
    assert made.provider.resync(made.group, "east") is True
    made.wait()
    assert roles(made) == ("secondary", "primary")
    assert made.provider.resync(made.group, "east") is False
    assert made.storage.copy("east", "disk-0") == ["after the failover"]


def test_a_copy_does_not_tell_the_last_sync_of_its_time_as_primary(replicating: World) -> None:
    """The controller clears it only at the end of a round, which it never reaches beside a live primary."""
    made = replicating
    made.wait()
    assert made.provider.observe(made.group, "east").last_sync
    made.provider.promote(made.group, "west", forced=True)
    made.provider.demote(made.group, "east")
    made.provider.resync(made.group, "east")
    made.wait()
    assert made.provider.observe(made.group, "east").last_sync is None


def test_p4_a_resync_that_cannot_converge_ends_with_the_last_state(replicating: World) -> None:
    made = replicating
    made.storage.linked = False
    made.provider.promote(made.group, "west", forced=True)
    made.provider.demote(made.group, "east")
    with pytest.raises(Timeout, match=r"wait until group payroll is sent.*payroll/disk-0: role primary"):
        made.provider.resync(made.group, "east")
    made.storage.linked = True
    made.provider.resync(made.group, "east")
    assert roles(made) == ("secondary", "primary")


def test_a_split_brain_that_shows_when_the_sides_meet_again_is_ended_by_the_same_resync(replicating: World) -> None:
    made = replicating
    made.storage.linked = False
    made.storage.write("east", "disk-0", "too late")
    made.provider.promote(made.group, "west", forced=True)
    made.storage.write("west", "disk-0", "after the failover")
    made.provider.demote(made.group, "east")
    made.time.at(made.time.seconds + 60, lambda: setattr(made.storage, "linked", True))
    made.provider.resync(made.group, "east")
    made.wait()
    assert made.storage.copy("east", "disk-0") == ["after the failover"]


def test_p1_a_copy_is_thrown_away_only_for_a_primary(replicating: World) -> None:
    with pytest.raises(Refused, match=r"role secondary.*promote west first"):
        replicating.provider.resync(replicating.group, "east")


def test_what_calls_itself_primary_after_a_resync_is_stepped_down_first() -> None:
    made = enabled(custom_world(volumes=1))
    made.storage.roles["east", "disk-0"] = "secondary"
    made.storage.linked = False
    made.apis["east"].patch(VOLUME_REPLICATION, "disk-0", "payroll", {"spec": {"replicationState": "resync"}})
    made.wait(1)
    assert made.provider.observe(made.group, "east").role == "unknown"
    assert made.provider.promote(made.group, "east", forced=True)
    assert made.storage.roles["east", "disk-0"] == "primary"
