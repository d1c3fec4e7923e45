# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two copies that were both written to: the product would take either by its own force, so nothing asks it to."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused
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
    for site in ("east", "west"):
        with pytest.raises(Refused, match=r"not proven to be synced|would be forced by the product"):
            split.provider.promote(split.group, site, forced=False)
    assert split.storage.forced == []


def test_p3_a_demotion_is_taken_back_again_after_the_split_brain_was_ended(split: World) -> None:
    split.storage.linked = True
    split.provider.demote(split.group, "east")
    split.provider.resync(split.group, "east")
    split.storage.linked = False
    split.provider.demote(split.group, "west")
    split.storage.linked = True
    assert split.provider.promote(split.group, "west", forced=False)
    assert split.storage.forced == []
