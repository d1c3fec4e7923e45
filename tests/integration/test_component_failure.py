# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The storage of a site dies some time after the link to the other one was cut, and its cluster goes on answering."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import pytest
from ansible_collections.ocpvirt.dr.tests.integration.neighbours import Neighbour, beside, longest_silence
from ansible_collections.ocpvirt.dr.tests.integration.opposite_plans import deploy_both, protect_all, running_vms
from ansible_collections.ocpvirt.dr.tests.integration.world import STORE, World, empty_world, must, refused
from demo.cluster import wait_until
from demo.lab import Lab
from demo.observation import newest_run
from demo.playbook import Played
from demo.verdict import restarted
from demo.workload import NAMESPACE, not_ready

MAX_LAG = "30s"
# of the record of syncs: so much later than the last sync the source was still seen
SILENCE = 60
LAUNCHER = "kubevirt.io"
# seconds: a loaded machine delays a guest by a few of its periods
DELAYED = 5


@dataclass(frozen=True)
class DeadArray:
    """too_old: the failover whose copy is older than the plan allows; accepted: the next one, which may lose that.

    orders: another plan, which runs where the first one is moved to.
    """

    world: World
    too_old: Played
    vmis_after: list[str]
    accepted: Played
    orders: Neighbour


@pytest.fixture(scope="module")
def dead_array(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeadArray]:
    world = empty_world(lab, tmp_path_factory.mktemp("array"))
    world.document["replication"]["max_lag"] = MAX_LAG
    world.plan_file = world.write_plan("payroll", world.document)
    plans = deploy_both(world)
    world.deploy_bystander()
    protect_all(plans)
    world.storage.await_replicated(world.sites)
    lab.run("partition")
    try:
        wait_until("a record of a source that outlived its link", 240, lambda: seen_after_last_sync(world))
        with beside(plans[1]) as orders:
            lab.kill("east", "storage")
            too_old = world.failover()
            vmis = world.cluster("west").list("VirtualMachineInstance", NAMESPACE)
            accepted = world.failover("-e", "dr_accept_loss=1h")
        yield DeadArray(world, too_old, [item["metadata"]["name"] for item in vmis], accepted, orders)
    finally:
        lab.run("heal")
        lab.run("up")


def seen_after_last_sync(world: World) -> list[str]:
    must(world.play("status", "-e", "dr_record_syncs=true"))
    kept = world.cluster("west").get("ConfigMap", "plan-payroll-syncs-0", STORE)["data"]["shard"]
    syncs = json.loads(gzip.decompress(base64.b64decode(kept)))
    silent = [(moment(sync["seen_at"]) - moment(sync["last_sync"])).total_seconds() for sync in syncs.values()]
    return [f"{SILENCE} s of silence, not {seconds:.0f}" for seconds in silent if seconds < SILENCE]


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_a_copy_that_is_older_than_the_plan_allows_is_refused_before_anything_runs(dead_array: DeadArray) -> None:
    refused(dead_array.too_old, "fail over", "dr_accept_loss=")
    assert dead_array.vmis_after == []


def test_p1_vms_are_off_where_only_the_storage_died_before_they_run_from_their_copies(dead_array: DeadArray) -> None:
    world = dead_array.world
    must(dead_array.accepted)
    east = world.cluster("east")
    launchers = [
        pod for pod in east.list("Pod", NAMESPACE) if pod["metadata"].get("labels", {}).get(LAUNCHER) == "virt-launcher"
    ]
    assert (east.list("VirtualMachineInstance", NAMESPACE), launchers) == ([], [])
    steps = newest_run(world.cluster("west"))["steps"]
    assert moment(steps["quiesce"]["ended"]) <= moment(steps["promote"]["started"])
    wait_until("running VMs", 120, lambda: not_ready(world.cluster("west"), world.running))


def test_p8_what_the_plan_does_not_select_is_untouched_beside_a_dead_storage(dead_array: DeadArray) -> None:
    assert dead_array.world.bystander() == dead_array.world.bystander_before


def test_p8_another_plan_at_the_target_keeps_its_objects_and_its_replication(dead_array: DeadArray) -> None:
    orders = dead_array.orders
    assert orders.after == orders.before
    assert running_vms(orders.plan, "west") == set(orders.plan.running)


def test_p8_guests_of_another_plan_at_the_target_write_on_through_the_failover(dead_array: DeadArray) -> None:
    orders = dead_array.orders
    names, first, last = orders.plan.running, orders.looks[0].disks, orders.looks[-1].disks
    assert restarted(names, first, last) == []
    assert {name: (last[name]["gaps"], last[name]["bad_checksums"]) for name in names} == dict.fromkeys(names, ([], 0))
    silent = {name: longest_silence(orders.looks, name) for name in names}
    assert {name: seconds for name, seconds in silent.items() if seconds > DELAYED} == {}
