# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A failover is rehearsed at west while production runs at east, and removed again; nobody there notices.

LAB_STORAGES names the storages that the lab was started for, with commas between; nfs by default.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.tests.integration.copying_server import copying_server
from ansible_collections.ocpvirt.dr.tests.integration.moves import kill_when
from ansible_collections.ocpvirt.dr.tests.integration.networks import (
    GROUP,
    attach,
    create_network,
    define_networks,
    forget_networks,
)
from ansible_collections.ocpvirt.dr.tests.integration.rehearsing import (
    SPACE,
    assert_production_untouched,
    await_writing_on_copies,
    left_of_it,
    policies,
    running,
    spaces,
    volumes,
)
from ansible_collections.ocpvirt.dr.tests.integration.world import (
    World,
    empty_world,
    must,
    refused,
    resource_versions,
)
from demo.cluster import Cluster
from demo.lab import Lab
from demo.observation import newest_run, running_at
from demo.workload import NAMESPACE

# off, as no guest of the lab has a network
ATTACHED, NETWORK, BUBBLE = "batch-0", "default/vlan-100", "default-vlan-100"
DENIED = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


@pytest.fixture(scope="module", params=os.environ.get("LAB_STORAGES", "nfs").split(","))
def protected(request: pytest.FixtureRequest, lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The workload runs at east; west's storage can copy what it holds. One VM is on a network that both sites have."""
    world = empty_world(lab, tmp_path_factory.mktemp("rehearsal"), request.param)
    west = world.sites["west"]
    with ExitStack() as stack:
        if request.param == "nfs":
            server = stack.enter_context(copying_server(west["storage_url"], Path(west["storage_root"])))
            world.document["replication"]["options"]["sites"]["west"]["control"] = server.url
            world.write_plan("payroll", world.document)
        for site in world.sites:
            define_networks(world.cluster(site))
            stack.callback(forget_networks, world.cluster(site))
            create_network(world.cluster(site), NETWORK)
        world.deploy()
        attach(world.cluster("east"), ATTACHED, NETWORK)
        must(world.protect())
        world.storage.await_replicated(world.sites)
        yield world


@pytest.fixture(scope="module")
def interrupted(protected: World) -> World:
    """Killed once volumes are there and, so far, no VM."""
    west = protected.cluster("west")
    kill_when(protected, "test_failover", lambda: len(volumes(west)) >= len(protected.vms))
    return protected


@pytest.fixture(scope="module")
def rehearsed(interrupted: World) -> World:
    must(interrupted.play("test_failover", "-v"))
    return interrupted


@pytest.fixture(scope="module")
def half_removed(rehearsed: World) -> World:
    """A cleanup that was killed once VMs were gone."""
    west = rehearsed.cluster("west")
    kill_when(rehearsed, "test_cleanup", lambda: not west.list("VirtualMachine", SPACE))
    return rehearsed


@pytest.fixture(scope="module")
def cleaned(half_removed: World) -> World:
    must(half_removed.play("test_cleanup", "-v"))
    return half_removed


def test_p9_a_rehearsal_in_check_mode_writes_nothing(protected: World) -> None:
    west = protected.cluster("west")
    before = resource_versions(west)
    played = must(protected.play("test_failover", "--check", "-v"))
    assert resource_versions(west) == before
    assert left_of_it(protected) == []
    assert f"Namespace/{SPACE} is made" in played.output


def test_p5_a_rehearsal_that_was_killed_goes_on_with_the_same_copies(interrupted: World, rehearsed: World) -> None:
    west = rehearsed.cluster("west")
    assert running(west) == set(interrupted.running)
    assert newest_run(west)["attempt"] == 2


def test_p1_guests_write_on_copies_and_what_east_replicates_is_written_by_east_alone(rehearsed: World) -> None:
    for name, volume in await_writing_on_copies(rehearsed).items():
        sites = [boot["site"] for boot in volume["boots"]]
        assert sites == (["east", "west"] if name in rehearsed.running else []), name
    assert_production_untouched(rehearsed)


def test_p7_what_was_off_stays_off_in_a_rehearsal(rehearsed: World) -> None:
    off = {vm.name for vm in rehearsed.vms} - set(rehearsed.running)
    assert off
    assert not off & running(rehearsed.cluster("west"))


def test_nothing_enters_or_leaves_the_rehearsal(rehearsed: World) -> None:
    found = policies(rehearsed.cluster("west"))
    assert found.pop("dr-rehearsal-deny-all") == DENIED
    assert list(found) == ["dr-rehearsal-among-themselves"]


def test_networks_of_a_rehearsed_vm_lead_nowhere_and_its_mac_address_stays_with_production(rehearsed: World) -> None:
    east, west = rehearsed.cluster("east"), rehearsed.cluster("west")
    copy, own = (vm_spec(cluster, space) for cluster, space in ((west, SPACE), (east, NAMESPACE)))
    assert [item["multus"]["networkName"] for item in copy["networks"] if "multus" in item] == [BUBBLE]
    macs = [["macAddress" in item for item in spec["domain"]["devices"]["interfaces"]] for spec in (copy, own)]
    assert macs == [[False, False], [False, True]]
    network = west.call("GET", f"/apis/{GROUP}/v1/namespaces/{SPACE}/network-attachment-definitions/{BUBBLE}")
    config = json.loads(network["spec"]["config"])
    assert (config["type"], config["topology"]) == ("ovn-k8s-cni-overlay", "layer2")


def vm_spec(cluster: Cluster, space: str) -> dict[str, Any]:
    spec: dict[str, Any] = cluster.get("VirtualMachine", ATTACHED, space)["spec"]["template"]["spec"]
    return spec


def test_p8_the_plans_own_namespace_is_not_made_at_west(rehearsed: World) -> None:
    west = rehearsed.cluster("west")
    assert spaces(west) == [SPACE]
    assert running_at(west) == set()


def test_the_verdict_is_recorded_with_replication_going_on(rehearsed: World) -> None:
    found = newest_run(rehearsed.cluster("west"))["steps"]["verify"]["summary"]
    assert (found["verdict"], found["groups_gone_on"]) == ("passed", ["payroll"])
    assert found["started"] == len(rehearsed.running)


def test_check_and_status_say_when_the_plan_was_tested(rehearsed: World) -> None:
    output = must(rehearsed.check()).output
    assert "last tested 0 days ago, at west: passed" in output
    assert "RehearsalStands" in output
    assert "last tested 0 days ago at west: passed" in must(rehearsed.play("status")).output


def test_a_second_rehearsal_beside_the_first_is_refused(rehearsed: World) -> None:
    refused(rehearsed.play("test_failover"), "test_cleanup")


def test_p9_a_cleanup_in_check_mode_removes_nothing(rehearsed: World) -> None:
    before = left_of_it(rehearsed)
    must(rehearsed.play("test_cleanup", "--check"))
    assert left_of_it(rehearsed) == before


def test_p5_a_cleanup_that_was_killed_ends_with_nothing_left(half_removed: World, cleaned: World) -> None:
    assert half_removed is cleaned
    assert left_of_it(cleaned) == []
    assert_production_untouched(cleaned)


def test_a_cleanup_of_nothing_changes_nothing(cleaned: World) -> None:
    must(cleaned.play("test_cleanup"))
    assert left_of_it(cleaned) == []


def test_another_rehearsal_begins_anew(cleaned: World) -> None:
    must(cleaned.play("test_failover"))
    assert running(cleaned.cluster("west")) == set(cleaned.running)
    must(cleaned.play("test_cleanup"))
    assert left_of_it(cleaned) == []
