# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of the sites that fail in the middle of a planned move; each test begins and ends with the plan at its home."""

from __future__ import annotations

import time
from functools import partial

import pytest
from ansible_collections.ocpvirt.dr.tests.faults.kills import Place
from ansible_collections.ocpvirt.dr.tests.faults.move import FAILBACK, RELOCATE
from ansible_collections.ocpvirt.dr.tests.faults.stage import Stage
from ansible_collections.ocpvirt.dr.tests.integration.world import must
from demo.cluster import wait_until
from demo.observation import newest_run, running_at
from demo.workload import not_ready

pytestmark = pytest.mark.full
# what failed is back: one attempt may still meet what it left, the next one must not
TRIES = 2
# what waits for the object store would wait for a quarter of an hour
IMPATIENT = ("-e", "capture_timeout=60", "-e", "metadata_timeout=60")


def restart(stage: Stage, owner: str, component: str) -> None:
    stage.world.lab.kill(owner, component)
    stage.world.lab.run("up")


@pytest.mark.parametrize(("site", "step"), [("east", "quiesce"), ("west", "volumes"), ("west", "start")])
def test_p5_a_move_outlives_the_restart_of_an_api_server(stage: Stage, site: str, step: str) -> None:
    began = time.time()
    strike = partial(restart, stage, site, "kube-apiserver")
    attempt = stage.struck(RELOCATE, step, f"API server of {site} restarted", strike)
    attempt.wait()
    stage.finish(RELOCATE, began, TRIES)
    stage.go(FAILBACK)


@pytest.mark.parametrize("step", ["capture", "metadata"])
def test_p5_a_move_that_lost_the_object_store_is_finished_once_that_is_back(stage: Stage, step: str) -> None:
    began = time.time()
    attempt = stage.struck(RELOCATE, step, "S3 gone", partial(stage.world.lab.kill, "hub", "s3"), *IMPATIENT)
    try:
        code = attempt.wait()
        assert code != 0
        if step == "capture":
            # nothing was touched yet
            assert running_at(stage.world.cluster("east")) == set(stage.world.running)
    finally:
        stage.world.lab.run("up")
    stage.finish(RELOCATE, began, TRIES)
    stage.go(FAILBACK)


def test_p3_a_storage_link_that_is_cut_during_the_final_sync_sends_everything_back(stage: Stage) -> None:
    world = stage.world
    attempt = stage.struck(RELOCATE, "sync", "storage link cut", partial(world.lab.run, "partition"))
    try:
        assert attempt.wait() != 0
    finally:
        world.lab.run("heal")
    assert "was rolled back" in attempt.output
    assert newest_run(world.cluster("west"))["state"] == "rolled_back"
    wait_until("running VMs at east", 120, lambda: not_ready(world.cluster("east"), world.running))
    assert running_at(world.cluster("west")) == set()
    assert stage.judge_writers() == []
    must(world.play("reprotect"))
    world.storage.await_replicated(world.sites)
    stage.tally.runs += 1


def test_p5_a_move_that_is_killed_while_it_goes_back_is_finished_by_the_same_command(stage: Stage) -> None:
    began = time.time()
    world = stage.world
    attempt = stage.struck(RELOCATE, "sync", "storage link cut", partial(world.lab.run, "partition"))
    try:
        assert attempt.reaches(Place(1, "rollback"), after=3)
        attempt.kill()
        stage.tally.kills[RELOCATE.playbook] += 1
    finally:
        world.lab.run("heal")
    stage.free_locks()
    stage.finish(RELOCATE, began, TRIES)
    stage.go(FAILBACK)


def test_p5_a_move_whose_target_was_cut_off_on_the_way_is_finished_once_it_is_seen_again(stage: Stage) -> None:
    began = time.time()
    world = stage.world
    attempt = stage.struck(RELOCATE, "volumes", "target cut off", partial(world.lab.run, "partition", "west"))
    try:
        assert attempt.wait() != 0
        assert running_at(world.cluster("east")) == set()
    finally:
        world.lab.run("heal")
        stage.witness.unseen("west")
    stage.finish(RELOCATE, began, TRIES)
    stage.go(FAILBACK)
