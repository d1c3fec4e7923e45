# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that may differ between a plan's objects at east before its loss, and at west after the failover; and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.ocpvirt.dr.tests.integration.comparison import ABSENT, Intended
from demo.storages import Sites
from demo.workload import NAMESPACE

Holds = Callable[[Any, Any], bool]
ANNOTATIONS = ("metadata", "annotations")


def only_at_east(_east: Any, west: Any) -> bool:
    return west is ABSENT


def only_at_west(east: Any, _west: Any) -> bool:
    return east is ABSENT


def replaced(east: str, west: str) -> Holds:
    """Every occurrence of the one text by the other, and nothing else."""
    return lambda before, after: before != after and after == before.replace(east, west)


def both_of(known: dict[str, str]) -> Holds:
    return lambda before, after: known.get(before) == after


# what every API server and controller gives by itself
OF_A_CLUSTER = (
    Intended("*", ("metadata", "uid"), "every API server gives its own"),
    Intended("*", ("metadata", "resourceVersion"), "every API server counts by itself"),
    Intended("*", ("metadata", "creationTimestamp"), "created at another moment"),
    Intended("*", ("metadata", "managedFields"), "written by others, at other moments"),
    Intended("*", ("metadata", "generation"), "counts the changes at one site"),
    Intended(f"ConfigMap/{NAMESPACE}/kube-root-ca.crt", ("data", "ca.crt"), "the authority of the cluster"),
    Intended("Service/*", ("spec", "clusterIP"), "an address of the cluster's network"),
    Intended("Service/*", ("spec", "clusterIPs"), "an address of the cluster's network"),
    Intended("VirtualMachine/*", ("status",), "what virt-controller sees at that site"),
    Intended(
        "ControllerRevision/*/revision-start-vm-*", (), "KubeVirt makes one at each start, named after the VM's uid"
    ),
    Intended("PersistentVolume/*", ("spec", "claimRef", "uid"), "of the claim at that site"),
    Intended("PersistentVolume/*", ("spec", "claimRef", "resourceVersion"), "of the claim at that site"),
    Intended("PersistentVolume/*", ("status", "lastPhaseTransitionTime"), "bound at another moment"),
)
# what a failover writes or leaves away on purpose, whoever brings the manifests
OF_A_FAILOVER = (
    Intended("DataVolume/*", ("metadata", "labels"), "KubeVirt makes it anew at the VM's start, by the VM's uid"),
    Intended("DataVolume/*", ("metadata", "ownerReferences"), "the VM of that site, by its uid"),
    Intended("VirtualMachineSnapshot/*", (), "brought bare it locks its VM and snapshots anew", only_at_east),
    Intended("VirtualMachineSnapshotContent/*", (), "stays where its snapshot stays", only_at_east),
    Intended(
        "*", (*ANNOTATIONS, "dr.ocpvirt.io/created-by-run"), "the run that created it, or took it over", only_at_west
    ),
    Intended(
        "VirtualMachine/*",
        (*ANNOTATIONS, "kubevirt.io/immediate-data-volume-creation"),
        "no import, also for the VM's templates",
        lambda east, west: (east, west) == (ABSENT, "false"),
    ),
    Intended(
        "PersistentVolumeClaim/*/filled",
        (*ANNOTATIONS, "cdi.kubevirt.io/storage.populatedFor"),
        "tells CDI that the claim is filled",
        lambda east, west: (east, west) == (ABSENT, "filled"),
    ),
    Intended(
        "PersistentVolumeClaim/*/filled",
        ("metadata", "ownerReferences"),
        "its DataVolume is not there, and would take the claim with it",
        only_at_east,
    ),
)
# by us, from a capture
RESTORED = (
    Intended("ControllerRevision/*", ("metadata", "ownerReferences"), "the VM of that site, by its uid"),
    Intended(
        "VirtualMachine/*/complete",
        ("spec", "*", "revisionName"),
        "the revision that it was made with, which only its status told",
        only_at_west,
    ),
)
# by somebody else, without a VM's status: what that alone names, KubeVirt makes at each site
BROUGHT = (
    Intended("ControllerRevision/*/complete-*", (), "made for the VM at east, under a name of its own", only_at_east),
    Intended("ControllerRevision/*/complete-*", (), "made for the VM at west, under a name of its own", only_at_west),
)
BY_SOURCE = {
    "oadp": (
        *RESTORED,
        Intended("*", ("metadata", "labels", "velero.io/backup-name"), "Velero labels what it restores", only_at_west),
        Intended("*", ("metadata", "labels", "velero.io/restore-name"), "Velero labels what it restores", only_at_west),
    ),
    "export": RESTORED,
    "gitops": (
        *BROUGHT,
        Intended(
            "PersistentVolume*",
            (*ANNOTATIONS, "argocd.argoproj.io/sync-options"),
            "Git does not know it, and nothing that syncs may prune it",
            lambda east, west: (east, west) == (ABSENT, "Prune=false,Delete=false"),
        ),
    ),
    "vendor": BROUGHT,
}


def intended(source: str, storages: tuple[str, ...], sites: Sites) -> list[Intended]:
    return [*OF_A_CLUSTER, *OF_A_FAILOVER, *BY_SOURCE[source], *_of_storages(storages, sites)]


def _of_storages(storages: tuple[str, ...], sites: Sites) -> list[Intended]:
    """What the plan's rules set, to the value."""
    east, west = sites["east"], sites["west"]
    classes = {east["storage_class"]: west["storage_class"]}
    server = replaced(east["nfs_server"], west["nfs_server"])
    folder = replaced(f"{east['export_prefix']}/", f"{west['export_prefix']}/")
    rows = [
        Intended("PersistentVolume/*", ("spec", "nfs", "server"), "the rule for NFS", server),
        Intended("PersistentVolume/*", ("spec", "nfs", "path"), "the rule for NFS", folder),
    ]
    if "ceph_rbd" in storages:
        here, there = east["ceph"], west["ceph"]
        classes[here["storage_class"]] = there["storage_class"]
        fsid = replaced(here["fsid"], there["fsid"])
        pools = [f"-{ceph['fsid']}-{ceph['pool_id']:016x}-" for ceph in (here, there)]
        rows += [
            Intended("PersistentVolume/*", ("spec", "csi", "volumeHandle"), "the rule for RBD", replaced(*pools)),
            Intended("PersistentVolume/*", ("spec", "csi", "volumeAttributes", "clusterID"), "the rule for RBD", fsid),
        ]
    mapped = "the class of the site's storage"
    kinds = ("PersistentVolume/*", "PersistentVolumeClaim/*")
    return rows + [Intended(kind, ("spec", "storageClassName"), mapped, both_of(classes)) for kind in kinds]
