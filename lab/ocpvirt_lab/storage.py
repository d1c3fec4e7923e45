"""The site's NFS server with its replication, and the guests that write to it."""

from __future__ import annotations

from ocpvirt_lab import ceph
from ocpvirt_lab.components import SITE_CEPH
from ocpvirt_lab.kube import Object
from ocpvirt_lab.layout import CONTROL_PORT, NFS_PORT, PEER_PORT
from ocpvirt_lab.process import Process, SiteContext
from ocpvirt_lab.state import CEPH


def server(site: SiteContext) -> Process:
    root = site.folder.storage_root(site.name)
    root.mkdir(parents=True, exist_ok=True)
    layout = site.layout
    argv = [
        site.binary("site"),
        "storage",
        f"--name={site.name}",
        f"--root={root}",
        f"--prefix={site.export_prefix}",
        f"--nfs={layout.nfs}:{NFS_PORT}",
        f"--control={layout.mgmt}:{CONTROL_PORT}",
        f"--peer-listen={layout.nfs}:{PEER_PORT}",
    ]
    return Process("storage", argv, f"http://{layout.mgmt}:{CONTROL_PORT}/v1/exports")


def guest(site: SiteContext) -> Process:
    images = site.storage == CEPH
    argv = [
        site.binary(SITE_CEPH if images else "site"),
        "guest",
        f"--name={site.name}",
        f"--kubeconfig={site.pki.kubeconfig('kubevirt-handler')}",
        *(ceph.guest_options(site) if images else []),
    ]
    return Process("guest", argv)


def storage_class(site: SiteContext) -> Object:
    """Named after its site, so that a storage class has to be mapped when a volume moves."""
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": f"{site.name}-nfs"},
        "provisioner": "kubernetes.io/no-provisioner",
        "reclaimPolicy": "Retain",
        "volumeBindingMode": "Immediate",
    }
