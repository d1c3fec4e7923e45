# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OADP's DataProtectionApplication as a plan needs it, and whether one that is there will do. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from .._model.plan import Metadata

PLUGINS = ("openshift", "kubevirt", "aws", "csi")
# the first one whose kubevirt plug-in knows the label for backups of metadata alone
OLDEST = "1.4.3"
OPERATOR = "oadp-operator"
UNNAMED_LOCATION = "default"
# what the operator takes where a location names no Secret
USUAL_CREDENTIAL = {"name": "cloud-credentials", "key": "cloud"}

OPTIONAL = ("s3ForcePathStyle", "publicUrl", "checksumAlgorithm")

_PROVIDER = "aws"
_NUMBERS = re.compile(r"\d+(?:\.\d+)*")


def application(metadata: Metadata, authority: str | None) -> dict[str, Any]:
    """The object of a plan with `metadata.oadp`. authority: base64 of the CA certificates of the object store.

    Images are not backed up: that is no part of a plan, and the operator would ask for a prefix.
    """
    wanted = metadata.oadp or {}
    config = {"region": wanted["region"]}
    if "s3_url" in wanted:
        config |= {"s3Url": wanted["s3_url"].rstrip("/"), "s3ForcePathStyle": "true"}
    if "public_url" in wanted:
        config["publicUrl"] = wanted["public_url"].rstrip("/")
    if not wanted["checksums"]:
        config["checksumAlgorithm"] = ""
    storage = {"bucket": wanted["bucket"]}
    if "prefix" in wanted:
        storage["prefix"] = wanted["prefix"]
    if authority:
        storage["caCert"] = authority
    location = {
        "provider": _PROVIDER,
        # the operator wants one of an application's locations to be
        "default": True,
        "objectStorage": storage,
        "config": config,
        "credential": dict(wanted["credential"]),
    }
    return {
        "apiVersion": "oadp.openshift.io/v1alpha1",
        "kind": "DataProtectionApplication",
        "metadata": {"name": wanted["name"], "namespace": metadata.namespace},
        "spec": {
            "backupImages": False,
            "configuration": {"velero": {"defaultPlugins": list(PLUGINS)}},
            "backupLocations": [{"name": metadata.storage_location or UNNAMED_LOCATION, "velero": location}],
        },
    }


def location_of(seen: Mapping[str, Any], storage_location: str | None) -> tuple[str, Mapping[str, Any]] | None:
    """Name and entry of the backup location that the plan uses; None when the application has no such."""
    named = {
        entry.get("name") or f"{seen['metadata']['name']}-{number}": entry
        for number, entry in enumerate(seen["spec"].get("backupLocations") or [], start=1)
    }
    if storage_location:
        return (storage_location, named[storage_location]) if storage_location in named else None
    return next(((name, entry) for name, entry in named.items() if _place(entry).get("default")), None)


def obstacles(wanted: Mapping[str, Any], seen: Mapping[str, Any], storage_location: str | None) -> list[str]:
    """What an application that exists lacks for the plan; what it has besides is its owner's affair."""
    velero = (seen["spec"].get("configuration") or {}).get("velero") or {}
    has = velero.get("defaultPlugins") or []
    lacking = [plugin for plugin in PLUGINS if plugin not in has]
    found = [
        f"configuration.velero.defaultPlugins: wanted {plugin!r} in it, is {', '.join(has) or 'empty'}"
        for plugin in lacking
    ]
    here = location_of(seen, storage_location)
    if here is None:
        return [*found, f"backupLocations: wanted {storage_location or 'a default one'}, there is none"]
    name, entry = here
    ours, theirs = _facts(wanted["spec"]["backupLocations"][0]), _facts(entry)
    return found + [
        f"backupLocations[{name}].{path}: wanted {value!r}, is {theirs.get(path)!r}"
        for path, value in ours.items()
        if theirs.get(path) != value
    ]


def lost_fields(wanted: Any, seen: Any, path: str = "") -> list[str]:
    """Fields that the API server dropped: the definition at that site does not know them."""
    if isinstance(wanted, Mapping):
        there = seen if isinstance(seen, Mapping) else {}
        pairs = [(f"{path}.{key}".lstrip("."), value, there.get(key)) for key, value in wanted.items()]
    elif isinstance(wanted, list):
        items = seen if isinstance(seen, list) and len(seen) == len(wanted) else [None] * len(wanted)
        pairs = [(f"{path}[{index}]", value, items[index]) for index, value in enumerate(wanted)]
    else:
        return [] if wanted == seen else [path]
    return [lost for inner, value, found in pairs for lost in lost_fields(value, found, inner)]


def version_of(services: Sequence[Mapping[str, Any]]) -> str:
    """The operator's version by its ClusterServiceVersions; the older one during an update, empty without any."""
    ours = [item for item in services if item["metadata"]["name"].startswith(f"{OPERATOR}.")]
    running = [item for item in ours if (item.get("status") or {}).get("phase") == "Succeeded"] or ours
    versions = [str(item["spec"].get("version", "")) for item in running]
    return min((version for version in versions if _numbers(version)), key=_numbers, default="")


def is_too_old(version: str) -> bool:
    return bool(version) and _numbers(version) < _numbers(OLDEST)


def _numbers(version: str) -> tuple[int, ...]:
    match = _NUMBERS.match(version)
    return tuple(int(part) for part in match[0].split(".")) if match else ()


def _place(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """A location as Velero knows it, or one through OADP's CloudStorage."""
    return entry.get("velero") or entry.get("bucket") or {}


def _facts(entry: Mapping[str, Any]) -> dict[str, Any]:
    """What decides where a location's captures lie, and whether the plan can write there, by path."""
    place = _place(entry)
    storage, config = place.get("objectStorage") or {}, place.get("config") or {}
    credential = place.get("credential") or USUAL_CREDENTIAL
    through = (place.get("cloudStorageRef") or {}).get("name")
    return {
        "cloudStorageRef": through,
        "provider": str(place.get("provider", "")).removeprefix("velero.io/"),
        "objectStorage.bucket": storage.get("bucket"),
        "objectStorage.prefix": storage.get("prefix") or "",
        "config.region": config.get("region"),
        "config.s3Url": (config.get("s3Url") or "").rstrip("/"),
        "credential": f"{credential.get('name')}, key {credential.get('key')}",
        "accessMode": place.get("accessMode") or "ReadWrite",
        **{f"objectStorage.{key}": storage[key] for key in ("caCert",) if key in storage},
        **{f"config.{key}": config[key] for key in OPTIONAL if key in config},
    }
