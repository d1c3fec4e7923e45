# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts in which something breaks in the middle: the API server, its watches, a node, a person, the run itself."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.run.progress import progress_directory
from ansible_collections.ocpvirt.dr.tests.integration.faulty_front import Front, front_of
from ansible_collections.ocpvirt.dr.tests.integration.fleet import (
    CAP,
    MANUAL,
    Fleet,
    assert_all_ran_once,
    assert_in_order,
    key,
)
from ansible_collections.ocpvirt.dr.tests.integration.lost_node import LostNode
from ansible_collections.ocpvirt.dr.tests.integration.start_runs import StartRun
from demo.cluster import wait_until
from demo.workload import NAMESPACE
from ocpvirt_lab.start_history import VMI, History

KILLS = 20
# seconds after the first VM began, by when a start is well under way
UNDER_WAY = 4.0
SEED = int(os.environ.get("START_SEED", random.SystemRandom().randrange(1 << 32)))
GIVEN_UP_AFTER = "30s"
# seconds, by which the mean of all requests is beyond what is fast
LATE = 1.5
# so long a request that hangs has no answer, and is then made again
UNANSWERED_FOR = 30


@pytest.fixture
def off(fleet: Fleet) -> Fleet:
    fleet.halt()
    return fleet


@pytest.fixture
def front(fleet: Fleet) -> Iterator[Front]:
    with front_of(fleet.east.kubeconfig) as front:
        yield front


@pytest.fixture
def lost_node(fleet: Fleet) -> Iterator[LostNode]:
    node = LostNode(fleet.east)
    yield node
    node.bring_back()


def through(fleet: Fleet, front: Front, budget: int | None = None) -> Path:
    """The plan with its site, and the start budget of that, behind the front."""
    document = fleet.world.changed_plan()
    if budget is not None:
        document["sites"]["east"]["max_starting"] = budget
    document["sites"]["east"]["kubeconfig"] = str(front.kubeconfig(fleet.world.folder / "front.kubeconfig"))
    return fleet.world.write_plan("front", document)


def progress_of(run_id: str) -> str:
    return (progress_directory() / f"{run_id}.jsonl").read_text()


def assert_undisturbed(fleet: Fleet, history: History, result: dict[str, Any]) -> None:
    """As if nothing had happened."""
    assert result["failures"] == []
    assert history.peak <= CAP
    assert_in_order(fleet, history)
    assert_all_ran_once(fleet, history)


def test_an_api_server_that_is_killed_and_started_again_costs_nothing_but_time(off: Fleet) -> None:
    with off.watched() as watch:
        run = StartRun(off)
        run.go()
        off.await_ready(8)
        off.world.lab.kill("east", "kube-apiserver")
        off.world.lab.run("up")
        result = run.result()
    assert_undisturbed(off, watch.history(agent=True), result)


def test_bursts_of_429_and_watches_that_are_dropped_or_outdated_cost_nothing_but_time(off: Fleet, front: Front) -> None:
    with off.watched() as watch:
        run = StartRun(off, through(off, front))
        run.go()
        off.await_ready(4)
        front.refuse(60, HTTPStatus.TOO_MANY_REQUESTS)
        off.await_ready(12)
        front.drop_watches()
        off.await_ready(19)
        front.drop_watches(outdate=2)
        result = run.result()
    assert (front.refused, watch.history().gaps) == (60, [])
    assert front.dropped >= 2
    # answered by the API server with 410
    assert front.outdated == 2
    assert result["pace"]["slower"] >= 1, result["pace"]
    assert_undisturbed(off, watch.history(agent=True), result)


def test_a_server_that_answers_503_for_a_while_slows_the_pace_and_costs_nothing_but_time(
    off: Fleet, front: Front
) -> None:
    with off.watched() as watch:
        run = StartRun(off, through(off, front))
        run.go()
        off.await_ready(4)
        front.refuse(20, HTTPStatus.SERVICE_UNAVAILABLE)
        result = run.result()
    assert (front.refused, watch.history().gaps) == (20, [])
    assert result["pace"]["slower"] >= 1, result["pace"]
    assert_undisturbed(off, watch.history(agent=True), result)


def test_a_server_that_answers_late_slows_the_pace_until_it_does_not_any_more(off: Fleet, front: Front) -> None:
    with off.watched() as watch:
        run = StartRun(off, through(off, front))
        run.go()
        off.await_ready(4)
        front.latency = LATE
        off.await_ready(10)
        front.latency = 0.0
        result = run.result()
    assert (result["pace"]["slower"] >= 1, result["pace"]["lowest"] < CAP) == (True, True), result["pace"]
    assert watch.history().gaps == []
    assert_undisturbed(off, watch.history(agent=True), result)


def test_a_start_goes_on_with_its_slots_while_the_site_hangs_on_its_budget(off: Fleet, front: Front) -> None:
    with off.watched() as watch:
        run = StartRun(off, through(off, front, budget=CAP))
        run.go()
        off.await_ready(4)
        with front.holding("configmaps/start-budget"):
            began = time.monotonic()
            off.await_ready(12)
            took = time.monotonic() - began
        result = run.result()
    print(f"eight more were ready after {took:.1f} s")
    assert took < UNANSWERED_FOR
    assert "the budget of east, which gives no answer" in progress_of(run.run_id)
    assert watch.history().gaps == []
    assert_undisturbed(off, watch.history(agent=True), result)


def test_vms_of_a_node_that_is_lost_in_the_middle_come_up_on_others(off: Fleet, lost_node: LostNode) -> None:
    with off.watched() as watch:
        run = StartRun(off)
        run.go()
        off.await_ready(8)
        names, starting = lost_node.lose()
        result = run.result()
    history = watch.history(agent=True)
    hit = {key(name) for name in names}
    # in the middle of a wave, whose others it lets go on
    assert starting >= 1
    assert off.to_run - hit
    assert (history.gaps, result["failures"]) == ([], [])
    assert_in_order(off, history)
    # those virt-controller made again
    assert_all_ran_once(off, history, hit)
    assert hit <= history.ready_at.keys() | history.doubles.keys()
    vmis = {vmi["metadata"]["name"]: vmi["status"] for vmi in off.east.list(VMI, NAMESPACE)}
    made_again = set(names) - {MANUAL}
    assert {vmis[name]["phase"] for name in made_again} == {"Running"}
    assert lost_node.name not in {vmis[name]["nodeName"] for name in made_again}


def test_what_needs_a_manual_vm_starts_although_its_node_is_lost_once_it_was_ready(
    off: Fleet, lost_node: LostNode
) -> None:
    """KubeVirt does not make it again; one at a time, all others take several rounds."""
    run = StartRun(off, off.plan("one-by-one", max_starting=1))
    run.go()
    off.await_ready(8)
    lost_node.lose(of=MANUAL)
    result = run.result()
    assert (result["done"], result["failures"], result["never_begun"]) == (True, [], [])
    vmis = {vmi["metadata"]["name"]: vmi["status"]["phase"] for vmi in off.east.list(VMI, NAMESPACE)}
    assert vmis.pop(MANUAL) == "Failed"
    assert ({key(name) for name in vmis}, set(vmis.values())) == (off.to_run - {key(MANUAL)}, {"Running"})


def test_p8_what_others_delete_before_its_turn_is_not_made_again_and_the_rest_starts(off: Fleet) -> None:
    deleted = "web-13"
    with off.watched() as watch:
        run = StartRun(off, off.plan("others", readiness={"agent": True, "timeout": GIVEN_UP_AFTER}))
        run.go()
        off.await_ready(5)
        off.east.delete("VirtualMachine", deleted, NAMESPACE)
        result = run.result()
    # a later round does not know it any more
    assert {failure["vm"] for failure in result["failures"]} <= {key(deleted)}
    assert deleted not in {vm["metadata"]["name"] for vm in off.east.list("VirtualMachine", NAMESPACE)}
    assert_all_ran_once(off, watch.history(agent=True), {key(deleted)})


def test_what_others_stop_while_it_starts_stays_as_they_left_it_and_the_rest_starts(off: Fleet) -> None:
    stopped = "web-12"
    with off.watched() as watch:
        run = StartRun(off, off.plan("others", readiness={"agent": True, "timeout": GIVEN_UP_AFTER}))
        run.go()
        wait_until("a VM that starts", 180, lambda: [] if _is_asked(off, stopped) else [stopped])
        off.east.patch("VirtualMachine", stopped, NAMESPACE, {"spec": {"runStrategy": "Halted"}})
        result = run.result()
    assert {failure["vm"] for failure in result["failures"]} == {key(stopped)}
    assert not _is_asked(off, stopped)
    assert_all_ran_once(off, watch.history(agent=True), {key(stopped)})


def test_what_others_start_before_its_turn_takes_its_slot(off: Fleet) -> None:
    """As many as there are slots, and none of them gets ready: until they are given up nothing else begins."""
    early = ("web-11", "web-12", "web-13")
    off.nowhere(early)
    readiness = {"agent": True, "timeout": GIVEN_UP_AFTER}
    with off.watched() as watch:
        run = StartRun(off, off.plan("early", max_starting=len(early), readiness=readiness, on_failure="continue"))
        run.go()
        wait_until("a start that is under way", 180, lambda: [] if watch.in_flight else ["the first"])
        for name in early:
            off.east.patch("VirtualMachine", name, NAMESPACE, {"spec": {"runStrategy": "Always"}})
        result = run.result()
    history = watch.history(agent=True)
    last = max(history.started[key(name)] for name in early)
    # what was under way before, and what a look has not seen yet
    begun = [name for name, at in history.started.items() if last + 2 < at < last + 25]
    assert (begun, history.gaps) == ([], [])
    assert {failure["vm"] for failure in result["failures"]} == {key(name) for name in early}
    assert_all_ran_once(off, history, {key(name) for name in early})


def test_a_vm_that_others_delete_after_it_was_up_does_not_fail_the_start(off: Fleet) -> None:
    deleted = "db-6"
    with off.watched() as watch:
        run = StartRun(off)
        run.go()
        off.await_ready(8)
        off.east.delete("VirtualMachine", deleted, NAMESPACE)
        result = run.result()
    assert result["failures"] == []
    assert_all_ran_once(off, watch.history(agent=True), {key(deleted)})


def test_p5_killed_at_random_moments_nothing_starts_twice_and_the_order_holds(fleet: Fleet) -> None:
    """As many starts as it takes, each killed again and again until it is done; START_SEED repeats the moments."""
    print(f"START_SEED={SEED}")
    moments = random.Random(SEED)
    latest = _seconds_until_the_first(fleet) + UNDER_WAY
    left = KILLS
    in_flight: list[int] = []
    while left:
        fleet.halt()
        with fleet.watched() as watch:
            run = StartRun(fleet)
            while left and run.killed_after(moments.uniform(0.0, latest)):
                left -= 1
                in_flight.append(watch.in_flight)
            result = run.result()
        assert watch.history().gaps == []
        assert_undisturbed(fleet, watch.history(agent=True), result)
    print(f"in flight when it was killed, {latest:.1f} s after its beginning at the latest: {in_flight}")
    # before its first request, or between two waves, a kill shows little
    assert sum(map(bool, in_flight)) >= KILLS // 4


def _seconds_until_the_first(fleet: Fleet) -> float:
    """From the first line of the module until a VM begins: a busy machine takes several times as long."""
    fleet.halt()
    with fleet.watched() as watch:
        run = StartRun(fleet)
        began = time.monotonic()
        run.result()
    return min(watch.history().started.values()) - began


def _is_asked(fleet: Fleet, name: str) -> bool:
    vm = fleet.east.get("VirtualMachine", name, NAMESPACE)
    return bool(vm["spec"]["runStrategy"] == "Always")
