# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""P5: the module that creates volumes is killed before each of its writes, at a real API server, and run again."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import PV, PVC
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.volumes.existing import BIND_COMPLETED
from ansible_collections.ocpvirt.dr.tests.bench.many_volumes import Volumes
from ansible_collections.ocpvirt.dr.tests.bench.module_process import PREFIX, environment, run_module
from demo.cluster import wait_until
from demo.lab import Lab

COUNT = 3
# a claim, its volume and its mark
WRITES = 3 * COUNT
# the module, in a process that kills itself in the place of its write number sys.argv[1]
KILLED = f"""
import os, runpy, signal, sys, threading
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.api import Api
from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import PV, PVC

left, lock = int(sys.argv.pop(1)), threading.Lock()

def counted(call):
    def counting(self, kind, *given, **named):
        global left
        if kind in (PV, PVC):
            with lock:
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                left -= 1
        return call(self, kind, *given, **named)
    return counting

Api.create, Api.patch = counted(Api.create), counted(Api.patch)
runpy.run_module("{PREFIX}.persistent_volume", run_name="__main__")
"""


@pytest.fixture(scope="module", autouse=True)
def _a_class_that_waits_for_consumers(lab: Lab) -> Iterator[None]:
    """Of the volumes here; nobody serves it."""
    west = lab.cluster("west")
    west.create(
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {"name": "bench"},
            "provisioner": "example.org/nobody",
            "volumeBindingMode": "WaitForFirstConsumer",
        }
    )
    yield
    west.delete("StorageClass", "bench")


@pytest.fixture
def volumes(lab: Lab, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Volumes]:
    made = Volumes(lab, tmp_path, f"killed-{getattr(request, 'param', 'never')}", COUNT)
    yield made
    made.remove()


def state(volumes: Volumes) -> list[tuple[Any, ...]]:
    """Of each claim its phase and mark, and of its volume the phase and whether it is bound to that very claim."""
    found = []
    for name in volumes.names:
        claim = volumes.west.get(PVC, name, volumes.space)
        volume = volumes.west.get(PV, f"{volumes.space}-{name}")
        mark = claim["metadata"]["annotations"].get(BIND_COMPLETED)
        bound = volume["spec"]["claimRef"]["uid"] == claim["metadata"]["uid"]
        found.append((claim["status"]["phase"], mark, volume["status"]["phase"], bound))
    return found


def warnings(volumes: Volumes) -> list[str]:
    events = volumes.west.raw(f"/api/v1/namespaces/{volumes.space}/events")["items"]
    return [f"{event['reason']}: {event['message']}" for event in events if event["type"] == "Warning"]


@pytest.mark.parametrize("volumes", range(WRITES), indirect=True)
def test_p5_killed_before_any_of_its_writes_the_module_ends_as_undisturbed_when_it_runs_again(
    volumes: Volumes, request: pytest.FixtureRequest
) -> None:
    writes = request.node.callspec.params["volumes"]
    arguments = volumes.prepared()
    body = json.dumps({"ANSIBLE_MODULE_ARGS": arguments})
    command = [sys.executable, "-c", KILLED, str(writes)]
    killed = subprocess.run(
        command, input=body, text=True, capture_output=True, env=environment(), timeout=120, check=False
    )
    assert killed.returncode == -signal.SIGKILL, killed.stdout + killed.stderr
    again = run_module("persistent_volume", **arguments)
    assert again.result["volumes"] == COUNT
    assert state(volumes) == [("Bound", "yes", "Bound", True)] * COUNT
    assert warnings(volumes) == []
    assert not run_module("persistent_volume", **arguments).result["changed"]


def test_p2_a_claim_that_names_an_absent_volume_gets_none_from_anybody(volumes: Volumes) -> None:
    """What a kill between a claim and its volume leaves."""
    volumes.prepared()
    claim = volumes.capture().objects["persistentvolumeclaims"][0]
    created = volumes.west.create(PVC, dict(claim))
    annotate = {"metadata": {"annotations": {"example.org/touched": "yes"}}}
    volumes.west.patch(PVC, volumes.names[0], volumes.space, annotate)

    def not_seen() -> list[str]:
        # the controller has looked at a claim that was created after it
        later = volumes.west.find(PVC, "later", volumes.space)
        return [] if later and later["status"]["phase"] == "Bound" else ["the later claim"]

    bodies = volumes.capture().objects
    volume = json.loads(json.dumps(bodies["persistentvolumes"][1]))
    volume["spec"]["claimRef"]["name"] = "later"
    later = json.loads(json.dumps(bodies["persistentvolumeclaims"][1]))
    later["metadata"]["name"] = "later"
    volumes.west.create(PV, volume)
    volumes.west.create(PVC, later)
    try:
        wait_until("the controller to look", 60, not_seen)
    finally:
        volumes.west.delete(PVC, "later", volumes.space)
    seen = volumes.west.get(PVC, volumes.names[0], volumes.space)
    assert (seen["metadata"]["uid"], seen["status"]) == (created["metadata"]["uid"], {"phase": "Pending"})
    assert warnings(volumes) == []
