"""A lost site, from protect to running VMs at the other one, on real components."""

from __future__ import annotations

import os
import signal
import subprocess
import time

import pytest
from conftest import World, must
from demo.__main__ import alive, await_replicated, await_writing
from demo.cluster import wait_until
from demo.verdict import judge
from demo.workload import NAMESPACE, not_ready


def assert_as_it_must_be(world: World) -> None:
    running = [vm.name for vm in world.vms if vm.running]
    before, after = world.lab.records("east"), await_writing(world.lab, running)
    verdict = judge(
        world.vms,
        world.cluster("west"),
        world.sites["east"]["nfs_server"],
        before,
        after,
        alive(world.lab, "east"),
    )
    assert verdict.problems == []
    assert verdict.running == len(running)


@pytest.fixture
def lost(protected: World) -> World:
    await_replicated(protected.sites)
    protected.lab.run("lose", "east")
    return protected


def test_a_failover_ends_with_every_vm_running_from_its_replicated_disk(lost: World) -> None:
    must(lost.failover())
    assert_as_it_must_be(lost)


def test_the_same_command_again_changes_nothing(lost: World, snapshot) -> None:
    must(lost.failover())
    west = lost.cluster("west")
    wait_until("running VMs", 60, lambda: not_ready(west, [vm.name for vm in lost.vms if vm.running]))
    before = {vm["metadata"]["name"]: vm["spec"] for vm in west.list("VirtualMachine", NAMESPACE)}
    records = snapshot(west)
    again = must(lost.failover())
    assert again.changed == 0
    assert {vm["metadata"]["name"]: vm["spec"] for vm in west.list("VirtualMachine", NAMESPACE)} == before
    changed = {key for key, version in snapshot(west).items() if records.get(key) != version}
    # virt-controller goes on writing the status of VMs
    assert {key for key in changed if not key.startswith("VirtualMachine/")} == set()


def test_p9_check_mode_writes_nothing_and_shows_the_decisions(lost: World, snapshot) -> None:
    west = lost.cluster("west")
    before = {key for key in snapshot(west) if "/kube-" not in key}
    played = must(lost.failover("--check"))
    assert {key for key in snapshot(west) if "/kube-" not in key} == before
    assert lost.environment["sites"]["west"]["nfs_server"] in played.output or "rule 0" in played.output


def test_p5_killed_in_the_middle_the_same_command_finishes(lost: World) -> None:
    process = subprocess.Popen(
        [
            "ansible-playbook",
            "ocpvirt.dr.failover",
            "-e",
            f"dr_plan={lost.plan_file}",
            "-e",
            "dr_target=west",
            "-e",
            "dr_declare_lost=east",
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    west = lost.cluster("west")

    def not_yet() -> list[str]:
        return [] if west.list("VirtualMachineInstance", NAMESPACE) else ["the first VMI"]

    wait_until("the start to begin", 240, not_yet)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    began = time.monotonic()
    must(lost.failover())
    assert_as_it_must_be(lost)
    assert "attempt 2" in lost.log.read_text()
    assert time.monotonic() - began < 300


def test_p4_an_unreachable_source_is_refused_without_a_declaration(lost: World) -> None:
    began = time.monotonic()
    played = lost.play("failover", "-e", "dr_target=west")
    assert played.returncode != 0
    assert "dr_declare_lost=east" in played.output
    assert time.monotonic() - began < 60
