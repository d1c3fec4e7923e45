# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What volsync does when it is killed, cut off or asked at the wrong side, and where objects or answers are missing."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.killing import Killed, killed_after
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.volsync.world import (
    World,
    enabled,
    roles,
    world,
)

# of a planned switch of two volumes
WRITES = 20


@pytest.fixture
def replicating() -> World:
    return enabled(world())


def switch(made: World) -> None:
    """As a run does it, whatever an attempt before has left."""
    provider = made.fresh()
    if provider.observe(made.group, "east").role != "secondary":
        provider.demote(made.group, "east")
    if provider.observe(made.group, "west").role != "primary":
        assert provider.final_sync(made.group, "east", "west").holds
    provider.promote(made.group, "west", forced=False)


def test_a_switch_has_so_many_writes(replicating: World) -> None:
    with killed_after(replicating.apis.values(), WRITES - 1), pytest.raises(Killed):
        switch(replicating)
    made = enabled(world())
    with killed_after(made.apis.values(), WRITES):
        switch(made)


@pytest.mark.parametrize("seconds", [0.5, 30])
@pytest.mark.parametrize("number", range(WRITES))
def test_p5_a_switch_that_was_killed_after_any_of_its_writes_is_completed(
    replicating: World, number: int, seconds: float
) -> None:
    made = replicating
    made.data.write("east", "disk-1", "before the kill")
    with killed_after(made.apis.values(), number), pytest.raises(Killed):
        switch(made)
    made.wait(seconds)
    switch(made)
    assert (roles(made), made.data.read("west", "disk-1")) == (("secondary", "primary"), ["before the kill"])
    made.data.write("west", "disk-1", "in the new place")
    made.wait()
    assert made.data.read("east", "disk-1") == ["before the kill", "in the new place"]
    seen = [made.provider.observe(made.group, site).direction for site in ("east", "west")]
    assert seen == ["incoming", "outgoing"]
