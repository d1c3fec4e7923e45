# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Velero's backup synchronisation does once a minute, for one backup and at once."""

from __future__ import annotations

from typing import Any

from .._cluster.api import Api, Object
from .._cluster.kinds import BACKUP, STORAGE_LOCATION
from .._errors import Conflict, NotFound

LOCATION_LABEL = "velero.io/storage-location"


def backup_location(api: Api, namespace: str, named: str | None) -> Object:
    """The BackupStorageLocation of that name, or the site's default one."""
    locations = {item["metadata"]["name"]: item for item in api.list(STORAGE_LOCATION, namespace)}
    if named in locations:
        return locations[named]
    defaults = [item for item in locations.values() if item["spec"].get("default")]
    if named is None and len(defaults) == 1:
        return defaults[0]
    raise NotFound(
        "find the backup storage",
        site=api.site,
        on=f"BackupStorageLocation/{namespace}/{named or '(default)'}",
        seen=", ".join(sorted(locations)) or "none",
        next_step="install OADP there with the same object store, or set metadata.namespace and storage_location",
    )


def copy_backup(here: Api, there: Api, namespace: str, name: str, location: Object) -> str:
    """Create the other site's object of a completed backup; its uid, or nothing when it is there already.

    Only the object: whether that site can read the content shows when it is read.
    """
    backup = here.get(BACKUP, name, namespace)
    stored = location["metadata"]["name"]
    body: dict[str, Any] = {
        "apiVersion": BACKUP.api_version,
        "kind": BACKUP.kind,
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {**backup["metadata"].get("labels", {}), LOCATION_LABEL: stored},
            "annotations": backup["metadata"].get("annotations", {}),
        },
        "spec": {**backup["spec"], "storageLocation": stored},
        "status": backup["status"],
    }
    try:
        return str(there.create(BACKUP, body)["metadata"]["uid"])
    except Conflict:
        return ""
