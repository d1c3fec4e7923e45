# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VMs of every run strategy, a pool and a workload beside those of the demo, and what is told of their end."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.ocpvirt.dr.tests.integration.moves import specs_at
from ansible_collections.ocpvirt.dr.tests.integration.world import World
from demo.cluster import Cluster, Object, path_of, wait_until
from demo.observation import running_at
from demo.workload import NAMESPACE, PLAN_LABEL, not_ready

RECORDED = "dr.ocpvirt.io/recorded"
IGNORES = "lab.ocpvirt.io/ignores-shutdown"
POOL_PATH = f"/apis/pool.kubevirt.io/v1beta1/namespaces/{NAMESPACE}/virtualmachinepools"
SELECTED = {PLAN_LABEL: "payroll", "tier": "rest"}
# beside the demo's, which run with Always, Manual and RerunOnFailure
EXTRA = ("field", "pool-0", "pool-1", "stubborn")
IDLE = "rerun-off"


@dataclass
class Everything:
    """The world at east with all of it up, and what its owner wrote."""

    world: World
    specs: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.east = self.world.cluster("east")
        self.running = {*self.world.running, *EXTRA}

    def deploy(self) -> None:
        self.east.create(_vm("field", {"running": True}))
        self.east.create(_vm(IDLE, {"runStrategy": "RerunOnFailure"}))
        self.east.create(_vm("stubborn", {"runStrategy": "Always"}, {IGNORES: "true"}, {"dr.ocpvirt.io/priority": "5"}))
        self.east.create(_front())
        self.east.call("POST", POOL_PATH, _pool())
        self.await_up([IDLE])
        self.east.call("PUT", _stop_path(IDLE), {})
        wait_until(f"{IDLE} to stop", 60, lambda: [IDLE] if IDLE in running_at(self.east) else [])
        self.specs = specs_at(self.east)

    def await_up(self, more: list[str] | None = None) -> None:
        wait_until("running VMs", 120, lambda: not_ready(self.east, [*self.running, *(more or [])]))
        wait_until("the pods of front", 60, lambda: [] if front_pods(self.east) == 2 else ["front"])


def power(specs: dict[str, Any]) -> dict[str, Any]:
    """By VM the field that says whether it runs, and its value."""
    return {name: {key: spec[key] for key in ("running", "runStrategy") if key in spec} for name, spec in specs.items()}


def records(cluster: Cluster) -> dict[str, Any]:
    found = {vm["metadata"]["name"]: vm["metadata"] for vm in cluster.list("VirtualMachine", NAMESPACE)}
    return {
        name: json.loads(meta["annotations"][RECORDED])
        for name, meta in found.items()
        if RECORDED in meta.get("annotations", {})
    }


def pool(cluster: Cluster) -> dict[str, Any]:
    return cluster.call("GET", f"{POOL_PATH}/pool")


def front_pods(cluster: Cluster) -> int:
    pods = cluster.list("Pod", NAMESPACE)
    return sum(pod["metadata"].get("labels", {}).get("app") == "front" for pod in pods)


def version_now(cluster: Cluster) -> str:
    path = path_of("VirtualMachineInstance", NAMESPACE)
    return cluster.call("GET", path)["metadata"]["resourceVersion"]


def ends_since(cluster: Cluster, version: str) -> list[tuple[str, str]]:
    """In the order of the API server's history: ("ends", VMI) when it was asked to go, ("gone", VMI) when it was."""
    found: list[tuple[str, str]] = []
    for event in cluster.events(path_of("VirtualMachineInstance", NAMESPACE), version):
        meta = event["object"]["metadata"]
        what = "gone" if event["type"] == "DELETED" else "ends" if "deletionTimestamp" in meta else ""
        if what and (what, meta["name"]) not in found:
            found.append((what, meta["name"]))
    return found


def starts_since(cluster: Cluster, version: str) -> list[str]:
    """VMIs in the order in which they were made, also a second one of the same VM."""
    events = cluster.events(path_of("VirtualMachineInstance", NAMESPACE), version)
    return [event["object"]["metadata"]["name"] for event in events if event["type"] == "ADDED"]


def _stop_path(name: str) -> str:
    return f"/apis/subresources.kubevirt.io/v1/namespaces/{NAMESPACE}/virtualmachines/{name}/stop"


def _template(annotations: dict[str, str] | None = None) -> Object:
    """Without a disk, so that KWOK makes it live and die."""
    domain = {"devices": {}, "memory": {"guest": "64Mi"}}
    return {
        "metadata": {"annotations": annotations or {}},
        "spec": {"domain": domain, "terminationGracePeriodSeconds": 180},
    }


def _vm(
    name: str, power: dict[str, Any], of_vmi: dict[str, str] | None = None, annotations: dict[str, str] | None = None
) -> Object:
    meta = {"name": name, "namespace": NAMESPACE, "labels": SELECTED, "annotations": annotations or {}}
    spec = {**power, "template": _template(of_vmi)}
    return {"apiVersion": "kubevirt.io/v1", "kind": "VirtualMachine", "metadata": meta, "spec": spec}


def _pool() -> Object:
    labels = {**SELECTED, "pool": "pool"}
    vm = {"metadata": {"labels": labels}, "spec": {"runStrategy": "Always", "template": _template()}}
    return {
        "apiVersion": "pool.kubevirt.io/v1beta1",
        "kind": "VirtualMachinePool",
        "metadata": {"name": "pool", "namespace": NAMESPACE, "labels": SELECTED},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"pool": "pool"}}, "virtualMachineTemplate": vm},
    }


def _front() -> Object:
    """A workload that wants the databases, and is waited for as VMs are."""
    labels = {"app": "front"}
    annotations = {"dr.ocpvirt.io/depends-on": "db-0", "dr.ocpvirt.io/priority": "1"}
    meta = {"name": "front", "namespace": NAMESPACE, "labels": SELECTED, "annotations": annotations}
    containers = [{"name": "main", "image": "front:lab"}]
    template = {"metadata": {"labels": labels}, "spec": {"containers": containers}}
    spec = {"replicas": 2, "selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec}
