"""Fixtures on the lab that LAB_NAME names; dev/integration brings it up and takes it down."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from demo.cluster import Cluster
from demo.lab import Lab
from demo.playbook import Played, play
from demo.workload import Tier, Vm, demo_vms, deploy, plan_document

# one VM of each kind that behaves differently
SMALL = (
    Tier("db", 2, 1, (("Manual", 1),)),
    Tier("app", 2, 2, (("RerunOnFailure", 1),)),
    Tier("web", 2, 3),
)


@dataclass
class World:
    """The lab with the small workload at east, and its plan in a file."""

    lab: Lab
    folder: Path
    vms: list[Vm] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.environment = self.lab.environment()
        self.sites: dict[str, Any] = self.environment["sites"]
        self.document = plan_document(self.environment, max_starting=3)
        self.plan_file = self.folder / "payroll.yml"
        self.log = self.folder / "playbook.log"
        self.write_plan()

    def write_plan(self) -> None:
        self.plan_file.write_text(yaml.safe_dump(self.document, sort_keys=False))

    def cluster(self, site: str) -> Cluster:
        return self.lab.cluster(site)

    def deploy(self, vms: list[Vm], reclaim: str = "Retain") -> None:
        self.vms = vms
        deploy(self.cluster("east"), self.sites["east"], self.sites["west"], vms, reclaim)

    def play(self, name: str, *options: str) -> Played:
        return play(name, self.log, "-e", f"dr_plan={self.plan_file}", *options, show=False)

    def protect(self) -> Played:
        return must(self.play("protect", "-e", "dr_site=east"))

    def failover(self, *options: str) -> Played:
        return self.play("failover", "-e", "dr_target=west", "-e", "dr_declare_lost=east", *options)


def must(played: Played) -> Played:
    assert played.returncode == 0, played.output[-6000:]
    return played


@pytest.fixture(scope="session")
def lab() -> Lab:
    return Lab(os.environ["LAB_NAME"])


@pytest.fixture
def world(lab: Lab, tmp_path: Path) -> World:
    """Empty sites, both up."""
    lab.run("reset")
    return World(lab, tmp_path)


@pytest.fixture
def deployed(world: World) -> World:
    world.deploy(demo_vms(SMALL, off=1))
    return world


@pytest.fixture
def protected(deployed: World) -> World:
    deployed.protect()
    return deployed


@pytest.fixture
def snapshot() -> Callable[[Cluster], dict[str, str]]:
    """kind/namespace/name to resourceVersion of everything a run could write; events of controllers are left out."""

    def take(cluster: Cluster) -> dict[str, str]:
        found = {}
        for kind in ("Namespace", "PersistentVolume", "PersistentVolumeClaim", "Secret", "ConfigMap", "VirtualMachine"):
            for namespace in [None] if kind in ("Namespace", "PersistentVolume") else ["payroll", "ocpvirt-dr"]:
                for item in cluster.list(kind, namespace):
                    found[f"{kind}/{namespace}/{item['metadata']['name']}"] = item["metadata"]["resourceVersion"]
        return found

    return take
