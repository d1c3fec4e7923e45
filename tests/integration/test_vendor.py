# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lost site and a product that restores by itself: we verify, keep VMs off until then, and start them in order."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from ansible_collections.ocpvirt.dr.tests.integration.vendor_product import Product
from ansible_collections.ocpvirt.dr.tests.integration.world import (
    STORE,
    World,
    assert_as_it_must_be,
    empty_world,
    must,
    refused,
    resource_versions,
)
from demo.lab import Lab
from demo.playbook import Played
from demo.workload import NAMESPACE

OPTIONS = ("-e", "metadata_timeout=120")


@dataclass(frozen=True)
class Brought:
    """checked: what `check` said before the loss. refused: the failover in which the product's volumes named east."""

    world: World
    product: Product
    checked: Played
    refused: Played


@pytest.fixture(scope="session")
def brought(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Brought:
    world = empty_world(lab, tmp_path_factory.mktemp("vendor"))
    world.document["metadata"] = {"source": "vendor"}
    world.plan_file = world.write_plan("payroll", world.document)
    world.deploy()
    must(world.protect())
    world.storage.await_replicated(world.sites)
    checked = must(world.check())
    product = Product(world)
    world.lab.run("lose", "east")
    with product.restoring(addresses_of="east"):
        played = world.failover(*OPTIONS)
    return Brought(world, product, checked, played)


@pytest.fixture(scope="session")
def brought_right(brought: Brought) -> World:
    """The product restored its volumes anew, and the same command was given once more."""
    brought.product.take_volumes_away()
    with brought.product.restoring(addresses_of="west"):
        must(brought.world.failover(*OPTIONS))
    return brought.world


def test_the_record_lies_at_both_sites_before_the_loss(brought: Brought) -> None:
    west = brought.world.cluster("west")
    names = [item["metadata"]["name"] for item in west.list("ConfigMap", STORE)]
    assert [name for name in names if name.startswith("record-payroll-east-")]
    assert "no complete capture" not in brought.checked.output


def test_p2_volumes_that_name_east_are_refused_and_nothing_runs(brought: Brought) -> None:
    sites = brought.world.sites
    refused(brought.refused, "verify the volume that the product restored", sites["east"]["nfs_server"])
    west = brought.world.cluster("west")
    assert west.list("VirtualMachineInstance", NAMESPACE) == []
    assert {vm["spec"]["runStrategy"] for vm in west.list("VirtualMachine", NAMESPACE)} == {"Halted"}


def test_p9_check_mode_says_what_is_wrong_and_writes_nothing(brought: Brought) -> None:
    west = brought.world.cluster("west")
    before = resource_versions(west)
    brought.world.failover("--check", *OPTIONS)
    assert resource_versions(west) == before


def test_the_same_command_ends_with_every_vm_running_once_the_volumes_are_right(brought_right: World) -> None:
    assert_as_it_must_be(brought_right)


def test_p7_what_was_off_stays_off(brought_right: World) -> None:
    west = brought_right.cluster("west")
    off = {vm.name for vm in brought_right.vms if not vm.running}
    assert off
    assert off.isdisjoint({vmi["metadata"]["name"] for vmi in west.list("VirtualMachineInstance", NAMESPACE)})


def test_its_volumes_are_kept(brought_right: World) -> None:
    policies = {
        item["metadata"]["name"]: item["spec"]["persistentVolumeReclaimPolicy"]
        for item in brought_right.cluster("west").list("PersistentVolume")
    }
    assert set(policies.values()) == {"Retain"}
