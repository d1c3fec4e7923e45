"""What csi-addons needs in a site's cluster: its CRDs, and for each driver the pod that its sidecar says it runs in,
and the classes."""

from __future__ import annotations

from dataclasses import dataclass

import yaml

from ocpvirt_lab import ceph
from ocpvirt_lab.kube import Object
from ocpvirt_lab.layout import PEER_PORT, SITES, SiteLayout
from ocpvirt_lab.process import SiteContext
from ocpvirt_lab.state import CEPH

NAMESPACE = "csi-addons-system"
CRDS = "csi-addons-crds.yaml"
REPLICATION_API = "replication.storage.openshift.io/v1alpha1"
FENCE_API = "csiaddons.openshift.io/v1alpha1"


@dataclass(frozen=True)
class Driver:
    """A driver of the lab's storage, with a sidecar of its own."""

    short: str
    """What all that is made for it is named after."""
    name: str
    sidecar_port: int

    @property
    def owner(self) -> str:
        return f"csi-addons-{self.short}"

    @property
    def pod(self) -> str:
        return f"{self.owner}-0"

    @property
    def secret(self) -> str:
        return f"{self.short}-storage"

    @property
    def replication_class(self) -> str:
        return f"{self.short}-replication"

    @property
    def fence_class(self) -> str:
        return f"{self.short}-fence"

    def storage_address(self, layout: SiteLayout) -> str:
        return layout.ceph if self is RBD else layout.nfs

    def clients(self, site: str) -> list[str]:
        """The networks that a site's nodes use the storage from: guests use both of its addresses on `data`."""
        return [f"{SITES[site].data}/32", f"{self.storage_address(SITES[site])}/32"]


NFS = Driver("nfs", "nfs.csi.k8s.io", 9070)
RBD = Driver("rbd", ceph.PROVISIONER, 9071)


def drivers(storage: str) -> list[Driver]:
    return [NFS, RBD] if storage == CEPH else [NFS]


def crds(site: SiteContext) -> list[Object]:
    return list(yaml.safe_load_all(site.binaries[CRDS].read_text()))


def objects(site: SiteContext) -> list[Object]:
    return [
        item for driver in drivers(site.storage) for item in (_secret(driver), _owner(driver), *_classes(driver, site))
    ]


def pod_address(driver: Driver, address: str) -> Object:
    """What a kubelet would say. The manager looks the sidecar up by its pod."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": driver.pod, "namespace": NAMESPACE},
        "status": {"podIP": address, "podIPs": [{"ip": address}]},
    }


def _secret(driver: Driver) -> Object:
    """A class must name one, and the sidecar reads it for every call; our drivers have their own way in."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": driver.secret, "namespace": NAMESPACE},
        "stringData": {"user": "unused"},
    }


def _owner(driver: Driver) -> Object:
    """Its pod is never scheduled, so that no node double gives it another address."""
    labels = {"app": driver.owner}
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": driver.owner, "namespace": NAMESPACE},
        "spec": {
            "replicas": 1,
            "serviceName": driver.owner,
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


def _classes(driver: Driver, site: SiteContext) -> list[Object]:
    return [
        _class(
            driver,
            REPLICATION_API,
            "VolumeReplicationClass",
            driver.replication_class,
            "replication.storage.openshift.io/replication-secret",
            _parameters(driver, site),
        ),
        _class(
            driver,
            REPLICATION_API,
            "VolumeGroupReplicationClass",
            driver.replication_class,
            "replication.storage.openshift.io/group-replication-secret",
        ),
        _class(
            driver, FENCE_API, "NetworkFenceClass", driver.fence_class, "csiaddons.openshift.io/networkfence-secret"
        ),
    ]


def _parameters(driver: Driver, site: SiteContext) -> dict[str, str]:
    if driver is RBD:
        # Ceph takes whole minutes
        return {"mirroringMode": "snapshot", "schedulingInterval": "1m"}
    peer = next(layout for name, layout in SITES.items() if name != site.name)
    return {"schedulingInterval": "10s", "peer": f"http://{peer.nfs}:{PEER_PORT}"}


def _class(
    driver: Driver, version: str, kind: str, name: str, secret: str, parameters: dict[str, str] | None = None
) -> Object:
    reference = {f"{secret}-name": driver.secret, f"{secret}-namespace": NAMESPACE}
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": name},
        "spec": {"provisioner": driver.name, "parameters": reference | (parameters or {})},
    }


def environment(driver: Driver, site: str) -> Object:
    """For `lab env`."""
    return {
        "driver": driver.name,
        "volume_replication_class": driver.replication_class,
        "volume_group_replication_class": driver.replication_class,
        "network_fence_class": driver.fence_class,
        "secret": {"name": driver.secret, "namespace": NAMESPACE},
        "cidrs": driver.clients(site),
    }
