# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ceph_rbd checks, sets and takes back where mirroring begins and ends."""

from __future__ import annotations

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict, Refused, Unreachable
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.ceph_rbd.double import (
    CephPair,
    group,
    impatient_pair,
)


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch) -> CephPair:
    return impatient_pair(monkeypatch, "a", "b", "c")


def test_enabling_is_checked_as_a_whole(pair: CephPair) -> None:
    assert pair.provider().enable(group(), "east", "west") is False
    with pytest.raises(Refused, match="not primary: rbd/a, rbd/b, rbd/c"):
        pair.provider().enable(group(), "west", "east")
    with pytest.raises(Conflict, match="another mode than journal"):
        pair.provider().enable(group(mode="journal"), "east", "west")
    pair.peers = False
    with pytest.raises(Refused, match="no mirroring peer"):
        pair.provider().enable(group(), "east", "west")
    pair.peers = True
    pair.images["west"]["b"]["mirror"]["global_id"] = "another"
    with pytest.raises(Conflict, match="no copies of east's: rbd/b;"):
        pair.provider().enable(group(), "east", "west")
    assert pair.asked == []


def test_a_schedule_replaces_the_images_own_and_is_taken_back(pair: CephPair) -> None:
    assert pair.provider().enable(group(schedule="5m"), "east", "west") is True
    assert pair.provider().enable(group(schedule="5m"), "east", "west") is False
    assert pair.provider().enable(group(schedule="1h"), "east", "west") is True
    wanted = {f"rbd/{name}": {"1h"} for name in "abc"}
    assert pair.schedules == {"east": wanted, "west": wanted}
    assert pair.provider().disable(group(schedule="1h"), "east") is True
    assert pair.schedules == {site: {f"rbd/{name}": set() for name in "abc"} for site in ("east", "west")}


def test_p8_copies_leave_the_mirror_before_their_primary_does(pair: CephPair) -> None:
    pair.silent = {"west"}
    with pytest.raises(Unreachable):
        pair.provider().disable(group(), "east")
    assert pair.asked == []
    pair.silent = set()
    assert [pair.provider().enabled(group(), site) for site in ("east", "west")] == [True, True]
    assert pair.provider().disable(group(), "east") is True
    assert [pair.provider().enabled(group(), site) for site in ("east", "west")] == [False, False]
    order = [asked for asked in pair.asked if "disable" in asked]
    assert order[:3] == [f"disable_copy {name} at west" for name in "abc"]
    assert order[3:] == [f"disable {name} at east" for name in "abc"]
    assert pair.provider().disable(group(), "west") is False


def test_without_a_labelled_claim_there_is_nothing_to_end(pair: CephPair) -> None:
    pair.pv_sites = set()
    assert pair.provider().enabled(group(), "east") is False


def test_p8_a_copy_leaves_the_mirror_first_also_where_no_volume_names_it(pair: CephPair) -> None:
    pair.pv_sites = {"east", "west"}
    pair.unmade = {("west", "c")}
    assert pair.provider().disable(group(), "east") is True
    assert pair.asked.index("disable_copy c at west") < pair.asked.index("disable a at east")


def test_a_stranger_is_found_also_where_no_volume_names_it(pair: CephPair) -> None:
    pair.pv_sites = {"east", "west"}
    pair.unmade = {("west", "c")}
    pair.images["west"]["c"]["mirror"]["global_id"] = "another"
    with pytest.raises(Conflict, match="no copies of east's: rbd/c;"):
        pair.provider().enable(group(), "east", "west")


def test_an_image_that_is_let_go_leaves_the_mirror_with_its_copy_and_no_other_does(pair: CephPair) -> None:
    pair.provider().release(group(), "east", ["payroll/b"])
    assert [asked for asked in pair.asked if "disable" in asked] == ["disable b at east"]


def test_p5_images_whose_mirroring_began_although_the_answer_was_lost_are_taken() -> None:
    """What leads to the cluster broke: the same is asked again, and Ceph says that each exists."""
    pair = CephPair("a", "b")
    for site in ("east", "west"):
        pair.images[site].clear()
    for name in "ab":
        pair.images["east"][name] = {"id": f"east-{name}"}
    pair.lost_answers = ["enable_snapshot"]
    assert pair.provider().enable(group(), "east", "west") is True
    assert (pair.lost_answers, pair.role("east"), pair.role("west")) == ([], "primary", "secondary")
    assert pair.asked == [f"enable_snapshot {name} at east" for name in "ab"] * 2
