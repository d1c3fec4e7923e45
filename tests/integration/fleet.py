# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Some thirty VMs in waves, priorities and dependencies at east, started again and again; most have no disk."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from ansible_collections.ocpvirt.dr.tests.integration.world import World
from demo.cluster import Cluster, Object, wait_until
from demo.storages.nfs import EXPORT, INTERVAL
from demo.workload import NAMESPACE, PLAN_LABEL, Vm, manifests, not_ready
from ocpvirt_lab.start_history import History
from ocpvirt_lab.start_watch import StartWatch

CAP = 6
RECORDED = "dr.ocpvirt.io/recorded"
WAVES = ("db", "app", "web")
DISKS = ("db-0", "db-1")
MANUAL, RERUN = "db-2", "app-3"
# nothing depends on these
SPARE = ("db-4", "db-5", "db-6")
OFF = ("batch-0", "batch-1")


def fleet_vms() -> list[Vm]:
    """7 in the first wave, 12 in the second, 14 in the third with two priorities; a dependency across two waves."""
    kinds = {MANUAL: "Manual", RERUN: "RerunOnFailure"}
    named = [
        *((f"db-{n}", 1, "") for n in range(7)),
        *((f"app-{n}", 2, f"db-{n % 4}") for n in range(12)),
        *((f"web-{n}", 3 if n % 2 else 4, "db-3" if n == 1 else "") for n in range(14)),
    ]
    vms = [Vm(name, name.split("-")[0], kinds.get(name, "Always"), True, *rest) for name, *rest in named]
    return [*vms, Vm(OFF[0], "batch", "Halted", False, 4), Vm(OFF[1], "batch", "Manual", False, 4)]


@dataclass
class Fleet:
    """The world, with the fleet at east instead of its own VMs. manifest: by name each VM as its owner wrote it."""

    world: World
    east: Cluster
    manifest: dict[str, Object]

    @property
    def to_run(self) -> set[str]:
        return {key(vm.name) for vm in self.world.vms if vm.running}

    def plan(self, name: str, **startup: Any) -> Path:
        """The plan with another startup section, or other fields of it, in a file of its own."""
        document = self.world.changed_plan()
        document["startup"] |= startup
        return self.world.write_plan(name, document)

    def halt(self) -> None:
        """Everything off as a stop leaves it, with what was deleted or changed as it was."""
        there = {vm["metadata"]["name"] for vm in self.east.list("VirtualMachine", NAMESPACE)}
        for name in self.manifest.keys() - there:
            self.east.create(self.manifest[name])
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(self._stop, self.world.vms))
        wait_until("everything off", 60, self._left)

    def nowhere(self, names: Collection[str]) -> None:
        """No node fits these VMs any more; `halt` mends them."""
        body = {"spec": {"template": {"spec": {"nodeSelector": {"nowhere": "true"}}}}}
        for name in names:
            self.east.patch("VirtualMachine", name, NAMESPACE, body)

    @contextmanager
    def watched(self) -> Iterator[StartWatch]:
        with StartWatch(self.east.kubeconfig, [NAMESPACE]) as watch:
            yield watch

    def await_ready(self, count: int) -> None:
        """A moment in the middle of a start."""
        names = [vm.name for vm in self.world.vms]

        def missing() -> list[str]:
            waiting = not_ready(self.east, names)
            return waiting if len(names) - len(waiting) < count else []

        wait_until(f"{count} ready VMs", 180, missing)

    def _stop(self, vm: Vm) -> None:
        self.east.patch("VirtualMachine", vm.name, NAMESPACE, _stopped(vm, self.manifest[vm.name]))

    def _left(self) -> list[str]:
        return [item["metadata"]["name"] for item in self.east.list("VirtualMachineInstance", NAMESPACE)]


def key(name: str) -> str:
    return f"{NAMESPACE}/{name}"


def deploy_fleet(world: World) -> Fleet:
    """Off at east from the beginning: the first start is the product's."""
    world.vms = fleet_vms()
    east, site = world.cluster("east"), world.sites["east"]
    world.storage.provision(site, world.sites["west"], list(DISKS))
    _replicate(site, world.sites["west"])
    world.document["startup"]["max_starting"] = CAP
    world.document["startup"]["readiness"]["timeout"] = "90s"
    world.plan_file = world.write_plan("payroll", world.document)
    objects = manifests(world.vms, site, storage=world.storage)
    vms = {body["metadata"]["name"]: _without_disk(body) for body in objects if body["kind"] == "VirtualMachine"}
    others = [body for body in objects if body["kind"] != "VirtualMachine" and _is_needed(body)]
    east.create(others[0])
    east.create_all(others[1:])
    wait_until("bound claims", 60, lambda: _unbound(east))
    east.create_all([_off(vm, vms[vm.name]) for vm in world.vms])
    world.storage.await_replicated(world.sites)
    return Fleet(world, east, vms)


def assert_in_order(fleet: Fleet, history: History, apart: Collection[str] = ()) -> None:
    """Waves, priorities in them, and dependencies, as the annotations say. apart: keys of what never got ready."""
    stages: dict[tuple[int, int], set[str]] = {}
    for vm in fleet.world.vms:
        if vm.running:
            stages.setdefault((WAVES.index(vm.tier), vm.priority), set()).add(key(vm.name))
    ordered = [stages[place] for place in sorted(stages)]
    for number, later in enumerate(ordered[1:], 1):
        earlier = set().union(*ordered[:number]) - set(apart)
        assert history.before(earlier, later - set(apart)), _times(history)
    for vm in fleet.world.vms:
        if vm.depends_on and key(vm.name) not in apart:
            assert history.before([key(vm.depends_on)], [key(vm.name)]), _times(history)


def assert_all_ran_once(fleet: Fleet, history: History, apart: Collection[str] = ()) -> None:
    """What was on is up, what was off stayed off, and nothing was made twice. apart: keys of what somebody ended."""
    assert history.ready_at.keys() - set(apart) == fleet.to_run - set(apart)
    assert {name: uids for name, uids in history.doubles.items() if name not in apart} == {}


def _times(history: History) -> str:
    rows = sorted(history.started.items(), key=lambda item: item[1])
    first = rows[0][1] if rows else 0.0
    return "\n".join(
        f"{name:<20} asked {asked - first:6.2f} ready {history.ready_at.get(name, float('nan')) - first:6.2f}"
        for name, asked in rows
    )


def _stopped(vm: Vm, manifest: Object) -> Object:
    """As a stop leaves it; a Halted one too."""
    record = {"run_strategy": vm.strategy, "running": vm.running, "running_field": False}
    wanted = {**manifest["metadata"]["annotations"], RECORDED: json.dumps(record, sort_keys=True)}
    return {
        "metadata": {"annotations": wanted},
        "spec": {"runStrategy": "Halted", "template": {"spec": {"nodeSelector": None}}},
    }


def _replicate(site: dict[str, Any], peer: dict[str, Any]) -> None:
    """What `protect` would begin, without a capture: nothing is moved here."""
    body = {"role": "secondary", "peer": site["replication_peer"], "interval_seconds": INTERVAL}
    requests.put(f"{peer['storage_url']}/v1/exports/{EXPORT}", json=body, timeout=30).raise_for_status()


def _off(vm: Vm, manifest: Object) -> Object:
    body = {**manifest, "metadata": {**manifest["metadata"], **_stopped(vm, manifest)["metadata"]}}
    return {**body, "spec": {**manifest["spec"], "runStrategy": "Halted"}}


def _without_disk(body: Object) -> Object:
    """KWOK runs it in one to three seconds then."""
    if body["metadata"]["name"] not in DISKS:
        spec = body["spec"]["template"]["spec"]
        spec["domain"]["devices"]["disks"] = [
            disk for disk in spec["domain"]["devices"]["disks"] if disk["name"] != "root"
        ]
        spec["volumes"] = [volume for volume in spec["volumes"] if volume["name"] != "root"]
    assert body["metadata"]["labels"][PLAN_LABEL] == "payroll"
    return body


def _is_needed(body: Object) -> bool:
    disk = body["kind"] in ("PersistentVolume", "PersistentVolumeClaim")
    return not disk or body["metadata"]["name"].removeprefix("pv-") in DISKS


def _unbound(cluster: Cluster) -> list[str]:
    claims = cluster.list("PersistentVolumeClaim", NAMESPACE)
    return [item["metadata"]["name"] for item in claims if item.get("status", {}).get("phase") != "Bound"]
