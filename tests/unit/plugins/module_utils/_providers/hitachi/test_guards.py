# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hitachi refuses for somebody else's marks and words, for a side that is the wrong one, or for a deletion."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict, Refused
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.hitachi.objects import TAKEN_OVER_AFTER
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.hitachi.world import World, world

THEIRS = {"dr.ocpvirt.io/replicates-plan": "other"}


@pytest.fixture
def made() -> World:
    return world()


@pytest.mark.parametrize("site", ["east", "west"])
def test_p8_the_replication_of_another_plan_is_not_enabled(site: str) -> None:
    made = world(taken=False)
    made.change(site, "metadata", labels=THEIRS)
    with pytest.raises(Conflict, match="it belongs to plan other"):
        made.provider.enable(made.group, "east", "west")
    assert [api.asked() for api in made.apis.values()] == [[], []]


@pytest.mark.parametrize("site", ["east", "west"])
def test_p8_the_replication_of_another_plan_is_not_resynchronised(made: World, site: str) -> None:
    made.forced()
    for name in ("disk-0", "disk-1"):
        made.change(site, "metadata", name, labels=THEIRS)
    before = [api.asked() for api in made.apis.values()]
    with pytest.raises(Conflict, match="it belongs to plan other"):
        made.provider.resync(made.group, "east")
    assert [api.asked() for api in made.apis.values()] == before


def test_p8_the_replication_of_another_plan_is_not_paired_again(made: World) -> None:
    made.arrays.execute("east", "split", "disk-0")
    made.wait()
    made.change("east", "metadata", labels=THEIRS)
    with pytest.raises(Conflict, match="it belongs to plan other"):
        made.provider.promote(made.group, "east", forced=False)
    assert made.apis["east"].asked() == []


def test_p1_a_relationship_that_is_being_deleted_is_not_switched(made: World) -> None:
    made.change("west", "metadata", deletionTimestamp=made.apis["west"].now())
    assert made.roles() == ("primary", "unknown")
    with pytest.raises(Conflict, match="it is being deleted"):
        made.provider.promote(made.group, "west", forced=True)
    assert made.apis["west"].asked() == []


def test_p3_a_takeover_after_another_split_proves_nothing(made: World) -> None:
    made.provider.demote(made.group, "east")
    assert made.provider.final_sync(made.group, "east", "west").holds
    made.change("west", "metadata", annotations={TAKEN_OVER_AFTER: "2026-01-01T00:00:00+00:00"})
    with pytest.raises(Refused, match="split with everything sent"):
        made.provider.final_sync(made.group, "east", "west")


def test_p3_a_copy_that_was_asked_for_something_else_since_proves_nothing(made: World) -> None:
    made.provider.demote(made.group, "east")
    made.apis["west"].stopped = True
    made.change("west", "spec", desiredPairState="split")
    with pytest.raises(Refused, match="nothing asked since"):
        made.provider.final_sync(made.group, "east", "west")


def test_p1_nothing_is_enabled_whose_copy_has_taken_over(made: World) -> None:
    made.forced()
    with pytest.raises(Refused, match="the P-VOL at east, and the S-VOL at west"):
        made.provider.enable(made.group, "east", "west")
