"""A lost site, from protect to running VMs at the other one, on real components."""

from __future__ import annotations

import re
import time

from ansible_collections.ocpvirt.dr.tests.integration.captures import Decided
from ansible_collections.ocpvirt.dr.tests.integration.killed_run import KilledRun
from ansible_collections.ocpvirt.dr.tests.integration.silent_source import Moved
from ansible_collections.ocpvirt.dr.tests.integration.world import (
    World,
    assert_as_it_must_be,
    must,
    refused,
    resource_versions,
)
from demo.cluster import wait_until
from demo.workload import NAMESPACE, not_ready


def test_p4_an_unreachable_source_is_refused_without_a_declaration(lost: World) -> None:
    began = time.monotonic()
    refused(lost.play("failover", "-e", "dr_target=west"), "dr_declare_lost=east")
    assert time.monotonic() - began < 60


def test_p9_check_mode_writes_nothing_and_shows_the_decisions(decided: Decided) -> None:
    assert decided.after == decided.before
    sites = decided.bereft.world.sites
    assert f"'{sites['east']['nfs_server']}' becomes '{sites['west']['nfs_server']}'" in decided.played.output


def test_an_approved_failover_of_a_plan_that_was_changed_since_is_refused_with_the_difference(decided: Decided) -> None:
    world = decided.bereft.world
    document = world.changed_plan()
    document["startup"]["max_starting"] = 4
    approved = re.findall(r"dr_fingerprint=[0-9a-f-]+", decided.played.output)[-1]
    played = world.failover("-e", approved, plan=world.write_plan("hasty", document))
    refused(played, "begin the run that was approved", "plan: startup.max_starting was 3 and is 4")


def test_p4_a_source_that_says_nothing_is_asked_at_the_begin_and_once_more(moved_from_silence: Moved) -> None:
    """The begin asks both at once; what each may take is in test_dead_source of the unit tests."""
    assert moved_from_silence.api == len(["begin", "verify"])
    assert moved_from_silence.storage == len(["begin"])


def test_a_failover_ends_with_every_vm_running_from_its_replicated_disk(moved: World) -> None:
    assert_as_it_must_be(moved)


def test_the_same_command_again_changes_nothing(moved: World) -> None:
    west = moved.cluster("west")
    wait_until("running VMs", 60, lambda: not_ready(west, moved.running))
    before = {vm["metadata"]["name"]: vm["spec"] for vm in west.list("VirtualMachine", NAMESPACE)}
    records = resource_versions(west)
    again = must(moved.failover())
    assert again.changed == 0
    assert {vm["metadata"]["name"]: vm["spec"] for vm in west.list("VirtualMachine", NAMESPACE)} == before
    changed = {key for key, version in resource_versions(west).items() if records.get(key) != version}
    # virt-controller goes on writing the status of VMs
    assert {key for key in changed if not key.startswith("VirtualMachine/")} == set()


def test_p5_a_killed_module_ends_and_the_same_command_goes_on(half_started: KilledRun) -> None:
    """The rest of the story is in test_volumes: what the next attempts do with the VM that cannot start."""
    assert half_started.modules
    assert half_started.seconds < 15
