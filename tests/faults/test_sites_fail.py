# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of the sites that fail in the middle of a move."""

from __future__ import annotations

from functools import partial

import pytest
from ansible_collections.ocpvirt.dr.tests.faults.fault_names import (
    FULL_TARGET,
    OBJECT_STORE,
    SOURCE_API,
    SOURCE_CUT_OFF,
    STORAGE_LINK,
    TARGET_API,
    TARGET_CUT_OFF,
)
from ansible_collections.ocpvirt.dr.tests.faults.final_state import final_state
from ansible_collections.ocpvirt.dr.tests.faults.kills import Place
from ansible_collections.ocpvirt.dr.tests.faults.move import RELOCATE
from ansible_collections.ocpvirt.dr.tests.faults.operations import operations
from ansible_collections.ocpvirt.dr.tests.faults.outages import Nodes, restart_api_server, restore_object_store
from ansible_collections.ocpvirt.dr.tests.faults.stage import Stage
from ansible_collections.ocpvirt.dr.tests.integration.world import must
from demo.cluster import wait_until
from demo.observation import newest_run, running_at
from demo.workload import NAMESPACE, not_ready

pytestmark = pytest.mark.full
# what failed is back: one attempt may still meet what it left, the next one must not
TRIES = 2
# what waits for the object store would wait for a quarter of an hour
IMPATIENT = ("-e", "capture_timeout=30", "-e", "metadata_timeout=30")
# a VM without a node keeps nobody waiting for longer
HURRIED = "20s"
AT_THE_TARGET = ((TARGET_API, "volumes"), (TARGET_API, "start"))
RESTARTS: dict[str, tuple[tuple[str, str | Place], ...]] = {
    "relocate": ((SOURCE_API, "quiesce"), *AT_THE_TARGET),
    "failover": AT_THE_TARGET,
    # first while its target is cleaned, whose VMs came back
    "failback": ((TARGET_API, Place(1, "quiesce")), (SOURCE_API, "quiesce"), *AT_THE_TARGET),
}
# what needs the object store, and the step before it: it may be done already before the store is gone.
# A failover chooses from captures that were taken before; at home a failback finds all that its capture holds
WITHOUT_STORE = {
    "relocate": (("capture", "begin"), ("metadata", "promote")),
    "failover": (("metadata", "promote"),),
    "failback": (("capture", "begin"),),
}


@operations("relocate", "failover", "failback")
def test_p5_a_move_outlives_restarts_of_either_api_server(stage: Stage, operation: str) -> None:
    move = stage.before(operation)
    began = stage.depart(move)
    attempt = stage.begin(move)
    for fault, step in RESTARTS[operation]:
        site = move.source if fault == SOURCE_API else move.target
        attempt = stage.struck(
            move, step, fault, partial(restart_api_server, stage, site), attempt=attempt, tries=TRIES
        )
    attempt.wait()
    stage.finish(move, began, TRIES)


@operations("relocate", "failover", "failback")
def test_p5_a_move_that_loses_the_object_store_is_finished_once_that_is_back(stage: Stage, operation: str) -> None:
    if operation == RELOCATE.playbook:
        stage.come_home()
    move = stage.before(operation)
    if move is RELOCATE:
        # what is there already needs no restore
        stage.clear(move.target)
    began = stage.depart(move)
    for step, struck in WITHOUT_STORE[operation]:
        attempt = stage.struck(
            move, struck, OBJECT_STORE, partial(stage.world.lab.kill, "hub", "s3"), *IMPATIENT, tries=TRIES
        )
        try:
            assert attempt.wait() != 0, f"{step} was done without it"
            if step == "capture":
                # nothing was touched yet
                assert running_at(stage.world.cluster(move.source)) == set(stage.world.running)
        finally:
            restore_object_store(stage)
    stage.finish(move, began, TRIES)


def test_p3_a_storage_link_that_is_cut_during_the_final_sync_sends_everything_back(stage: Stage) -> None:
    world, move = stage.world, stage.onward()
    before = final_state(world, stage.standing)
    began = stage.depart(move)
    attempt = stage.struck(move, "sync", STORAGE_LINK, partial(world.lab.run, "partition"))
    try:
        assert attempt.wait() != 0
    finally:
        world.lab.run("heal")
    assert "was rolled back" in attempt.output
    assert newest_run(world.cluster(move.target))["state"] == "rolled_back"
    source = world.cluster(move.source)
    wait_until("running VMs at the source", 120, lambda: not_ready(source, world.running))
    assert running_at(world.cluster(move.target)) == set()
    must(world.play("reprotect"))
    world.storage.await_replicated(world.sites)
    stage.gone_back(move, began, before)


def test_p5_a_move_that_is_killed_while_it_goes_back_is_finished_by_the_same_command(stage: Stage) -> None:
    world, move = stage.world, stage.onward()
    began = stage.depart(move)
    attempt = stage.struck(move, "sync", STORAGE_LINK, partial(world.lab.run, "partition"))
    try:
        assert attempt.reaches(Place(1, "rollback"), after=3)
        attempt.kill()
        stage.tally.kills[move.playbook] += 1
    finally:
        world.lab.run("heal")
    stage.free_locks()
    stage.finish(move, began, TRIES)


def test_p5_a_move_that_is_cut_off_on_the_way_is_finished_once_both_sites_are_seen_again(stage: Stage) -> None:
    world, move = stage.world, stage.onward()
    began = stage.depart(move)
    for site, step, fault in ((move.target, "volumes", TARGET_CUT_OFF), (move.source, "promote", SOURCE_CUT_OFF)):
        attempt = stage.struck(move, step, fault, partial(world.lab.run, "partition", site), tries=TRIES)
        try:
            attempt.wait()
            if site == move.target:
                assert running_at(world.cluster(move.source)) == set()
        finally:
            world.lab.run("heal")
            stage.witness.unseen(site)
    stage.finish(move, began, TRIES)


@operations("relocate", "failover")
def test_p10_a_target_that_is_full_half_way_names_what_waits_and_takes_the_rest_once_it_has_room(
    stage: Stage, operation: str
) -> None:
    world, move = stage.world, stage.before(operation)
    began = stage.depart(move)
    document = world.changed_plan()
    document["startup"]["readiness"]["timeout"] = HURRIED
    document["startup"]["retries"] = {"attempts": 0}
    hurried = ("-e", f"dr_plan={world.write_plan('hurried', document)}")
    target = world.cluster(move.target)
    nodes = Nodes(target)
    strike = partial(nodes.fill_once_one_is_ready, world.running)
    attempt = stage.struck(move, "start", FULL_TARGET, strike, *hurried)
    try:
        code = attempt.wait()
        waiting = nodes.unplaced()
        ready = set(world.running) - set(not_ready(target, world.running))
    finally:
        nodes.free()
    stage.finish(move, began)
    assert code != 0
    assert ready
    assert waiting == set(world.running) - ready
    unnamed = [name for name in waiting if f"{NAMESPACE}/{name}" not in attempt.output]
    assert unnamed == []
    assert "nodes are available" in attempt.output
