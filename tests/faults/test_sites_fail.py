# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of the sites that fail in the middle of a planned move."""

from __future__ import annotations

import time
from functools import partial

import pytest
from ansible_collections.ocpvirt.dr.tests.faults.kills import Place
from ansible_collections.ocpvirt.dr.tests.faults.outages import Nodes, restart_api_server
from ansible_collections.ocpvirt.dr.tests.faults.stage import Stage
from ansible_collections.ocpvirt.dr.tests.integration.world import must
from demo.cluster import wait_until
from demo.observation import newest_run, running_at
from demo.workload import NAMESPACE, not_ready

pytestmark = pytest.mark.full
# what failed is back: one attempt may still meet what it left, the next one must not
TRIES = 2
# what waits for the object store would wait for a quarter of an hour
IMPATIENT = ("-e", "capture_timeout=60", "-e", "metadata_timeout=60")
# a VM without a node keeps nobody waiting for longer
HURRIED = "20s"


@pytest.mark.parametrize(("end", "step"), [("source", "quiesce"), ("target", "volumes"), ("target", "start")])
def test_p5_a_move_outlives_the_restart_of_an_api_server(stage: Stage, end: str, step: str) -> None:
    move = stage.onward()
    began = time.time()
    strike = partial(restart_api_server, stage, getattr(move, end))
    stage.struck(move, step, f"API server of the {end} restarted", strike).wait()
    stage.finish(move, began, TRIES)


@pytest.mark.parametrize("step", ["capture", "metadata"])
def test_p5_a_move_that_lost_the_object_store_is_finished_once_that_is_back(stage: Stage, step: str) -> None:
    move = stage.onward()
    # what is there already needs no restore
    stage.clear(move.target)
    began = time.time()
    attempt = stage.struck(move, step, "S3 gone", partial(stage.world.lab.kill, "hub", "s3"), *IMPATIENT)
    try:
        code = attempt.wait()
        assert code != 0
        if step == "capture":
            # nothing was touched yet
            assert running_at(stage.world.cluster(move.source)) == set(stage.world.running)
    finally:
        stage.world.lab.run("up")
    stage.finish(move, began, TRIES)


def test_p3_a_storage_link_that_is_cut_during_the_final_sync_sends_everything_back(stage: Stage) -> None:
    world, move = stage.world, stage.onward()
    attempt = stage.struck(move, "sync", "storage link cut", partial(world.lab.run, "partition"))
    try:
        assert attempt.wait() != 0
    finally:
        world.lab.run("heal")
    assert "was rolled back" in attempt.output
    assert newest_run(world.cluster(move.target))["state"] == "rolled_back"
    source = world.cluster(move.source)
    wait_until("running VMs at the source", 120, lambda: not_ready(source, world.running))
    assert running_at(world.cluster(move.target)) == set()
    assert stage.judge_writers() == []
    must(world.play("reprotect"))
    world.storage.await_replicated(world.sites)
    stage.tally.runs += 1


def test_p5_a_move_that_is_killed_while_it_goes_back_is_finished_by_the_same_command(stage: Stage) -> None:
    world, move = stage.world, stage.onward()
    began = time.time()
    attempt = stage.struck(move, "sync", "storage link cut", partial(world.lab.run, "partition"))
    try:
        assert attempt.reaches(Place(1, "rollback"), after=3)
        attempt.kill()
        stage.tally.kills[move.playbook] += 1
    finally:
        world.lab.run("heal")
    stage.free_locks()
    stage.finish(move, began, TRIES)


@pytest.mark.parametrize(("end", "step"), [("target", "volumes"), ("source", "promote")])
def test_p5_a_move_that_was_cut_off_on_the_way_is_finished_once_the_site_is_seen_again(
    stage: Stage, end: str, step: str
) -> None:
    world, move = stage.world, stage.onward()
    began = time.time()
    site = getattr(move, end)
    attempt = stage.struck(move, step, f"{end} cut off", partial(world.lab.run, "partition", site))
    try:
        attempt.wait()
        if end == "target":
            assert running_at(world.cluster(move.source)) == set()
    finally:
        world.lab.run("heal")
        stage.witness.unseen(site)
    stage.finish(move, began, TRIES)


def test_p10_a_target_that_is_full_half_way_names_what_waits_and_takes_the_rest_once_it_has_room(stage: Stage) -> None:
    world, move = stage.world, stage.onward()
    began = time.time()
    document = world.changed_plan()
    document["startup"]["readiness"]["timeout"] = HURRIED
    document["startup"]["retries"] = {"attempts": 0}
    hurried = ("-e", f"dr_plan={world.write_plan('hurried', document)}")
    target = world.cluster(move.target)
    nodes = Nodes(target)
    strike = partial(nodes.fill_once_one_is_ready, world.running)
    attempt = stage.struck(move, "start", "target out of capacity", strike, *hurried)
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
