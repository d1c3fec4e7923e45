# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What volsync does when it is killed, cut off or asked at the wrong side, and where objects or answers are missing."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import (
    Conflict,
    NotFound,
    Refused,
    TerminalState,
    Timeout,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.api_faults import (
    create_before_us,
    give_no_answer,
    repeat_creations,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.killing import Killed, killed_after
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.volsync.double import DESTINATION, SOURCE
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


def test_p3_a_final_sync_that_is_cut_in_the_middle_is_no_proof(replicating: World) -> None:
    made = replicating
    made.data.write("east", "disk-0", "last words")
    made.provider.demote(made.group, "east")

    def cut() -> None:
        made.data.linked = False

    made.time.at(made.time.seconds + 4, cut)
    with pytest.raises(Timeout, match=r"(the final sync|before the demotion).*the mover failed: connection refused"):
        made.provider.final_sync(made.group, "east", "west")
    assert made.provider.observe(made.group, "east").sync_proof == ""
    with pytest.raises(Refused, match="its final sync is not proven"):
        made.provider.promote(made.group, "west", forced=False)
    made.data.linked = True
    switch(made)
    assert made.data.read("west", "disk-0") == ["last words"]


@pytest.mark.parametrize("seen", ["connection refused", "timed out"])
def test_p1_a_peer_that_refuses_or_drops_permits_nothing(replicating: World, seen: str) -> None:
    made = replicating
    made.provider.demote(made.group, "east")
    made.provider.final_sync(made.group, "east", "west")
    made.apis["west"].writes.clear()
    give_no_answer(made.apis["east"], seen)
    with pytest.raises(Refused, match=f"{seen}.*declare it lost"):
        made.fresh().promote(made.group, "west", forced=False)
    assert made.writes("west") == []
    assert made.fresh().promote(made.group, "west", forced=True)


def test_p1_the_wrong_side_is_refused_and_nothing_is_written(replicating: World) -> None:
    made = replicating
    for verb, said in (
        (lambda: made.provider.enable(made.group, "west", "east"), "at east it has a ReplicationSource"),
        (lambda: made.provider.final_sync(made.group, "west", "east"), "demote it first"),
        (lambda: made.provider.resync(made.group, "east"), "promote west first"),
    ):
        with pytest.raises(Refused, match=said):
            verb()
    assert made.provider.demote(made.group, "west") is False
    assert made.provider.promote(made.group, "east", forced=False) is False
    assert (made.writes("east"), made.writes("west")) == ([], [])
    del made.apis["east"].objects[SOURCE, "payroll", "disk-0"], made.apis["east"].objects[SOURCE, "payroll", "disk-1"]
    with pytest.raises(Refused, match="here it is a replica"):
        made.fresh().enable(made.group, "west", "east")


@pytest.mark.parametrize("verb", ["demote", "resync", "pause", "resume"])
def test_objects_that_are_not_there_are_named_with_the_way_to_make_them(verb: str) -> None:
    made = world()
    with pytest.raises(NotFound, match=r"payroll/disk-0.*no ReplicationSource.*run protect"):
        getattr(made.provider, verb)(made.group, "east")
    assert made.writes("east") == []


def test_p4_a_source_that_is_deleted_under_a_resync_ends_it(replicating: World) -> None:
    made = replicating
    made.provider.promote(made.group, "west", forced=True)
    made.provider.demote(made.group, "east")
    made.apis["west"].slow = 60.0
    objects = made.apis["west"].objects
    made.time.at(made.time.seconds + 10, lambda: objects.pop((SOURCE, "payroll", "disk-1")))
    with pytest.raises(TerminalState, match=r"payroll/disk-1 at site west.*was deleted meanwhile"):
        made.provider.resync(made.group, "east")


def test_an_error_of_the_operators_is_told_and_no_last_state(replicating: World) -> None:
    """VolSync tries again what has failed: none of its states is a last one."""
    made = replicating
    error = {"type": "Synchronizing", "status": "False", "reason": "Error", "message": "no VolumeSnapshotClass"}
    made.item("east", SOURCE)["status"]["conditions"] = [error]
    seen = made.provider.observe(made.group, "east")
    assert (seen.role, seen.health) == ("primary", "error")
    assert "Error: no VolumeSnapshotClass" in seen.message
    made.apis["east"].stopped = True
    made.provider.demote(made.group, "east")
    with pytest.raises(Timeout, match="Error: no VolumeSnapshotClass"):
        made.provider.final_sync(made.group, "east", "west")


def test_a_version_that_tells_no_result_of_its_movers_is_believed_by_its_trigger(replicating: World) -> None:
    made = replicating
    for api in made.apis.values():
        end = api._end

        def silently(item: dict[str, Any], end: Any = end) -> None:
            end(item)
            del item["status"]["latestMoverStatus"]

        api._end = silently  # type: ignore[method-assign]
    made.data.write("east", "disk-0", "last words")
    switch(made)
    assert made.data.read("west", "disk-0") == ["last words"]


@pytest.mark.parametrize("site", ["east", "west"])
def test_p5_an_object_that_a_request_made_whose_answer_was_lost_is_taken_for_it(site: str) -> None:
    """The API server restarts under a POST: repeated, it is told that the object exists."""
    made = world(volumes=1)
    repeat_creations(made.apis[site])
    assert made.provider.enable(made.group, "east", "west")
    made.wait()
    assert roles(made) == ("primary", "secondary")


def test_p8_an_object_that_somebody_makes_meanwhile_is_not_taken_for_ours() -> None:
    made = world(volumes=1)
    create_before_us(made.apis["east"])
    with pytest.raises(Conflict):
        made.provider.enable(made.group, "east", "west")


def test_p1_a_group_one_of_whose_volumes_another_product_replicates_does_not_switch(replicating: World) -> None:
    """VolSync has no object of that claim: the group is none of its alone, and none of it is touched."""
    made = replicating
    for site, kind in (("east", SOURCE), ("east", DESTINATION), ("west", DESTINATION)):
        del made.apis[site].objects[kind, "payroll", "disk-1"]
    assert made.fresh().observe(made.group, "east").role == "unknown"
    with pytest.raises(NotFound, match="payroll/disk-1"):
        made.fresh().demote(made.group, "east")
    with pytest.raises(NotFound, match="payroll/disk-1"):
        made.fresh().check_movable([made.group], "east", "west")
    assert (made.writes("east"), made.writes("west")) == ([], [])


def test_p3_a_copy_that_was_forced_before_it_had_the_final_sync_is_no_proof(replicating: World) -> None:
    """The source has ended a final sync; the copy was promoted without it, as by somebody else meanwhile."""
    made = replicating
    made.provider.demote(made.group, "east")
    made.provider.final_sync(made.group, "east", "west")
    for name in ("disk-0", "disk-1"):
        made.item("west", DESTINATION, name)["status"]["lastManualSync"] = "of before"
    made.provider.promote(made.group, "west", forced=True)
    with pytest.raises(Refused, match="role primary"):
        made.fresh().final_sync(made.group, "east", "west")
