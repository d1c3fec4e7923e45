# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two copies that were both written to: a described product may force by itself, so nothing asks it to."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import VOLUME_REPLICATION
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused, TerminalState
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.csi_addons.world import World, enabled
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.custom.world import custom_world, fresh

PEER = {"east": "west", "west": "east"}


@pytest.fixture
def split() -> World:
    """East was lost, came back, and both have been written to."""
    made = enabled(custom_world())
    made.storage.write("east", "disk-0", "lost")
    made.storage.linked = made.apis["east"].reachable = False
    made.provider.promote(made.group, "west", forced=True)
    made.storage.write("west", "disk-0", "new life")
    made.apis["east"].reachable = True
    made.storage.forced.clear()
    return made


@pytest.mark.parametrize("linked", [True, False])
@pytest.mark.parametrize("waited", [0.0, 61.0])
@pytest.mark.parametrize("last", PEER)
def test_p1_of_two_demoted_parts_of_a_split_brain_none_is_promoted_without_force(
    split: World, last: str, waited: float, linked: bool
) -> None:
    split.storage.linked = linked
    split.provider.demote(split.group, PEER[last])
    split.wait(waited)
    split.provider.demote(split.group, last)
    split.wait(waited)
    for site in PEER:
        with pytest.raises(Refused, match=r"status.proof shows nothing|its own replication has failed"):
            split.provider.promote(split.group, site, forced=False)
    assert split.storage.forced == []


def test_p1_a_copy_that_has_diverged_is_not_promoted_as_demoted_last(split: World) -> None:
    split.storage.linked = True
    split.provider.demote(split.group, "east")
    split.wait()
    marked = {"metadata": {"annotations": {"dr.ocpvirt.io/demotion": "7"}}}
    for name in split.asked("east"):
        split.apis["east"].patch(VOLUME_REPLICATION, name, "payroll", marked)
    split.provider.demote(split.group, "west")
    with pytest.raises(Refused, match="its own replication has failed"):
        split.provider.promote(split.group, "east", forced=False)
    assert split.storage.forced == []


@pytest.mark.parametrize("site", PEER)
def test_p1_two_primaries_are_named_and_not_taken_for_a_promotion(split: World, site: str) -> None:
    before = {name: list(api.writes) for name, api in split.apis.items()}
    named = rf"split-brain: primary at {PEER[site]} and at {site}: payroll/disk-0, payroll/disk-1.*reprotect"
    with pytest.raises(TerminalState, match=named):
        split.provider.promote(split.group, site, forced=False)
    assert {name: api.writes for name, api in split.apis.items()} == before
    assert not split.provider.promote(split.group, site, forced=True)


def test_p5_a_promotion_that_is_done_stays_done_while_the_peer_is_silent(split: World) -> None:
    split.apis["west"].reachable = False
    assert not fresh(split).promote(split.group, "east", forced=False)


def test_p3_a_demotion_is_taken_back_again_after_the_split_brain_was_ended(split: World) -> None:
    split.storage.linked = True
    split.provider.demote(split.group, "east")
    split.provider.resync(split.group, "east")
    assert is_taken_back(split, "west")


def test_p3_a_copy_that_follows_by_itself_is_still_marked_until_its_resync() -> None:
    made = enabled(custom_world())
    made.provider.promote(made.group, "west", forced=True)
    made.provider.demote(made.group, "east")
    made.wait()
    assert made.provider.observe(made.group, "east").health == "healthy"
    assert made.provider.resync(made.group, "east")
    assert not made.provider.resync(made.group, "east")
    made.storage.forced.clear()
    assert is_taken_back(made, "west")


def is_taken_back(made: World, site: str) -> bool:
    """The demotion of the only primary, whose last words have not arrived."""
    made.storage.linked = False
    made.provider.demote(made.group, site)
    made.storage.linked = True
    return made.provider.promote(made.group, site, forced=False) and made.storage.forced == []
