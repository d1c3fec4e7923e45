# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A workload with an object of every kind that belongs to a VM, captured by each source; then its site is lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.client import connect
from ansible_collections.ocpvirt.dr.plugins.module_utils._model.capture import Capture
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.metadata_source import source_of
from ansible_collections.ocpvirt.dr.plugins.module_utils._operations.plan_source import load_plan
from ansible_collections.ocpvirt.dr.tests.integration.world import World, must
from demo.__main__ import await_replicated
from demo.cluster import Cluster, Object, wait_until
from demo.workload import NAMESPACE, PLAN_LABEL, Vm, manifests

VM = "complete"
STATE = f"persistent-state-for-{VM}-x7f2q"
SCC = {"openshift.io/sa.scc.uid-range": "1000680000/10000", "openshift.io/sa.scc.mcs": "s0:c26,c15"}
ADMITS = {"pod-security.kubernetes.io/enforce": "privileged"}
# that the lab does not serve by itself: plural, group, version, kind. No DataVolume: virt-controller ends when it sees
# that kind appear, to begin anew with CDI
SERVED = (
    ("routes", "route.openshift.io", "v1", "Route"),
    ("network-attachment-definitions", "k8s.cni.cncf.io", "v1", "NetworkAttachmentDefinition"),
)
# resource to the names that a capture has to hold of it
EXPECTED = {
    "namespaces": NAMESPACE,
    "virtualmachines.kubevirt.io": VM,
    "persistentvolumes": f"pv-{VM}",
    "persistentvolumeclaims": STATE,
    "secrets": "cloud-init",
    "configmaps": "settings",
    "services": VM,
    "routes.route.openshift.io": VM,
    "virtualmachineinstancetypes.instancetype.kubevirt.io": "small",
    "virtualmachinepreferences.instancetype.kubevirt.io": "linux",
    "network-attachment-definitions.k8s.cni.cncf.io": "vlan-100",
    "virtualmachinesnapshots.snapshot.kubevirt.io": VM,
}


@dataclass(frozen=True)
class Complete:
    """captures: by source. revisions, content: that KubeVirt made at east for the VM and for its snapshot."""

    world: World
    captures: Mapping[str, Capture]
    revisions: set[str]
    content: str


def capture_everything(world: World) -> Complete:
    """Captures by Velero and to a directory; then east is lost, and the plan fails over from the latter."""
    for site in world.sites:
        serve_kinds(world.cluster(site))
        # Velero asks only once in five minutes which kinds are served
        world.lab.kill(site, "velero")
    world.lab.run("up")
    world.deploy()
    east = world.cluster("east")
    create_everything(world, east)
    directory = world.folder / "captures"
    directory.mkdir()
    document = world.changed_plan()
    document["metadata"] = {"source": "export", "export": {"directory": str(directory)}}
    exporting = world.write_plan("payroll-export", document)
    captures = {}
    for source, plan in (("oadp", world.plan_file), ("export", exporting)):
        must(world.play("protect", "-e", "dr_site=east", plan=plan))
        captures[source] = newest_capture(world, str(plan))
    await_replicated(world.sites)
    seen = east.get("VirtualMachine", VM, NAMESPACE)["status"]
    content = snapshot_of(east)["status"]["virtualMachineSnapshotContentName"]
    world.lab.run("lose", "east")
    must(world.failover(plan=exporting))
    revisions = {seen[field]["controllerRevisionRef"]["name"] for field in ("instancetypeRef", "preferenceRef")}
    return Complete(world, captures, revisions, content)


def serve_kinds(cluster: Cluster) -> None:
    known = {item["metadata"]["name"] for item in cluster.list("CustomResourceDefinition")}
    for plural, group, version, kind in SERVED:
        if f"{plural}.{group}" in known:
            continue
        schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
        names = {"plural": plural, "singular": kind.lower(), "kind": kind}
        served = {"name": version, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
        spec = {"group": group, "scope": "Namespaced", "names": names, "versions": [served]}
        body = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}
        cluster.create({**body, "metadata": {"name": f"{plural}.{group}"}, "spec": spec})

    def absent() -> list[str]:
        missing = []
        for plural, group, version, _kind in SERVED:
            try:
                cluster.call("GET", f"/apis/{group}/{version}/{plural}")
            except RuntimeError as error:
                missing.append(str(error))
        return missing

    wait_until("the kinds to be served", 30, absent)


def create_everything(world: World, east: Cluster) -> None:
    """The VM is off: what KubeVirt needs to run one with a TPM, the lab has not."""
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


def path_of(version: str, kind: str) -> str:
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    plural = next((item[0] for item in SERVED if item[3] == kind), f"{kind.lower()}s")
    return f"{root}/namespaces/{NAMESPACE}/{plural}"


def newest_capture(world: World, plan_file: str) -> Capture:
    plan = load_plan(plan_file)
    source, api = source_of(plan), connect("east", {"kubeconfig": world.sites["east"]["kubeconfig"]})
    return source.manifests(api, source.catalog(api)[0].name)
