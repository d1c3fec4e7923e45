# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A switch by hitachi that was killed anywhere: the same command completes it, and no word of it is left."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.hitachi.double import Volumes
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.hitachi.world import (
    PAIRED,
    World,
    killed_when,
    paired_world,
    world,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.killing import Killed, killed_after
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.planned_switch import switch


@pytest.fixture(params=PAIRED)
def made(request: pytest.FixtureRequest) -> World:
    return paired_world(request.param)


@pytest.mark.parametrize(("site", "word"), [("east", "split"), ("west", "failover"), ("west", "swap-resync")])
def test_p5_a_switch_that_was_killed_anywhere_is_completed_by_the_same_command(site: str, word: str) -> None:
    made = world(volumes=3)
    made.arrays.write("east", "before the kill")
    killed_when(made, site, word)
    with pytest.raises(Killed):
        made.provider.demote(made.group, "east")
    switch(made, "east", "west")
    assert (made.roles(), made.arrays.writable()) == (("secondary", "primary"), {"west"})
    assert made.arrays.held("west") == {("before the kill",)}
    assert (made.desired("east"), made.desired("west")) == ({"pair"}, {"pair"})


@pytest.mark.parametrize("seconds", [0.0, 3.0, 30.0])
@pytest.mark.parametrize("number", range(6))
def test_p5_a_switch_that_was_killed_after_any_of_its_writes_is_completed(number: int, seconds: float) -> None:
    made = world(grouped=True)
    made.arrays.write("east", "before the kill")
    with killed_after(made.apis.values(), number), pytest.raises(Killed):
        made.provider.demote(made.group, "east")
    made.wait(seconds)
    if made.provider.observe(made.group, "east").role != "secondary":
        made.provider.demote(made.group, "east")
    made.provider.promote(made.group, "west", forced=False)
    assert (made.roles(), made.arrays.held("west")) == (("secondary", "primary"), {("before the kill",)})
    assert (made.desired("east"), made.desired("west")) == ({"pair"}, {"pair"})


@pytest.mark.parametrize(("site", "word"), [("west", "swap-resync"), ("east", "pair"), ("west", "pair")])
def test_p5_no_word_is_left_of_a_switch_that_was_killed_when_it_was_done(site: str, word: str) -> None:
    """The same command finds a source that is secondary, and promotes the target only."""
    made = world(grouped=True)
    killed_when(made, site, word)
    with pytest.raises(Killed):
        made.provider.demote(made.group, "east")
    made.wait()
    assert made.provider.final_sync(made.group, "east", "west").holds
    made.provider.promote(made.group, "west", forced=False)
    assert (made.desired("east"), made.desired("west")) == ({"pair"}, {"pair"})
    assert made.provider.promote(made.group, "west", forced=False) is False
    assert made.provider.observe(made.group, "east").sync_proof


def test_p5_a_split_that_a_killed_attempt_has_left_to_its_operator_does_not_end_the_next_one(made: World) -> None:
    """It happens while the copy is waited for."""
    kind, name = made.asked_of("east")
    for (of_kind, _space, _name), item in made.apis["east"].objects.items():
        if of_kind == kind:
            item["spec"]["desiredPairState"] = "split"
    for pair in made.arrays.pairs.values():
        pair.status = "COPY"
    made.wait()
    made.apis["east"].wake(kind, name, after=20)
    made.later(40, lambda: [setattr(pair, "status", "PAIR") for pair in copying(made)])
    assert made.provider.demote(made.group, "east") is True


def test_p5_a_switch_that_was_killed_before_its_split_was_seen_is_begun_anew_at_once(made: World) -> None:
    """What the operator sees then is the word that it has done already: it does nothing."""
    killed_when(made, "east", "split")
    with pytest.raises(Killed):
        made.provider.demote(made.group, "east")
    switch(made, "east", "west")
    assert made.roles() == ("secondary", "primary")


def copying(made: World) -> list[Volumes]:
    return [pair for pair in made.arrays.pairs.values() if pair.status == "COPY"]


def test_p3_a_source_that_was_promoted_by_force_within_its_switch_is_not_replaced_by_its_copy() -> None:
    """The other site was lost there, and its copy knows nothing of what was written since."""
    made = world(grouped=True)
    killed_when(made, "west", "failover")
    with pytest.raises(Killed):
        made.provider.demote(made.group, "east")
    made.wait()
    assert made.provider.observe(made.group, "east").role == "unknown"
    made.apis["west"].reachable = False
    assert made.provider.promote(made.group, "east", forced=True) is True
    assert made.provider.promote(made.group, "east", forced=True) is False
    assert made.provider.observe(made.group, "east").role == "primary"
    made.arrays.write("east", "new")
    made.apis["west"].reachable = True
    assert made.provider.demote(made.group, "east") is False
    with pytest.raises(Refused, match="demote it first"):
        made.provider.final_sync(made.group, "east", "west")
    assert made.arrays.held("east") == {("new",)}


def test_p3_what_was_written_to_a_split_source_goes_along(made: World) -> None:
    """Its VMs were started by hand after a switch that was killed: its split proves nothing any more."""
    killed_when(made, "east", "split")
    with pytest.raises(Killed):
        made.provider.demote(made.group, "east")
    made.wait()
    made.arrays.write("east", "written after the split")
    switch(made, "east", "west")
    assert made.arrays.held("west") == {("written after the split",)}
