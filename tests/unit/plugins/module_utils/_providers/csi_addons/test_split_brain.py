# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two copies that were both written to: the product would take either by its own force, so nothing asks it to."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import (
    VOLUME_GROUP_REPLICATION,
    VOLUME_REPLICATION,
)
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused, TerminalState
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.guards.switch import check_movable
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.csi_addons.world import World


@pytest.fixture
def split(replicating: World) -> World:
    """East was lost, came back, and both have been written to."""
    storage = replicating.storage
    storage.write("east", "disk-0", "lost")
    storage.linked = replicating.apis["east"].reachable = False
    replicating.provider.promote(replicating.group, "west", forced=True)
    storage.write("west", "disk-0", "new life")
    replicating.apis["east"].reachable = True
    for site in ("east", "west"):
        replicating.apis[site].writes.clear()
    storage.forced.clear()
    return replicating


@pytest.mark.parametrize("linked", [True, False])
@pytest.mark.parametrize("waited", [0.0, 61.0])
@pytest.mark.parametrize("last", ["east", "west"])
def test_p1_of_two_demoted_parts_of_a_split_brain_none_is_promoted_without_force(
    split: World, last: str, waited: float, linked: bool
) -> None:
    first = "west" if last == "east" else "east"
    split.storage.linked = linked
    split.provider.demote(split.group, first)
    split.wait(waited)
    split.provider.demote(split.group, last)
    split.wait(waited)
    for site, peer in (("east", "west"), ("west", "east")):
        with pytest.raises(Refused, match=f"at {peer} it is demoted, but not proven to be synced"):
            split.provider.promote(split.group, site, forced=False)
    assert split.storage.forced == []


@pytest.mark.parametrize("site", ["east", "west"])
def test_p1_two_primaries_are_named_and_not_taken_for_a_promotion(split: World, site: str) -> None:
    with pytest.raises(TerminalState, match=r"split-brain: primary at .*: payroll/.*reprotect") as raised:
        split.provider.promote(split.group, site, forced=False)
    assert (raised.value.site, raised.value.wanted) == (site, "one primary")
    assert split.written("east") + split.written("west") == []


def test_p1_a_partly_switched_split_brain_is_named_before_anything_is_written(split: World) -> None:
    split.provider.demote(split.group, "east")
    for name in list(split.asked("east"))[:1]:
        kind = VOLUME_REPLICATION if name.startswith("disk") else VOLUME_GROUP_REPLICATION
        split.apis["east"].patch(kind, name, "payroll", {"spec": {"replicationState": "primary"}})
    split.wait()
    split.apis["east"].writes.clear()
    with pytest.raises(TerminalState, match="split-brain"):
        split.provider.promote(split.group, "east", forced=False)
    assert split.written("east") == []


@pytest.mark.parametrize("site", ["east", "west"])
def test_p4_a_forced_promotion_of_a_primary_asks_nobody(split: World, site: str) -> None:
    assert not split.provider.promote(split.group, site, forced=True)


def test_p5_a_promotion_that_is_done_stays_done_while_the_peer_is_silent(replicating: World) -> None:
    replicating.apis["west"].reachable = False
    assert not replicating.provider.promote(replicating.group, "east", forced=False)


def test_p3_no_planned_move_begins_towards_a_copy_that_cannot_follow(split: World) -> None:
    split.storage.linked = True
    split.provider.demote(split.group, "east")
    split.wait()
    east, west = (split.provider.observe(split.group, site) for site in ("east", "west"))
    with pytest.raises(Refused, match=r"begin a planned move.*FailedToResync.*split brain.*nothing was stopped"):
        check_movable("payroll", "east", "west", [east], [west])


def test_p3_a_demotion_is_taken_back_again_after_the_split_brain_was_ended(split: World) -> None:
    split.storage.linked = True
    split.provider.demote(split.group, "east")
    split.provider.resync(split.group, "east")
    split.storage.linked = False
    split.provider.demote(split.group, "west")
    split.storage.linked = True
    assert split.provider.promote(split.group, "west", forced=False)
    assert split.storage.forced == []
