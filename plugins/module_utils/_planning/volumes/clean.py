# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A captured PV and PVC without what ties them to their old cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..._model.filled_claim import populated_for
from ..._model.names import RECLAIM_POLICY
from .copy import copied

Object = dict[str, Any]

# written by controllers of the old cluster; they would bind, provision or replicate there, not here
DROPPED_ANNOTATIONS = (
    "pv.kubernetes.io/",
    "volume.kubernetes.io/",
    "volume.beta.kubernetes.io/",
    "replication.storage.openshift.io/",
    "replication.storage.dell.com/",
    "kubectl.kubernetes.io/",
    "cdi.kubevirt.io/ownerUID",
    RECLAIM_POLICY,
)
DROPPED_LABELS = ("replication.storage.dell.com/",)


def clean_pv(pv: Mapping[str, Any]) -> Object:
    """The PV bound by name to its claim, kept when the claim goes, and free to be used on any node."""
    spec: Object = copied(pv["spec"])
    claim = spec.get("claimRef") or {}
    spec["claimRef"] = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "namespace": claim.get("namespace"),
        "name": claim.get("name"),
    }
    spec["persistentVolumeReclaimPolicy"] = "Retain"
    spec.pop("nodeAffinity", None)
    uids = {*_uids(pv["metadata"]), claim.get("uid")}
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": _clean_meta(pv["metadata"], uids), "spec": spec}


def clean_pvc(pvc: Mapping[str, Any]) -> Object:
    """The PVC bound by name to its PV; nothing populates it: no data source, and CDI is told that it is populated."""
    meta = _clean_meta(pvc["metadata"], {*_uids(pvc["metadata"])})
    meta["namespace"] = pvc["metadata"]["namespace"]
    filled = populated_for(pvc)
    if filled:
        meta["annotations"] = {**meta.get("annotations", {}), **filled}
    spec: Object = copied(pvc["spec"])
    for source in ("dataSource", "dataSourceRef"):
        spec.pop(source, None)
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta, "spec": spec}


def _uids(meta: Mapping[str, Any]) -> Iterator[Any]:
    yield meta.get("uid")
    for owner in meta.get("ownerReferences") or ():
        yield owner.get("uid")


def _clean_meta(meta: Mapping[str, Any], uids: set[Any]) -> Object:
    clean: Object = {"name": meta["name"]}
    for part, dropped in (("labels", DROPPED_LABELS), ("annotations", DROPPED_ANNOTATIONS)):
        kept = {
            key: value
            for key, value in (meta.get(part) or {}).items()
            if not key.startswith(dropped) and value not in uids
        }
        if kept:
            clean[part] = kept
    return clean
