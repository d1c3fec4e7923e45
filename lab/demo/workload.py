"""VMs in three tiers, each with a disk on its site's storage, and what they need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from demo.cluster import Cluster, Object, wait_until
from demo.storages import STORAGES, AnyStorage, Storage, storage_of

# of the plan, and of its namespace
NAMESPACE = "payroll"
PLAN_LABEL = "dr.ocpvirt.io/plan"
NFS = STORAGES["nfs"]


@dataclass(frozen=True)
class Tier:
    """count VMs; strategies: how many of them have another runStrategy than Always."""

    name: str
    count: int
    priority: int
    strategies: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Vm:
    name: str
    tier: str
    strategy: str
    running: bool
    priority: int
    depends_on: str = ""


TIERS = (
    Tier("db", 4, 1, (("Manual", 1),)),
    Tier("app", 8, 2, (("RerunOnFailure", 2),)),
    Tier("web", 12, 3, (("Manual", 1),)),
)


def demo_vms(tiers: tuple[Tier, ...] = TIERS, off: int = 2) -> list[Vm]:
    """The running VMs of the tiers, and `off` VMs that are off and have to stay so."""
    vms = []
    for tier in tiers:
        strategies = [name for name, count in tier.strategies for _ in range(count)]
        strategies += ["Always"] * (tier.count - len(strategies))
        for number, strategy in enumerate(strategies):
            depends_on = f"db-{number % 4}" if tier.name == "app" else ""
            vms.append(Vm(f"{tier.name}-{number}", tier.name, strategy, True, tier.priority, depends_on))
    return vms + [Vm(f"batch-{number}", "batch", ("Halted", "Manual")[number % 2], False, 4) for number in range(off)]


def plan_document(
    environment: dict[str, Any], max_starting: int = 8, storage: AnyStorage = NFS, name: str = NAMESPACE
) -> Object:
    """The plan of the workload on a lab."""
    sites = environment["sites"]
    return {
        "name": name,
        "home": "east",
        "sites": {name: {"kubeconfig": site["kubeconfig"]} for name, site in sites.items()},
        "protect": {"namespaces": [name], "selector": {"matchLabels": {PLAN_LABEL: name}}},
        "replication": storage.replication(sites),
        "volumes": {"rules": storage.volume_rules(sites)},
        "metadata": {"source": "oadp", "namespace": "velero", "schedule": "0 2 * * *", "keep": "14d"},
        "startup": {
            "waves": [
                {"name": "databases", "selector": {"matchLabels": {"tier": "db"}}},
                {"name": "applications", "selector": {"matchLabels": {"tier": "app"}}},
                {"name": "rest"},
            ],
            "max_starting": max_starting,
            "readiness": {"agent": True, "timeout": "2m"},
        },
    }


def manifests(
    vms: list[Vm], site: dict[str, Any], reclaim: str = "Retain", storage: AnyStorage = NFS, name: str = NAMESPACE
) -> list[Object]:
    """Everything but the VMs, in an order in which it can be created, then the VMs."""
    objects: list[Object] = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {"team": name}}},
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "cloud-init", "namespace": name},
            "stringData": {"userdata": "#cloud-config\nhostname: demo\n"},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "web", "namespace": name},
            "spec": {"selector": {"tier": "web"}, "ports": [{"port": 443}]},
        },
    ]
    objects += [_pv(vm, site, reclaim, storage_of(storage, vm.name), name) for vm in vms]
    objects += [_pvc(vm, site, storage_of(storage, vm.name), name) for vm in vms]
    return objects + [_vm(vm, name) for vm in vms]


def deploy(
    cluster: Cluster,
    site: dict[str, Any],
    peer: dict[str, Any],
    vms: list[Vm],
    reclaim: str = "Retain",
    storage: AnyStorage = NFS,
    name: str = NAMESPACE,
) -> None:
    """Volumes on the site's storage, then the objects, and wait until the VMs that are to run are up."""
    storage.provision(site, peer, [vm.name for vm in vms])
    objects = manifests(vms, site, reclaim, storage, name)
    for body in objects[:1]:
        cluster.create(body)
    cluster.create_all([item for item in objects[1:] if item["kind"] != "VirtualMachine"])
    wait_until("bound claims", 60, lambda: _unbound(cluster, name))
    cluster.create_all([item for item in objects if item["kind"] == "VirtualMachine"])
    for vm in vms:
        if vm.strategy == "Manual" and vm.running:
            cluster.start(vm.name, name)
    wait_until("running VMs", 180, lambda: not_ready(cluster, [vm.name for vm in vms if vm.running], name))


def not_ready(cluster: Cluster, names: list[str], namespace: str = NAMESPACE) -> list[str]:
    """Names of the VMs whose VMI is not ready with its agent connected."""
    ready = set()
    for vmi in cluster.list("VirtualMachineInstance", namespace):
        true = {item["type"] for item in vmi.get("status", {}).get("conditions", []) if item["status"] == "True"}
        if {"Ready", "AgentConnected"} <= true:
            ready.add(vmi["metadata"]["name"])
    return [name for name in names if name not in ready]


def _unbound(cluster: Cluster, namespace: str) -> list[str]:
    claims = cluster.list("PersistentVolumeClaim", namespace)
    return [item["metadata"]["name"] for item in claims if item.get("status", {}).get("phase") != "Bound"]


def _pv(vm: Vm, site: dict[str, Any], reclaim: str, storage: Storage, namespace: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": f"pv-{vm.name}"},
        "spec": {
            "capacity": {"storage": "1Gi"},
            "accessModes": ["ReadWriteMany"],
            "volumeMode": storage.volume_mode,
            "persistentVolumeReclaimPolicy": reclaim,
            "storageClassName": storage.storage_class(site),
            "claimRef": {"kind": "PersistentVolumeClaim", "namespace": namespace, "name": vm.name},
            **storage.source(site, vm.name),
        },
    }


def _pvc(vm: Vm, site: dict[str, Any], storage: Storage, namespace: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": vm.name, "namespace": namespace, "labels": {"tier": vm.tier}},
        "spec": {
            "accessModes": ["ReadWriteMany"],
            "volumeMode": storage.volume_mode,
            "storageClassName": storage.storage_class(site),
            "volumeName": f"pv-{vm.name}",
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }


def _vm(vm: Vm, name: str) -> Object:
    annotations = {"dr.ocpvirt.io/priority": str(vm.priority)}
    if vm.depends_on:
        annotations["dr.ocpvirt.io/depends-on"] = vm.depends_on
    return {
        "apiVersion": "kubevirt.io/v1",
        "kind": "VirtualMachine",
        "metadata": {
            "name": vm.name,
            "namespace": name,
            "labels": {PLAN_LABEL: name, "tier": vm.tier},
            "annotations": annotations,
        },
        "spec": {
            "runStrategy": vm.strategy,
            "template": {
                "metadata": {"labels": {"tier": vm.tier}},
                "spec": {
                    "domain": {
                        "devices": {
                            "disks": [
                                {"name": "root", "disk": {"bus": "virtio"}},
                                {"name": "cloudinit", "disk": {"bus": "virtio"}},
                            ]
                        },
                        "memory": {"guest": "256Mi"},
                    },
                    "volumes": [
                        {"name": "root", "persistentVolumeClaim": {"claimName": vm.name}},
                        {"name": "cloudinit", "cloudInitNoCloud": {"secretRef": {"name": "cloud-init"}}},
                    ],
                },
            },
        },
    }
