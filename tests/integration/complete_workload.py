# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A VM that is off, with an object of every kind that belongs to a VM."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.ocpvirt.dr.tests.integration.served_kinds import path_of
from ansible_collections.ocpvirt.dr.tests.integration.world import World
from demo.cluster import Cluster, Object, wait_until
from demo.workload import NAMESPACE, PLAN_LABEL, Vm, manifests

VM = "complete"
STATE = f"persistent-state-for-{VM}-x7f2q"
SCC = {"openshift.io/sa.scc.uid-range": "1000680000/10000", "openshift.io/sa.scc.mcs": "s0:c26,c15"}
ADMITS = {"pod-security.kubernetes.io/enforce": "privileged"}


def create_everything(world: World, east: Cluster) -> None:
    """It is off: what KubeVirt needs to run a VM with a TPM, the lab has not."""
    east.patch("Namespace", NAMESPACE, None, {"metadata": {"labels": ADMITS, "annotations": SCC}})
    site = world.sites["east"]
    world.storage.provision(site, world.sites["west"], [VM, STATE])
    volumes = [Vm(VM, "batch", "Halted", False, 4), Vm(STATE, "batch", "Halted", False, 4)]
    for body in manifests(volumes, site):
        if body["kind"] in ("PersistentVolume", "PersistentVolumeClaim"):
            if body["metadata"]["name"] == STATE:
                body["metadata"]["labels"]["persistent-state-for"] = VM
            east.create(body)
    create(east, "instancetype.kubevirt.io/v1beta1", "VirtualMachineInstancetype", "small", INSTANCETYPE)
    create(east, "instancetype.kubevirt.io/v1beta1", "VirtualMachinePreference", "linux", {})
    create(east, "k8s.cni.cncf.io/v1", "NetworkAttachmentDefinition", "vlan-100", {"config": "{}"})
    east.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": named("settings"), "data": {"key": "value"}})
    service = {"selector": {"app": VM}, "ports": [{"port": 443}]}
    create(east, "v1", "Service", VM, service)
    create(east, "route.openshift.io/v1", "Route", VM, {"host": "c.example.org", "to": {"kind": "Service", "name": VM}})
    create(east, "kubevirt.io/v1", "VirtualMachine", VM, vm_spec(), labels={PLAN_LABEL: "payroll", "tier": "batch"})
    source = {"apiGroup": "kubevirt.io", "kind": "VirtualMachine", "name": VM}
    create(east, "snapshot.kubevirt.io/v1beta1", "VirtualMachineSnapshot", VM, {"source": source})

    def unrevised() -> list[str]:
        seen = east.get("VirtualMachine", VM, NAMESPACE).get("status", {})
        return [
            field
            for field in ("instancetypeRef", "preferenceRef")
            if "controllerRevisionRef" not in seen.get(field, {})
        ]

    def unfinished() -> list[str]:
        status = snapshot_of(east).get("status", {})
        return [] if status.get("readyToUse") else [str(status)]

    wait_until("the revisions of the VM", 60, unrevised)
    wait_until("the snapshot of the VM", 60, unfinished)


def snapshot_of(east: Cluster) -> Object:
    return east.call("GET", f"{path_of('snapshot.kubevirt.io/v1beta1', 'VirtualMachineSnapshot')}/{VM}")


INSTANCETYPE = {"cpu": {"guest": 1}, "memory": {"guest": "256Mi"}}


def vm_spec() -> Object:
    devices = {"interfaces": [{"name": "vlan", "bridge": {}}], "tpm": {"persistent": True}}
    volumes = [
        {"name": "root", "persistentVolumeClaim": {"claimName": VM}},
        {"name": "cloudinit", "cloudInitNoCloud": {"secretRef": {"name": "cloud-init"}}},
        {"name": "settings", "configMap": {"name": "settings"}},
    ]
    template = {
        "domain": {"devices": devices},
        "networks": [{"name": "vlan", "multus": {"networkName": "vlan-100"}}],
        "volumes": volumes,
    }
    return {
        "runStrategy": "Halted",
        "instancetype": {"kind": "VirtualMachineInstancetype", "name": "small"},
        "preference": {"kind": "VirtualMachinePreference", "name": "linux"},
        "template": {"metadata": {"labels": {"app": VM}}, "spec": template},
    }


def create(
    cluster: Cluster,
    version: str,
    kind: str,
    name: str,
    spec: Object,
    labels: Mapping[str, str] | None = None,
) -> None:
    body = {
        "apiVersion": version,
        "kind": kind,
        "metadata": {**named(name), "labels": dict(labels or {})},
        "spec": spec,
    }
    cluster.call("POST", path_of(version, kind), body)


def named(name: str) -> dict[str, str]:
    return {"name": name, "namespace": NAMESPACE}
