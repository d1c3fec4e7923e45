# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A world whose VMs have disks that can be snapshotted: one that runs with two of them, one that is off."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._model.clone import Clone
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.clones.recovery_point import take_recovery_point
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan.plan_source import load_plan
from ansible_collections.ocpvirt.dr.plugins.module_utils._planning.clones.names import clones_among
from ansible_collections.ocpvirt.dr.tests.integration.frozen_guests import FrozenGuests
from ansible_collections.ocpvirt.dr.tests.integration.snapshotter import Snapshotter
from ansible_collections.ocpvirt.dr.tests.integration.world import World
from demo.cluster import Object, wait_until
from demo.workload import NAMESPACE, Vm, manifests, not_ready

RUNNING, OFF = "db-0", "db-1"
DATA = "db-0-data"
DISKS = (RUNNING, DATA, OFF)
REPLICATIONS = f"/apis/replication.storage.openshift.io/v1alpha1/namespaces/{NAMESPACE}/volumereplications"


@dataclass
class TwoDisks:
    world: World
    snapshotter: Snapshotter
    guests: FrozenGuests

    def take(self, point: str = "", timeout: float = 60.0, check_mode: bool = False, keep: int = 2) -> dict[str, Any]:
        return take_recovery_point(load_plan(str(self.plan(keep))), "east", point, timeout, check_mode)

    def kill_while_taking(self, point: str) -> None:
        """By SIGKILL, once the VM's snapshot is there."""
        call = f"take_recovery_point(load_plan({str(self.plan())!r}), 'east', {point!r}, 60.0, False)"
        imports = "\n".join(
            f"from {module.__module__} import {module.__name__}" for module in (take_recovery_point, load_plan)
        )
        with subprocess.Popen([sys.executable, "-c", f"{imports}\n{call}"], env=_environment()) as process:
            wait_until("the snapshot of the VM", 60, lambda: [] if self.vm_snapshots() else ["none"])
            process.kill()

    def vm_snapshots(self) -> list[str]:
        at = f"/apis/snapshot.kubevirt.io/v1beta1/namespaces/{NAMESPACE}/virtualmachinesnapshots"
        return [item["metadata"]["name"] for item in self.world.cluster("east").call("GET", at)["items"]]

    def replicated(self, site: str = "east") -> set[str]:
        """Claims with a VolumeReplication that is primary."""
        found = self.world.cluster(site).call("GET", REPLICATIONS)["items"]
        return {item["spec"]["dataSource"]["name"] for item in found if item["status"].get("state") == "Primary"}

    def records(self) -> dict[str, int]:
        """The last record on the volume of each claim that a guest wrote on."""
        written = self.written("east")
        return {claim: written[export]["last_n"] for claim, export in self.exports("east").items() if export in written}

    def written(self, site: str) -> dict[str, Any]:
        """By volume what guests wrote on it; not while there are copies of them at the site."""
        report = json.loads(self.world.lab.read("records", site, "--json"))
        return {item["volume"]: item for item in report["volumes"]}

    def exports(self, site: str) -> dict[str, str]:
        """By claim where its data is."""
        cluster = self.world.cluster(site)
        volumes = {item["metadata"]["name"]: item["spec"] for item in cluster.list("PersistentVolume")}
        return {
            claim["metadata"]["name"]: volumes[claim["spec"]["volumeName"]]["csi"]["volumeAttributes"]["subdir"]
            for claim in cluster.list("PersistentVolumeClaim", NAMESPACE)
            if claim["spec"].get("volumeName") in volumes
        }

    def clones(self) -> dict[str, Clone]:
        claims = self.world.cluster("east").list("PersistentVolumeClaim", NAMESPACE)
        return {clone.name: clone for clone in clones_among(claims, "payroll")}

    def plan(self, keep: int = 2, **changes: Any) -> Path:
        document = {**self.world.changed_plan(), "snapshots": {"keep": keep}, **changes}
        return self.world.write_plan("cloned", document)

    def volumes(self) -> set[str]:
        return {item["metadata"]["name"] for item in self.world.cluster("east").list("PersistentVolume")}


@contextmanager
def two_disks(world: World, copies: Path) -> Iterator[TwoDisks]:
    """Deployed at east; what stands for the driver and the guests' agent works until the block ends."""
    east = world.cluster("east")
    snapshotter = Snapshotter(east, world.sites["east"], world.sites["west"], copies, world.storage)
    snapshotter.install()
    deploy_two_disks(world)
    guests = FrozenGuests(world.lab, east, world.folder)
    node = east.get("VirtualMachineInstance", RUNNING, NAMESPACE)["status"]["nodeName"]
    with snapshotter.serving(), guests.serving(node):
        yield TwoDisks(world, snapshotter, guests)


def deploy_two_disks(world: World) -> None:
    site, east = world.sites["east"], world.cluster("east")
    world.vms = [Vm(RUNNING, "db", "Always", True, 1), Vm(OFF, "db", "Halted", False, 1)]
    world.storage.provision(site, world.sites["west"], list(DISKS))
    objects = manifests(world.vms, site, storage=world.storage)
    extra = manifests([Vm(DATA, "db", "Halted", False, 1)], site, storage=world.storage)
    objects[3:3] = [item for item in extra if item["kind"].startswith("PersistentVolume")]
    for body in objects:
        if body["kind"] == "VirtualMachine":
            wait_until("bound claims", 60, lambda: unbound(world))
            _second_disk(body)
        east.create(body)
    wait_until("running VMs", 180, lambda: not_ready(east, [RUNNING]))


def unbound(world: World) -> list[str]:
    claims = world.cluster("east").list("PersistentVolumeClaim", NAMESPACE)
    return [item["metadata"]["name"] for item in claims if item.get("status", {}).get("phase") != "Bound"]


def _second_disk(vm: Object) -> None:
    if vm["metadata"]["name"] != RUNNING:
        return
    spec = vm["spec"]["template"]["spec"]
    spec["domain"]["devices"]["disks"].append({"name": "data", "disk": {"bus": "virtio"}})
    spec["volumes"].append({"name": "data", "persistentVolumeClaim": {"claimName": DATA}})


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
