"""Where everything in a lab listens. Every lab has the same addresses, each in network namespaces of its own."""

from __future__ import annotations

from dataclasses import dataclass

RBD_POOL = "rbd"


@dataclass(frozen=True)
class SiteLayout:
    name: str
    mgmt: str
    """The operator's way in: API server and storage control."""
    data: str
    """The site's way out: to the S3 gateway and to the other site's storage."""
    nfs: str
    """The storage's own address: NFS and the replication peer."""
    export_prefix: str
    ceph: str
    """The Ceph cluster's own address: its monitor, manager and OSD."""
    ceph_pools: tuple[str, ...]
    """In the order in which they are made; the other site's pool of the same name has another id."""


SITES = {
    "east": SiteLayout("east", "10.76.0.11", "10.77.0.11", "10.77.0.12", "/exports", "10.77.0.13", (RBD_POOL,)),
    "west": SiteLayout("west", "10.76.0.21", "10.77.0.21", "10.77.0.22", "/dr", "10.77.0.23", ("older", RBD_POOL)),
}

HUB_MGMT = "10.76.0.1"
HUB_DATA = "10.77.0.1"
PREFIX_LENGTH = 24

API_PORT = 6443
CONTROL_PORT = 8049
NFS_PORT = 2049
PEER_PORT = 8050
SSH_PORT = 22
S3_PORT = 7070

S3_REGION = "lab"
S3_BUCKET = "velero"


def relayed() -> dict[str, tuple[str, int]]:
    """What the host reaches through the relay: name of the forward -> address inside the lab."""
    forwards = {"s3": (HUB_DATA, S3_PORT)}
    for site in SITES.values():
        forwards[f"{site.name}-api"] = (site.mgmt, API_PORT)
        forwards[f"{site.name}-storage"] = (site.mgmt, CONTROL_PORT)
        # refused by a site without sshd
        forwards[f"{site.name}-ssh"] = (site.mgmt, SSH_PORT)
    return forwards
