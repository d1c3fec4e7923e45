# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two plans on the same two sites, each with the other one's target as its home."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ansible_collections.ocpvirt.dr.tests.integration.world import READY_WITHIN, STORE, World, must
from demo.cluster import Cluster, wait_until
from demo.disk_watch import DiskWatch, watching
from demo.observation import newest_run, running_at
from demo.playbook import Played
from demo.storages.nfs import NfsStorage
from demo.verdict import Records, behind
from demo.workload import Vm, deploy, plan_document

ORDERS = "orders"
# names of their own: disks are told apart by the names of their claims
ORDERS_VMS = [
    Vm("ledger-0", "ledger", "Always", True, 1),
    Vm("ledger-1", "ledger", "Manual", True, 2),
    Vm("archive-0", "archive", "Halted", False, 4),
]
PEER = {"east": "west", "west": "east"}
KINDS = ("PersistentVolumeClaim", "Secret", "Service", "VirtualMachine")


@dataclass
class Plan:
    """One of the two, which lives at a site; the world has the lab and the log."""

    world: World
    name: str
    vms: list[Vm]
    lives_at: str

    @property
    def file(self) -> Any:
        return self.world.folder / f"{self.name}.yml"

    @property
    def running(self) -> list[str]:
        return [vm.name for vm in self.vms if vm.running]

    def play(self, playbook: str, *options: str) -> Played:
        return self.world.play(playbook, *options, plan=self.file)

    def own(self, records: Records) -> Records:
        return {name: records[name] for name in records if name in {vm.name for vm in self.vms}}

    def await_replicated(self) -> None:
        """Until all disks at the other site have something of this one."""
        peer = PEER[self.lives_at]
        wait_until(f"copies at {peer}", 60, lambda: behind(self.running, peer, self.world.lab.records(peer)))

    def written(self, cluster: Cluster) -> dict[str, Any]:
        """What a run of the plan would change of its objects at a site; virt-controller writes the status of VMs."""
        found = {
            f"{kind}/{item['metadata']['name']}": [item["metadata"].get("generation"), item.get("spec"), _marks(item)]
            for kind in KINDS
            for item in cluster.list(kind, self.name)
        }
        mine = [pv for pv in cluster.list("PersistentVolume") if pv["spec"]["claimRef"]["namespace"] == self.name]
        records = [item for item in cluster.list("ConfigMap", STORE) if self.name in item["metadata"]["name"]]
        for item in [*mine, *records]:
            found[item["metadata"]["name"]] = item["metadata"]["resourceVersion"]
        return found


@dataclass
class Crossing:
    """Both moved at the same time; of each plan what was seen of its source's disks, the output, the run's record."""

    watches: dict[str, DiskWatch]
    played: dict[str, Played]
    runs: dict[str, dict[str, Any]]

    @property
    def seconds_at_once(self) -> float:
        began = [datetime.fromisoformat(run["started"]) for run in self.runs.values()]
        ended = [datetime.fromisoformat(run["ended"]) for run in self.runs.values()]
        return (min(ended) - max(began)).total_seconds()


def settle(world: World) -> list[Plan]:
    """One plan at its home east, the other one at its home west, both protected."""
    plans = deploy_both(world)
    protect_all(plans)
    return plans


def deploy_both(world: World) -> list[Plan]:
    world.deploy()
    storage = NfsStorage(ORDERS)
    document = plan_document(world.environment, storage=storage, name=ORDERS) | {"home": "west"}
    document["startup"] = {"waves": [{"name": "all"}], "readiness": {"agent": True, "timeout": READY_WITHIN}}
    world.write_plan(ORDERS, document)
    deploy(world.cluster("west"), world.sites["west"], world.sites["east"], ORDERS_VMS, storage=storage, name=ORDERS)
    return [Plan(world, "payroll", world.vms, "east"), Plan(world, ORDERS, ORDERS_VMS, "west")]


def protect_all(plans: list[Plan]) -> None:
    """By commands that run side by side."""
    for played in at_once(plans, lambda plan: plan.play("protect", "-e", f"dr_site={plan.lives_at}")):
        must(played)
    for plan in plans:
        plan.await_replicated()


def cross(plans: list[Plan]) -> Crossing:
    """Each plan is relocated to where the other one comes from."""
    lab = plans[0].world.lab
    with watching(lab, "east") as east, watching(lab, "west") as west:
        watches = {"east": east, "west": west}
        played = at_once(plans, lambda plan: plan.play("relocate", "-e", f"dr_target={PEER[plan.lives_at]}"))
    crossing = Crossing(
        {plan.name: watches[plan.lives_at] for plan in plans},
        {plan.name: must(done) for plan, done in zip(plans, played, strict=True)},
        {plan.name: newest_run(plan.world.cluster(PEER[plan.lives_at])) for plan in plans},
    )
    for plan in plans:
        plan.lives_at = PEER[plan.lives_at]
    return crossing


def at_once(plans: list[Plan], act: Callable[[Plan], Played]) -> list[Played]:
    with ThreadPoolExecutor(len(plans)) as pool:
        return list(pool.map(act, plans))


def running_vms(plan: Plan, site: str) -> set[str]:
    return running_at(plan.world.cluster(site), plan.name)


def _marks(item: dict[str, Any]) -> dict[str, Any]:
    return {key: item["metadata"].get(key) for key in ("uid", "labels", "annotations")}
