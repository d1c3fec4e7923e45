"""What csi-addons needs in a site's cluster: its CRDs, the pod that the sidecar says it runs in, and the classes."""

from __future__ import annotations

import yaml

from ocpvirt_lab.kube import Object
from ocpvirt_lab.layout import PEER_PORT, SITES
from ocpvirt_lab.process import SiteContext

NAMESPACE = "csi-addons-system"
DRIVER = "nfs.csi.k8s.io"
CLASS = "nfs-replication"
FENCE_CLASS = "nfs-fence"
SECRET = "nfs-storage"
CRDS = "csi-addons-crds.yaml"
OWNER = "csi-addons-nfs"
POD = f"{OWNER}-0"
SCHEDULING_INTERVAL = "10s"
REPLICATION_API = "replication.storage.openshift.io/v1alpha1"
FENCE_API = "csiaddons.openshift.io/v1alpha1"


def crds(site: SiteContext) -> list[Object]:
    return list(yaml.safe_load_all(site.binaries[CRDS].read_text()))


def clients(site: str) -> list[str]:
    """The networks that a site's nodes use storage from: guests use both of its addresses on `data`."""
    return [f"{SITES[site].data}/32", f"{SITES[site].nfs}/32"]


def objects(site: SiteContext) -> list[Object]:
    return [_secret(), _owner(), *_classes(site)]


def pod_address(address: str) -> Object:
    """What a kubelet would say. The manager looks the sidecar up by its pod."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": POD, "namespace": NAMESPACE},
        "status": {"podIP": address, "podIPs": [{"ip": address}]},
    }


def _secret() -> Object:
    """A class must name one, and the sidecar reads it for every call; the lab's storage has no accounts."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": SECRET, "namespace": NAMESPACE},
        "stringData": {"user": "unused"},
    }


def _owner() -> Object:
    """Its pod is never scheduled, so that no node double gives it another address."""
    labels = {"app": OWNER}
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": OWNER, "namespace": NAMESPACE},
        "spec": {
            "replicas": 1,
            "serviceName": OWNER,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "schedulerName": "runs-outside-the-cluster",
                    "containers": [{"name": "sidecar", "image": "csi-addons-sidecar:lab"}],
                },
            },
        },
    }


def _classes(site: SiteContext) -> list[Object]:
    peer = next(layout for name, layout in SITES.items() if name != site.name)
    return [
        {
            "apiVersion": REPLICATION_API,
            "kind": "VolumeReplicationClass",
            "metadata": {"name": CLASS},
            "spec": {
                "provisioner": DRIVER,
                "parameters": _secret_reference("replication.storage.openshift.io/replication-secret")
                | {"schedulingInterval": SCHEDULING_INTERVAL, "peer": f"http://{peer.nfs}:{PEER_PORT}"},
            },
        },
        {
            "apiVersion": REPLICATION_API,
            "kind": "VolumeGroupReplicationClass",
            "metadata": {"name": CLASS},
            "spec": {
                "provisioner": DRIVER,
                "parameters": _secret_reference("replication.storage.openshift.io/group-replication-secret"),
            },
        },
        {
            "apiVersion": FENCE_API,
            "kind": "NetworkFenceClass",
            "metadata": {"name": FENCE_CLASS},
            "spec": {
                "provisioner": DRIVER,
                "parameters": _secret_reference("csiaddons.openshift.io/networkfence-secret"),
            },
        },
    ]


def _secret_reference(prefix: str) -> dict[str, str]:
    return {f"{prefix}-name": SECRET, f"{prefix}-namespace": NAMESPACE}


def environment(site: str) -> Object:
    """For `lab env`."""
    return {
        "driver": DRIVER,
        "volume_replication_class": CLASS,
        "volume_group_replication_class": CLASS,
        "network_fence_class": FENCE_CLASS,
        "secret": {"name": SECRET, "namespace": NAMESPACE},
        "cidrs": clients(site),
    }
