"""The lab with a small workload at east and its plan in a file; the stages of the tests are made of it."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from demo.cluster import Cluster, wait_until
from demo.lab import Lab
from demo.observation import alive, await_writing
from demo.playbook import Played, play
from demo.storages import STORAGES, AnyStorage
from demo.verdict import Move, judge
from demo.workload import NAMESPACE, PLAN_LABEL, Tier, Vm, demo_vms, deploy, manifests, plan_document

# one VM of each kind that behaves differently
SMALL = (
    Tier("db", 2, 1, (("Manual", 1),)),
    Tier("app", 2, 2, (("RerunOnFailure", 1),)),
    Tier("web", 2, 3),
)
BYSTANDER = "bystander"
STORE = "ocpvirt-dr"
VELERO = "velero"
READY_WITHIN = "45s"


@dataclass
class World:
    """Both sites, reachable and empty until `deploy`."""

    lab: Lab
    folder: Path
    vms: list[Vm] = field(default_factory=list)
    bystander_before: dict[str, Any] = field(default_factory=dict)
    storage: AnyStorage = STORAGES["nfs"]

    def __post_init__(self) -> None:
        self.environment = self.lab.environment()
        self.sites: dict[str, Any] = self.environment["sites"]
        self.document = plan_document(self.environment, max_starting=3, storage=self.storage)
        self.document["startup"]["readiness"]["timeout"] = READY_WITHIN
        self.log = self.folder / "playbook.log"
        self.reports = self.folder / "reports"
        self.plan_file = self.write_plan("payroll", self.document)

    @property
    def running(self) -> list[str]:
        return [vm.name for vm in self.vms if vm.running]

    def write_plan(self, name: str, document: dict[str, Any]) -> Path:
        path = self.folder / f"{name}.yml"
        path.write_text(yaml.safe_dump(document, sort_keys=False))
        return path

    def changed_plan(self) -> dict[str, Any]:
        """A copy of the plan, to be changed and written under another file name."""
        return copy.deepcopy(self.document)

    def cluster(self, site: str) -> Cluster:
        return self.lab.cluster(site)

    def deploy(self, reclaim: str = "Retain", tiers: tuple[Tier, ...] = SMALL) -> None:
        self.vms = demo_vms(tiers, off=1)
        deploy(self.cluster("east"), self.sites["east"], self.sites["west"], self.vms, reclaim, self.storage)

    def deploy_bystander(self) -> None:
        """A VM that the plan does not select, with a disk and a Secret of its own, in the plan's namespace."""
        vm = Vm(BYSTANDER, "none", "Halted", False, 3)
        mine = [body for body in manifests([vm], self.sites["east"]) if BYSTANDER in body["metadata"]["name"]]
        secret = {**manifests([], self.sites["east"])[1]}
        secret["metadata"] = {**secret["metadata"], "name": BYSTANDER}
        del mine[-1]["metadata"]["labels"][PLAN_LABEL]
        east = self.cluster("east")
        for body in [secret, *mine]:
            east.create(body)

        def unbound() -> list[str]:
            phase = east.get("PersistentVolumeClaim", BYSTANDER, NAMESPACE).get("status", {}).get("phase", "")
            return [] if phase == "Bound" else [phase]

        wait_until("the bound claim of the bystander", 60, unbound)
        self.bystander_before = self.bystander()

    def bystander(self) -> dict[str, Any]:
        """What nobody may have written; virt-controller writes the VM's status."""
        east = self.cluster("east")
        vm = east.get("VirtualMachine", BYSTANDER, NAMESPACE)
        written = [(BYSTANDER, "PersistentVolumeClaim"), (BYSTANDER, "Secret"), (f"pv-{BYSTANDER}", "PersistentVolume")]
        spaces = {"PersistentVolume": None}
        versions = {
            kind: east.get(kind, name, spaces.get(kind, NAMESPACE))["metadata"]["resourceVersion"]
            for name, kind in written
        }
        meta = {key: vm["metadata"].get(key) for key in ("labels", "annotations", "generation")}
        return {**versions, "VirtualMachine": {**meta, "spec": vm["spec"]}}

    def play(self, name: str, *options: str, plan: Path | None = None) -> Played:
        return play(name, self.log, "-e", f"dr_plan={plan or self.plan_file}", *options, show=False)

    def protect(self) -> Played:
        return self.play("protect", "-e", "dr_site=east")

    def check(self, plan: Path | None = None, *options: str) -> Played:
        return self.play("check", *options, plan=plan)

    def failover(self, *options: str, plan: Path | None = None) -> Played:
        return self.play("failover", "-e", "dr_target=west", "-e", "dr_declare_lost=east", *options, plan=plan)


def empty_world(lab: Lab, folder: Path, storage: str = "nfs") -> World:
    """A lab that just came up is empty already: a reset takes half a minute."""
    if not _as_new(lab):
        lab.run("reset")
    return World(lab, folder, storage=STORAGES[storage])


def _as_new(lab: Lab) -> bool:
    sites = lab.status()["sites"]
    return all(site["state"] == "up" for site in sites.values()) and not any(
        lab.cluster(name).list("PersistentVolume") or lab.cluster(name).list("Backup", VELERO) for name in sites
    )


def must(played: Played) -> Played:
    assert played.returncode == 0, played.output[-6000:]
    return played


def refused(played: Played, *words: str) -> None:
    """The playbook failed and its output holds these words, whatever way the terminal broke its lines."""
    assert played.returncode != 0, played.output[-6000:]
    missing = [word for word in words if word not in played.output]
    assert not missing, f"{missing} not in:\n{played.output[-6000:]}"


def assert_as_it_must_be(world: World) -> None:
    """Every VM that ran at east runs at west and goes on with what had arrived of its disk."""
    before, after = world.lab.records("east"), await_writing(world.lab, world.running)
    address = world.sites["east"]["nfs_server"]
    verdict = judge(world.vms, world.cluster("west"), Move("east", "west", address, before, after))
    assert alive(world.lab, "east") == 0
    assert verdict.problems == []
    assert verdict.running == len(world.running)


def resource_versions(cluster: Cluster) -> dict[str, str]:
    """kind/namespace/name to resourceVersion of everything that a run could write."""
    found = {}
    for kind in ("Namespace", "PersistentVolume", "PersistentVolumeClaim", "Secret", "ConfigMap", "VirtualMachine"):
        for namespace in [None] if kind in ("Namespace", "PersistentVolume") else [NAMESPACE, STORE]:
            for item in cluster.list(kind, namespace):
                found[f"{kind}/{namespace}/{item['metadata']['name']}"] = item["metadata"]["resourceVersion"]
    return found
