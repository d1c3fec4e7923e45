# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan that keeps a stage at west, and what is there of it."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from ansible_collections.ocpvirt.dr.tests.integration.world import World
from demo.cluster import Cluster, wait_until
from demo.observation import newest_run, running_at
from demo.storages.nfs import EXPORT
from demo.workload import NAMESPACE, PLAN_LABEL

PROTECTED = "protected.dr.ocpvirt.io/payroll"
RECORDED = "dr.ocpvirt.io/recorded"
KINDS = ("PersistentVolumeClaim", "Secret", "ConfigMap", "Service", "VirtualMachine")
TEMPLATE = {"spec": {"domain": {"devices": {}, "memory": {"guest": "64Mi"}}}}


def use_stage(world: World, **metadata: Any) -> None:
    world.document["metadata"] = {**(metadata or world.document["metadata"]), "prestage": True}
    world.write_plan("payroll", world.document)


def objects_at(cluster: Cluster) -> dict[str, dict[str, Any]]:
    """kind/name to metadata and spec of all that a stage holds."""
    found = {f"PersistentVolume/{item['metadata']['name']}": item for item in cluster.list("PersistentVolume")}
    for kind in KINDS:
        found |= {f"{kind}/{item['metadata']['name']}": item for item in cluster.list(kind, NAMESPACE)}
    return found


def identities(cluster: Cluster, *kinds: str) -> dict[str, tuple[str, str]]:
    """uid and resourceVersion of each; virt-controller writes the status of VMs whenever it likes."""
    return {
        key: (item["metadata"]["uid"], "" if key.startswith("VirtualMachine/") else item["metadata"]["resourceVersion"])
        for key, item in objects_at(cluster).items()
        if not kinds or key.split("/")[0] in kinds
    }


def assert_ready_and_off(world: World, site: str = "west") -> None:
    """Everything of the plan is there, and nothing of it runs."""
    cluster = world.cluster(site)
    seen = objects_at(cluster)
    for vm in world.vms:
        item = seen[f"VirtualMachine/{vm.name}"]
        power = json.loads(item["metadata"]["annotations"][RECORDED])
        assert item["spec"]["runStrategy"] == "Halted", vm.name
        assert (power["run_strategy"], power["running"]) == (vm.strategy, vm.running), vm.name
        assert seen[f"PersistentVolumeClaim/{vm.name}"]["status"]["phase"] == "Bound"
    assert {"Secret/cloud-init", "Service/web"} <= seen.keys()
    peer = world.storage.address(world.sites["east" if site == "west" else "west"])
    assert [
        key for key, item in seen.items() if key.startswith("PersistentVolume/") and peer in str(item["spec"])
    ] == []
    assert running_at(cluster) == set()
    assert cluster.list("Pod", NAMESPACE) == []
    assert latch(cluster) != []


def latch(cluster: Cluster) -> list[str]:
    path = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings"
    return [item["metadata"]["name"] for item in cluster.call("GET", path)["items"]]


def remove_vm(world: World, name: str) -> None:
    """With its disk, as its owner would; the volume's data stays."""
    east = world.cluster("east")
    for kind, of, namespace in (
        ("VirtualMachine", name, NAMESPACE),
        ("PersistentVolumeClaim", name, NAMESPACE),
        ("PersistentVolume", f"pv-{name}", None),
    ):
        east.delete(kind, of, namespace)
        wait_until(f"{kind} {of} to go", 120, lambda kind=kind, of=of, space=namespace: _left(east, kind, of, space))
    world.vms = [vm for vm in world.vms if vm.name != name]


def _left(cluster: Cluster, kind: str, name: str, namespace: str | None) -> list[str]:
    return [name] if name in {item["metadata"]["name"] for item in cluster.list(kind, namespace)} else []


def foreign_objects(cluster: Cluster) -> dict[str, Any]:
    """At the stage, with and without the plan's labels: nobody but a person made them."""
    labels = {PROTECTED: "true", PLAN_LABEL: "payroll"}
    cluster.create(_config_map("labelled", labels))
    cluster.create(_config_map("plain", {}))
    meta = {"name": "somebodys", "namespace": NAMESPACE, "labels": labels}
    spec = {"runStrategy": "Halted", "template": TEMPLATE}
    cluster.create({"apiVersion": "kubevirt.io/v1", "kind": "VirtualMachine", "metadata": meta, "spec": spec})
    return foreign_seen(cluster)


def foreign_seen(cluster: Cluster) -> dict[str, Any]:
    vm = cluster.get("VirtualMachine", "somebodys", NAMESPACE)
    maps = {name: cluster.get("ConfigMap", name, NAMESPACE)["metadata"] for name in ("labelled", "plain")}
    # KubeVirt writes annotations of its own
    ours = [key for key in vm["metadata"].get("annotations") or {} if key.startswith("dr.ocpvirt.io/")]
    return {**maps, "vm": (vm["metadata"]["uid"], vm["metadata"]["generation"], ours)}


def _config_map(name: str, labels: dict[str, str]) -> dict[str, Any]:
    meta = {"name": name, "namespace": NAMESPACE, "labels": labels}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"of": "somebody"}}


def disk(world: World, site: str, name: str) -> Path:
    return Path(world.sites[site]["storage_root"]) / EXPORT / name


def seconds_of(cluster: Cluster) -> dict[str, float]:
    """By step, of the newest run at a target."""
    return {
        name: (datetime.fromisoformat(step["ended"]) - datetime.fromisoformat(step["started"])).total_seconds()
        for name, step in newest_run(cluster)["steps"].items()
    }
