"""KWOK, which stands for the kubelets, and the nodes it keeps alive."""

from __future__ import annotations

from pathlib import Path

from ocpvirt_lab.kube import Object
from ocpvirt_lab.process import Process, SiteContext

CONFIG = Path(__file__).resolve().parent.parent / "manifests" / "kwok.yaml"
KWOK_PORT = 10247
ZONES = ("a", "b")
RESOURCES = {
    "cpu": "512",
    "memory": "4Ti",
    "ephemeral-storage": "64Ti",
    "pods": "4000",
    "devices.kubevirt.io/kvm": "10k",
    "devices.kubevirt.io/tun": "10k",
    "devices.kubevirt.io/vhost-net": "10k",
}


def process(site: SiteContext) -> Process:
    argv = [
        site.binary("kwok"),
        # VMI writes are reserved to KubeVirt's own accounts, and KWOK stands for virt-handler too
        f"--kubeconfig={site.pki.kubeconfig('kubevirt-handler')}",
        f"--config={CONFIG}",
        f"--server-address=127.0.0.1:{KWOK_PORT}",
        "--node-ip=127.0.0.1",
        f"--node-port={KWOK_PORT}",
    ]
    return Process("kwok", argv, f"http://127.0.0.1:{KWOK_PORT}/healthz")


def objects(site: SiteContext) -> list[Object]:
    return [_node(site.name, number) for number in range(1, site.nodes + 1)]


def _node(site: str, number: int) -> Object:
    name = f"{site}-node-{number}"
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {
                "kubernetes.io/arch": "amd64",
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "kubevirt.io/schedulable": "true",
                # virt-api's default machine type becomes a node selector of the launcher pod
                "machine-type.node.kubevirt.io/q35": "true",
                "node-role.kubernetes.io/worker": "",
                "topology.kubernetes.io/region": site,
                "topology.kubernetes.io/zone": f"{site}-{ZONES[(number - 1) % len(ZONES)]}",
            },
        },
        "status": {"allocatable": RESOURCES, "capacity": RESOURCES},
    }
