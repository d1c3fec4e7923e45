# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ceph: RBD and CephFS by ceph-csi, whose handles encode cluster and pool, and the in-tree sources."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from .decided import DecidedVolume, Driver

# version, length of the cluster's id, the id, pool (CephFS: file system) and the volume's UUID
_HANDLE = re.compile(
    r"(?P<version>[0-9a-f]{4})-(?P<length>[0-9a-f]{4})-(?P<cluster>.+)-(?P<pool>[0-9a-f]{16})-(?P<uuid>[0-9a-f-]{36})"
)
_SHAPE = "0001-<length of the cluster id, 4 hex digits>-<cluster id>-<pool id, 16 hex digits>-<UUID>"


class _Handle(NamedTuple):
    cluster: str
    pool: int
    uuid: str


def _check_rbd(volume: DecidedVolume) -> Iterable[str]:
    cluster = _cluster(volume)
    if _is_static(volume):
        volume.require_set(("csi", "volumeAttributes", "clusterID"), f"{cluster!r} is the id of a Ceph cluster")
        return [f"a static volume: the handle {volume.handle!r} is the name of its image"]
    handle = _decoded(volume)
    _check_name(volume, handle, "imageName")
    return _mapped(volume, handle, cluster, "RBDPoolIDMapping")


def _check_cephfs(volume: DecidedVolume) -> Iterable[str]:
    cluster = _cluster(volume)
    if _is_static(volume):
        for name in ("rootPath", "clusterID"):
            volume.require_set(("csi", "volumeAttributes", name), "the driver mounts what it says")
        return ["a static volume: the driver mounts csi.volumeAttributes.rootPath"]
    handle = _decoded(volume)
    _check_name(volume, handle, "subvolumeName")
    before = volume.captured["spec"].get("csi") or {}
    same = (before.get("volumeAttributes") or {}).get("clusterID") == cluster
    if volume.handle != volume.handle_before or not same:
        raise volume.refused(
            f"the rule leads the provisioned CephFS volume {volume.handle!r} to the cluster {cluster!r}, whose journal"
            " does not know it: CephFS mirrors directories, not what ceph-csi noted of its subvolumes",
            "one Ceph cluster for both sites, or a static volume of the mirrored directory",
            f'set under {volume.place("csi", "volumeAttributes", "staticVolume")} "true", and rootPath, clusterID and'
            " csi.volumeHandle (any name of its own) with it, for both sites; or replicate it with VolSync",
        )
    return [f"clusterID {cluster!r} and handle are the same at both sites: both reach one Ceph cluster"]


def _check_in_tree_rbd(volume: DecidedVolume) -> Iterable[str]:
    volume.require_set(("rbd", "monitors"), "they are the monitors of that site's Ceph cluster")
    return []


def _check_in_tree_cephfs(volume: DecidedVolume) -> Iterable[str]:
    volume.require_set(("cephfs", "monitors"), "they are the monitors of that site's Ceph cluster")
    return []


def _cluster(volume: DecidedVolume) -> str:
    cluster = volume.attributes.get("clusterID", "")
    if not cluster:
        raise volume.refused(
            "csi.volumeAttributes.clusterID is absent",
            "the id under which ceph-csi's configuration lists the cluster",
            f"set {volume.place('csi', 'volumeAttributes', 'clusterID')}",
        )
    return cluster


def _is_static(volume: DecidedVolume) -> bool:
    return volume.attributes.get("staticVolume", "").lower() == "true"


def _decoded(volume: DecidedVolume) -> _Handle:
    match = _HANDLE.fullmatch(volume.handle)
    if match is None:
        raise volume.refused(
            f"csi.volumeHandle {volume.handle!r} is no handle of a volume that ceph-csi provisioned",
            f'{_SHAPE}, or csi.volumeAttributes.staticVolume: "true"',
            f"correct {volume.place('csi', 'volumeHandle')}",
        )
    if int(match["length"], 16) != len(match["cluster"]):
        raise volume.refused(
            f"csi.volumeHandle {volume.handle!r} says that its cluster id has {int(match['length'], 16)} characters,"
            f" {match['cluster']!r} has {len(match['cluster'])}",
            f"{_SHAPE}; here the length is {len(match['cluster']):04x}",
            f"correct {volume.place('csi', 'volumeHandle')}",
        )
    return _Handle(match["cluster"], int(match["pool"], 16), match["uuid"])


def _check_name(volume: DecidedVolume, handle: _Handle, attribute: str) -> None:
    name = volume.attributes.get(attribute)
    if name and not name.endswith(handle.uuid):
        raise volume.refused(
            f"csi.volumeHandle names the volume {handle.uuid}, csi.volumeAttributes.{attribute} says {name!r}",
            "both of one volume: mirroring keeps the image's name",
            f"keep the UUID in {volume.place('csi', 'volumeHandle')}: capture it in the match",
        )


def _mapped(volume: DecidedVolume, handle: _Handle, cluster: str, pools: str) -> list[str]:
    """Whether ceph-csi at the target finds the volume: by the handle itself, or by its cluster mapping."""
    if handle.cluster == cluster:
        if volume.handle != volume.handle_before:
            return [f"handle and clusterID name the cluster {cluster!r}, and pool {handle.pool}"]
        return [
            f"handle and clusterID {cluster!r} are the same at both sites: pool id {handle.pool} must be the same"
            f" as well, or mapped by {pools} in ceph-csi's cluster-mapping.json"
        ]
    if volume.handle == volume.handle_before:
        return [
            f"the handle keeps cluster {handle.cluster!r} and pool {handle.pool}: cluster-mapping.json of ceph-csi at"
            f" {volume.target} must map them to {cluster!r} (clusterIDMapping, {pools})"
        ]
    raise volume.refused(
        f"csi.volumeHandle {volume.handle!r} names the cluster {handle.cluster!r},"
        f" csi.volumeAttributes.clusterID {cluster!r}",
        "both of one cluster, or the handle as it was, for ceph-csi's cluster mapping",
        f"set csi.volumeHandle and csi.volumeAttributes.clusterID together under {volume.place('csi', 'volumeHandle')}",
    )


RBD = Driver(_check_rbd)
CEPHFS = Driver(_check_cephfs)
IN_TREE_RBD = Driver(_check_in_tree_rbd)
IN_TREE_CEPHFS = Driver(_check_in_tree_cephfs)
