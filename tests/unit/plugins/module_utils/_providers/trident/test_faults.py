# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What trident does when it is killed, cut off or asked at the wrong side, and where objects or answers are missing."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Timeout
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.killing import Killed, killed_after
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.trident.world import (
    World,
    enabled,
    roles,
    switched,
    world,
)

# of a planned switch of two volumes
WRITES = 8


@pytest.fixture
def mirrored() -> World:
    return enabled(world())


def switch(made: World) -> None:
    """As a run does it, whatever an attempt before has left."""
    if made.provider.observe(made.group, "east").role != "secondary":
        made.provider.demote(made.group, "east")
    assert made.provider.final_sync(made.group, "east", "west").holds
    made.provider.promote(made.group, "west", forced=False)


def test_a_switch_has_so_many_writes(mirrored: World) -> None:
    with killed_after(mirrored.apis.values(), WRITES - 1), pytest.raises(Killed):
        switch(mirrored)
    made = enabled(world())
    with killed_after(made.apis.values(), WRITES):
        switch(made)


@pytest.mark.parametrize("seconds", [0.01, 3.0, 60.0])
@pytest.mark.parametrize("number", range(WRITES))
def test_p5_a_switch_that_was_killed_after_any_of_its_writes_is_completed(
    mirrored: World, number: int, seconds: float
) -> None:
    made = mirrored
    made.write("east", "before the kill")
    with killed_after(made.apis.values(), number), pytest.raises(Killed):
        switch(made)
    made.wait(seconds)
    made.anew()
    switch(made)
    assert (roles(made), made.copies("west")) == (("secondary", "primary"), {("before the kill",)})
    assert made.ontap.lost == []
    switched(made, "west", "east")


def test_p4_a_promotion_of_what_a_resync_was_asked_of_in_vain_is_told(mirrored: World) -> None:
    """Trident was down: back, it finds a promoted volume promoted, and writes nothing of the generation that it saw."""
    made = mirrored
    made.provider.promote(made.group, "west", forced=True)
    made.apis["east"].stopped = True
    with pytest.raises(Timeout, match="asked for reestablished, state promoted"):
        made.provider.resync(made.group, "east")
    made.time.at(made.time.seconds + 10, made.apis["east"].restart)
    assert made.provider.promote(made.group, "east", forced=True)
    assert roles(made)[0] == "primary"
