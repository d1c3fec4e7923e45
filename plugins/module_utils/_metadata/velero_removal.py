# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deleting a Velero backup with its content, for which Velero is asked by an object, and a restore that failed."""

from __future__ import annotations

from contextlib import suppress

from .._cluster.api import Api
from .._cluster.kinds import BACKUP, DELETE_BACKUP_REQUEST, RESTORE
from .._cluster.waiting import wait_for
from .._errors import Conflict, TerminalState

DELETE_TIMEOUT = 120.0
# by which Velero and its command line find the requests for a backup
BACKUP_NAME = "velero.io/backup-name"
BACKUP_UID = "velero.io/backup-uid"
# of a label's value in Kubernetes; a longer name goes without, and Velero finds it by its spec
LABEL_LIMIT = 63
RESTORE_FAILED = frozenset({"PartiallyFailed", "Failed", "FailedValidation"})


def delete_backup(api: Api, namespace: str, name: str) -> None:
    """Ask for it and wait until the Backup is gone."""
    backup = api.find(BACKUP, name, namespace)
    if backup is None:
        return
    uid = backup["metadata"]["uid"]
    request = f"{name}-unprotect"
    labels = {BACKUP_UID: uid} | ({BACKUP_NAME: name} if len(name) <= LABEL_LIMIT else {})
    body = {
        "apiVersion": DELETE_BACKUP_REQUEST.api_version,
        "kind": DELETE_BACKUP_REQUEST.kind,
        "metadata": {"name": request, "namespace": namespace, "labels": labels},
        "spec": {"backupName": name},
    }
    # an earlier attempt may have asked already, and what came of that counts; one that failed is asked anew next time
    with suppress(Conflict):
        api.create(DELETE_BACKUP_REQUEST, body)
    on = f"Backup/{namespace}/{name}"

    def gone() -> tuple[bool, str]:
        status = (api.find(DELETE_BACKUP_REQUEST, request, namespace) or {}).get("status", {})
        if api.find(BACKUP, name, namespace) is None:
            return True, ""
        if status.get("phase") == "Processed":
            api.delete(DELETE_BACKUP_REQUEST, request, namespace)
            raise TerminalState(
                "delete the backup",
                site=api.site,
                on=on,
                seen="; ".join(status.get("errors") or ["Velero has ended and it is still there"])[:500],
                wanted="no backup of that name",
                next_step="look at the object store and its BackupStorageLocation (ReadOnly?), then start again",
            )
        return False, f"request {request}: {status.get('phase', 'New')}"

    hint = "look whether Velero runs there, then start again"
    wait_for(api.clock, DELETE_TIMEOUT, gone, "wait until Velero has deleted the backup", api.site, on, hint)


def remove_failed_restore(api: Api, namespace: str, name: str) -> None:
    """Remove what an earlier attempt left, so that a new one of that name can be made.

    What it restored stays. Velero holds the object until it has removed its results from the object store.
    """
    found = api.find(RESTORE, name, namespace)
    if found is None or found.get("status", {}).get("phase") not in RESTORE_FAILED:
        return
    api.delete(RESTORE, name, namespace)

    def gone() -> tuple[bool, str]:
        return api.find(RESTORE, name, namespace) is None, "it is still there"

    hint = "look whether Velero runs there and reaches its object store, then start again"
    on = f"Restore/{namespace}/{name}"
    wait_for(api.clock, DELETE_TIMEOUT, gone, "remove the restore that failed", api.site, on, hint)
