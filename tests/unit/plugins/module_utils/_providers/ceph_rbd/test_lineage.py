# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether one copy holds all of the other: mirror snapshots and journals as two Ceph 16.2.15 clusters gave them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._providers.ceph_rbd.lineage import (
    arrival,
    has_complete_copy,
    is_half_a_sync,
)

EAST, WEST = "19d3ab03-ac6b-4521-bdc6-a2fb62aad043", "b1e2d761-62d0-466d-970f-85b6d0f31703"


def snapshot(number: int, state: str, origin: str = "", origin_id: int | None = None, **changes: Any) -> dict[str, Any]:
    known = {"id": number, "state": state, "complete": True, "origin": origin, "origin_id": origin_id, "copied": 4}
    return {**known, **changes}


def image(*snapshots: dict[str, Any], mode: str = "snapshot", **more: Any) -> dict[str, Any]:
    mirror = {"mode": mode, "state": "enabled", "primary": False, "global_id": "5041f09a"}
    return {"id": "102fa7eb61de", "mirror": mirror, "snapshots": list(snapshots), **more}


DEMOTED = image(snapshot(4, "primary"), snapshot(9, "demoted"))
ARRIVED = snapshot(9, "demoted-copy", EAST, 9)


@pytest.mark.parametrize(
    ("source", "target", "holds", "is_copy"),
    [
        (DEMOTED, image(ARRIVED), True, False),
        # an earlier attempt promoted it
        (DEMOTED, image(ARRIVED, snapshot(11, "primary")), True, False),
        # the last snapshot before the demotion is not the demotion's
        (DEMOTED, image(snapshot(4, "non-primary", EAST, 4)), False, False),
        (DEMOTED, image({**ARRIVED, "complete": False}), False, False),
        (DEMOTED, image(), False, False),
        # of another cluster, which happens to count alike
        (DEMOTED, image({**ARRIVED, "origin": "another"}), False, False),
        # still primary
        (image(snapshot(4, "primary")), image(snapshot(4, "non-primary", EAST, 4)), False, False),
        # both were primary once, and both are demoted: the old copy does not hold the newer
        (DEMOTED, image(snapshot(7, "demoted")), False, False),
        # a source that only followed the target
        (image(snapshot(10, "non-primary", WEST, 11)), image(snapshot(11, "primary")), True, True),
        (image(), image(ARRIVED), False, False),
    ],
)
def test_a_demotion_snapshot_has_arrived_or_not(source: Any, target: Any, holds: bool, is_copy: bool) -> None:
    found = arrival(source, EAST, target, WEST)
    assert (found.holds, found.is_copy) == (holds, is_copy)
    assert found.source
    assert found.target


def test_what_is_incomplete_says_how_far_it_is() -> None:
    found = arrival(DEMOTED, EAST, image({**ARRIVED, "complete": False, "copied": 3}), WEST)
    assert found.target == "snapshot 9 (demoted-copy of the peer's 9, incomplete: 3 objects copied)"


def test_images_of_other_origin_or_mode_prove_nothing() -> None:
    stranger = image(ARRIVED)
    stranger["mirror"] = {**stranger["mirror"], "global_id": "another"}
    assert not arrival(DEMOTED, EAST, stranger, WEST).holds
    assert not arrival(DEMOTED, EAST, image(mode="journal", journal={}), WEST).holds


POSITIONS = [
    {"object_number": 0, "tag_tid": 3, "entry_tid": 0},
    {"object_number": 3, "tag_tid": 1, "entry_tid": 3},
]


@pytest.mark.parametrize(
    ("clients", "holds", "text"),
    [
        ({"": POSITIONS, WEST: POSITIONS}, True, "tag 3 entry 0"),
        ({"": POSITIONS, WEST: POSITIONS[1:]}, False, "tag 1 entry 3"),
        ({"": POSITIONS, WEST: []}, False, "nothing of the journal"),
        # after a cut in the middle of a replay, from a demoted image
        ({"": POSITIONS, WEST: [POSITIONS[0], {**POSITIONS[1], "entry_tid": 1}]}, False, "behind a gap"),
        ({"": POSITIONS, "another": POSITIONS}, False, "not connected"),
        ({"": []}, True, "an empty journal"),
    ],
)
def test_a_journal_is_taken_to_its_end_or_not(clients: dict[str, Any], holds: bool, text: str) -> None:
    journal = {name: {"state": "connected", "positions": positions} for name, positions in clients.items()}
    found = arrival(image(mode="journal", journal=journal), EAST, image(mode="journal", journal={}), WEST)
    assert found.holds is holds
    assert text in found.target


def test_a_client_that_was_thrown_off_the_journal_proves_nothing() -> None:
    journal = {
        "": {"state": "connected", "positions": POSITIONS},
        WEST: {"state": "disconnected", "positions": POSITIONS},
    }
    assert not arrival(image(mode="journal", journal=journal), EAST, image(mode="journal"), WEST).holds


COMPLETE, UNDER_WAY = snapshot(4, "non-primary", EAST, 4), snapshot(6, "non-primary", EAST, 6, complete=False)
# what a forced promotion makes first
MARK, MARKED_AGAIN = snapshot(8, "non-primary"), snapshot(9, "non-primary")


@pytest.mark.parametrize(
    ("snapshots", "half"),
    [
        # when the source was lost; Ceph goes back to the complete one
        ([COMPLETE, UNDER_WAY], False),
        ([COMPLETE, UNDER_WAY, MARK], True),
        ([COMPLETE, UNDER_WAY, MARK, MARKED_AGAIN], True),
        # there is nothing to go back from
        ([COMPLETE, MARK], False),
        ([snapshot(4, "primary")], False),
        ([], False),
    ],
)
def test_p5_a_forced_promotion_that_was_cut_off_is_told_from_one_that_was_not(snapshots: Any, half: bool) -> None:
    assert is_half_a_sync(image(*snapshots)) is half


def test_a_copy_without_a_complete_snapshot_is_none() -> None:
    assert has_complete_copy(image(ARRIVED))
    assert not has_complete_copy(image({**ARRIVED, "complete": False}))
    assert not has_complete_copy(image())


def journaled(state: str, description: str, up: bool = True, **more: Any) -> dict[str, Any]:
    return image(mode="journal", status={"state": state, "description": description, "up": up}, **more)


@pytest.mark.parametrize(
    ("facts", "whole"),
    [
        (journaled("syncing", "bootstrapping, IMAGE_SYNC/COPY_OBJECT 3%"), False),
        # waits for its turn: nothing of it is here
        (journaled("syncing", "syncing"), False),
        # rbd-mirror has died meanwhile
        (journaled("syncing", "bootstrapping, IMAGE_SYNC/COPY_OBJECT 3%", up=False), False),
        (journaled("stopped", "bootstrapping, IMAGE_SYNC/CREATE_SYNC_POINT"), False),
        (journaled("replaying", 'replaying, {"entries_behind_primary":0}'), True),
        # rbd-mirror was started again, and its peer is dead
        (journaled("starting_replay", "starting replay"), True),
        (journaled("unknown", "status not found", up=False), True),
        (journaled("unknown", "remote image is not primary"), True),
        (journaled("stopped", "stopped"), True),
        (journaled("error", "error bootstrapping replay"), True),
    ],
)
def test_p4_only_a_first_copy_that_has_not_ended_makes_a_journaled_image_none(facts: Any, whole: bool) -> None:
    assert has_complete_copy(facts) is whole


@pytest.mark.parametrize(
    ("facts", "whole"),
    [
        # in its first half minute, and again once rbd-mirror was started anew
        (journaled("unknown", "status not found", up=False, sync_point=True), False),
        (journaled("starting_replay", "starting replay", sync_point=True), False),
        (journaled("error", "error bootstrapping replay", sync_point=True), False),
        # the copy has ended, and the removal of its snapshot has not arrived
        (journaled("replaying", "replaying, {}", sync_point=True), True),
        (journaled("unknown", "status not found", up=False, sync_point=False), True),
    ],
)
def test_p3_a_first_copy_that_nobody_reports_is_known_by_its_snapshot(facts: Any, whole: bool) -> None:
    assert has_complete_copy(facts) is whole
