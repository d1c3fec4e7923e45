# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept of an object in an export, and how: canonical JSON by its SHA-256, compressed. Pure."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import zlib
from collections.abc import Mapping
from typing import Any

from .._model.filled_claim import populated_for
from .._model.vm import POWER_STATUS

DIGEST = re.compile(r"[0-9a-f]{64}")
# of one cluster, and worthless or harmful in another: an owner that is absent there has its objects collected
DROPPED_META = frozenset(
    {
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "managedFields",
        "ownerReferences",
        "finalizers",
        "selfLink",
    }
)
DROPPED_ANNOTATIONS = frozenset({"kubectl.kubernetes.io/last-applied-configuration"})
# what nothing else shows: that a Manual VM runs and which revision it was made with, that a Job is done, why a claim's
# volume is missing, whether a disk is filled, and what a snapshot consists of
KEPT_STATUS = {
    "VirtualMachine": (*POWER_STATUS, "instancetypeRef", "preferenceRef"),
    "PersistentVolumeClaim": ("phase",),
    "DataVolume": ("phase",),
    "VirtualMachineSnapshot": ("readyToUse", "virtualMachineSnapshotContentName"),
    "Job": ("conditions",),
}
BROKEN = (zlib.error, OSError, EOFError, ValueError, RecursionError)


def cleaned(item: Mapping[str, Any]) -> dict[str, Any]:
    """The object without what its API server keeps about it."""
    meta = {key: value for key, value in item["metadata"].items() if key not in DROPPED_META}
    given = meta.pop("annotations", None) or {}
    kept = {key: value for key, value in given.items() if key not in DROPPED_ANNOTATIONS}
    if item.get("kind") == "PersistentVolumeClaim":
        # its owner goes
        kept |= populated_for(item)
    if kept:
        meta["annotations"] = kept
    found = {key: value for key, value in item.items() if key not in ("metadata", "status")}
    seen = item.get("status") or {}
    status = {key: seen[key] for key in KEPT_STATUS.get(str(item.get("kind")), ()) if key in seen}
    return {**found, "metadata": meta, **({"status": status} if status else {})}


def canonical(document: Any) -> bytes:
    """The same bytes for the same content."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def packed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def unpacked(stored: bytes) -> bytes:
    """ValueError says what is wrong with it."""
    try:
        return gzip.decompress(stored)
    except BROKEN as error:
        raise ValueError(f"{len(stored)} bytes that are no whole gzip file ({error})") from error


def read_object(stored: bytes, digest: str) -> dict[str, Any]:
    """The object that was stored under its digest. ValueError says what is wrong with it."""
    content = unpacked(stored)
    seen = digest_of(content)
    if seen != digest:
        raise ValueError(f"its content has the SHA-256 {seen[:12]}…")
    document = json.loads(content)
    if not isinstance(document, dict) or not isinstance(document.get("metadata"), dict):
        raise ValueError("its content is no object of a cluster")
    return document
