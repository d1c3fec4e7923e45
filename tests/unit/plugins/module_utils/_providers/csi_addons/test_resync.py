# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way back after a forced switch by csi_addons: when a copy is thrown away, and what shows that data arrives."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import VOLUME_REPLICATION
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Refused, Timeout
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.csi_addons.resync import AGAIN_AFTER
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.csi_addons.double import REPLICATIONS
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.csi_addons.world import (
    World,
    enabled,
    roles,
    world,
)

SECONDARY = {"replicationState": "secondary"}


def test_the_way_back_after_a_forced_switch(replicating: World) -> None:
    storage, provider, group = replicating.storage, replicating.provider, replicating.group
    storage.write("east", "disk-0", "lost")
    storage.linked = replicating.apis["east"].reachable = False
    provider.promote(group, "west", forced=True)
    storage.write("west", "disk-0", "new life")
    storage.linked = replicating.apis["east"].reachable = True
    assert roles(replicating) == ("primary", "primary")

    provider.demote(group, "east")
    with pytest.raises(Refused, match="at west it is not proven to be demoted"):
        provider.promote(group, "east", forced=False)
    replicating.wait()
    assert provider.observe(group, "east").health == "error"
    assert "split brain" in provider.observe(group, "east").message
    assert provider.resync(group, "east")
    assert not provider.resync(group, "east")
    assert storage.copy("east", "disk-0") == storage.copy("west", "disk-0") == ["new life"]
    assert roles(replicating) == ("secondary", "primary")
    assert set(replicating.asked("east").values()) == {"secondary"}

    provider.demote(group, "west")
    assert provider.final_sync(group, "west", "east").holds
    assert provider.promote(group, "east", forced=False)
    assert [site for site, _volume in storage.forced] == ["west"] * len(storage.forced)


def test_a_resync_that_nothing_arrives_by_is_none(replicating: World) -> None:
    """The copy says that it follows, as soon as it has the order."""
    storage, provider, group = replicating.storage, replicating.provider, replicating.group
    storage.linked = False
    provider.promote(group, "west", forced=True)
    provider.demote(group, "east")
    for _attempt in range(2):
        with pytest.raises(Timeout, match=r"0 of \d are primary with a sync after the promotion"):
            provider.resync(group, "east")
    storage.linked = True
    provider.resync(group, "east")
    assert replicating.storage.copy("east", "disk-0") == replicating.storage.copy("west", "disk-0")
    assert roles(replicating) == ("secondary", "primary")


def test_a_split_brain_that_shows_when_the_link_is_back_is_ended_by_the_next_resync(replicating: World) -> None:
    """Until the controller looks again, the copy says that it follows, as it did while nobody could know better."""
    storage, provider, group = replicating.storage, replicating.provider, replicating.group
    storage.write("east", "disk-0", "lost")
    storage.linked = False
    provider.promote(group, "west", forced=True)
    provider.demote(group, "east")
    with pytest.raises(Timeout, match="a sync after the promotion"):
        provider.resync(group, "east")
    storage.linked = True
    assert provider.observe(group, "east").health == "healthy"
    assert provider.resync(group, "east")
    assert storage.copy("east", "disk-0") == storage.copy("west", "disk-0") == []
    assert roles(replicating) == ("secondary", "primary")


def test_copies_whose_split_brain_shows_one_after_the_other_are_all_thrown_away() -> None:
    made = enabled(world(volumes=3))
    storage, provider, group = made.storage, made.provider, made.group
    for number in range(3):
        storage.write("east", f"disk-{number}", "lost")
    storage.linked = False
    provider.promote(group, "west", forced=True)
    for number in range(3):
        made.apis["east"].patch(VOLUME_REPLICATION, f"disk-{number}", "payroll", {"spec": SECONDARY})
        made.wait(9)
    # the controller has looked at all of them while the link was cut, and looks again at different moments
    made.wait(30)
    storage.linked = True
    assert provider.resync(group, "east")
    assert [storage.copy("east", f"disk-{number}") for number in range(3)] == [[]] * 3
    assert roles(made) == ("secondary", "primary")


@pytest.mark.parametrize("notices_after", [0.05, 2.0, 20.0])
def test_a_copy_is_ordered_again_where_its_storage_had_not_noticed_the_new_primary(
    replicating: World, notices_after: float
) -> None:
    """Its split brain was reported before the peer was demoted, too. The order is taken, and nothing comes of it."""
    storage, provider, group = replicating.storage, replicating.provider, replicating.group
    storage.write("east", "disk-0", "lost")
    storage.linked = False
    provider.promote(group, "west", forced=True)
    storage.write("west", "disk-0", "new life")
    storage.linked = True
    provider.demote(group, "east")
    replicating.wait()
    assert provider.observe(group, "east").health == "error"
    provider.demote(group, "west")
    provider.promote(group, "west", forced=True)
    storage.unaware.add("east")
    replicating.time.at(replicating.time.seconds + notices_after, storage.unaware.clear)
    assert provider.resync(group, "east")
    assert storage.copy("east", "disk-0") == ["new life"]
    assert roles(replicating) == ("secondary", "primary")


def diverge(made: World) -> None:
    """What was written at east is lost by a failover to west, and the copy there reports that."""
    storage, provider, group = made.storage, made.provider, made.group
    storage.write("east", "disk-0", "lost")
    storage.linked = False
    provider.promote(group, "west", forced=True)
    storage.linked = True
    provider.demote(group, "east")
    made.wait()


def test_a_copy_that_no_order_helps_ends_with_what_its_product_says(replicating: World) -> None:
    storage, provider, group = replicating.storage, replicating.provider, replicating.group
    diverge(replicating)
    replicating.apis["east"].writes.clear()

    def refuse(_site: str, _volume: str, force: bool) -> bool:
        if not force:
            raise RuntimeError("split brain")
        return False

    storage.resync = refuse  # type: ignore[method-assign]
    with pytest.raises(Timeout, match=r"FailedToResync.*split brain"):
        provider.resync(group, "east")
    # of each of two volumes, and back to secondary, for as long as the group's timeout
    assert len(replicating.written("east")) <= 2 * 2 * (300 / AGAIN_AFTER + 1)


def test_a_copy_that_reports_errors_while_it_is_made_anew_is_ordered_once(replicating: World) -> None:
    storage, provider, group = replicating.storage, replicating.provider, replicating.group
    diverge(replicating)
    resync, ordered = storage.resync, {}

    def slow(site: str, volume: str, force: bool) -> bool:
        since = ordered.setdefault(volume, replicating.time.seconds) if force else ordered.get(volume)
        if since is None or (not force and replicating.time.seconds < since + 20):
            raise RuntimeError("there is no such image")
        return resync(site, volume, force)

    storage.resync = slow  # type: ignore[method-assign]
    before = generations(replicating)
    assert provider.resync(group, "east")
    # thrown away, and secondary again
    assert {after - before[name] for name, after in generations(replicating).items()} == {2}


def generations(made: World) -> dict[str, int]:
    return {
        name: item["metadata"]["generation"]
        for (kind, _space, name), item in made.apis["east"].objects.items()
        if kind in REPLICATIONS
    }


def test_a_copy_that_follows_is_not_thrown_away(replicating: World) -> None:
    assert not replicating.provider.resync(replicating.group, "west")
    assert replicating.written("west") == []


def test_a_copy_is_thrown_away_only_for_a_primary(replicating: World) -> None:
    replicating.provider.demote(replicating.group, "east")
    before = replicating.asked("east")
    with pytest.raises(Refused, match="at west: role secondary"):
        replicating.provider.resync(replicating.group, "east")
    assert replicating.asked("east") == before
