# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manifests from Velero backups (OADP), read through DownloadRequests: no S3 key is needed."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from .._cluster.api import Api, Object
from .._cluster.kinds import BACKUP, DOWNLOAD_REQUEST, RESTORE, SCHEDULE, STORAGE_LOCATION
from .._cluster.waiting import wait_for
from .._errors import Conflict, DrError, Failed, NotFound, TerminalState, Timeout, Unreachable
from .._model.capture import Capture, CaptureInfo
from .._model.names import CREATED_BY, INCOMPLETE, PLAN, SITE, protected_label
from .._model.plan import Plan
from .base import MetadataSource
from .velero_archive import read_archive
from .velero_removal import RESTORE_FAILED, delete_backup, remove_failed_restore
from .velero_schedule import end_schedule, schedule_name
from .velero_sync import backup_location, copy_backup

try:
    import urllib3
    from urllib3.exceptions import HTTPError
except ImportError:
    # connecting to a site has reported it before
    HTTPError = OSError

METADATA_ONLY = "velero.kubevirt.io/metadataBackup"
# never part of a capture: what runs, what controllers make anew, and what belongs to one cluster
NEVER = (
    "pods",
    "virtualmachineinstances.kubevirt.io",
    "virtualmachineinstancemigrations.kubevirt.io",
    "events",
    "events.events.k8s.io",
    "endpoints",
    "endpointslices.discovery.k8s.io",
    "leases.coordination.k8s.io",
    "volumeattachments.storage.k8s.io",
)
BACKUP_DONE = frozenset({"Completed"})
REFUSED = "FailedValidation"
BACKUP_FAILED = frozenset({"PartiallyFailed", "Failed", REFUSED, "FinalizingPartiallyFailed", "Deleting"})
NOT_BEGUN = (
    "Velero has not begun it, so it has no log: mend what is named; "
    "Velero looks at the object store again once a minute, then start again"
)
READ_THE_LOG = "read Velero's log of {name}; an incomplete backup is never restored"
RESTORE_DONE = frozenset({"Completed"})
DOWNLOAD_TIMEOUT = 60.0
# two sites' clocks may differ by so much
CLOCK_MARGIN = timedelta(minutes=1)


class OadpSource(MetadataSource):
    """Backups are named <plan>-<site>-<time>: a same-named backup at the other site would hide it there."""

    title = "Velero"
    needs = frozenset({"velero"})
    announces = True

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._namespace = plan.metadata.namespace

    def backup_template(self, site: str) -> Object:
        """Labels and spec of a backup of this plan at a site; the Schedule uses the same."""
        spec: Object = {
            "includedNamespaces": list(self._plan.namespaces),
            "labelSelector": {"matchLabels": {protected_label(self._plan.name): "true"}},
            "excludedResources": list(NEVER),
            "snapshotVolumes": False,
            "defaultVolumesToFsBackup": False,
            "snapshotMoveData": False,
        }
        if self._plan.metadata.keep:
            spec["ttl"] = f"{int(self._plan.metadata.keep.total_seconds())}s"
        if self._plan.metadata.storage_location:
            spec["storageLocation"] = self._plan.metadata.storage_location
        return {"labels": {METADATA_ONLY: "true", PLAN: self._plan.name, SITE: site}, "spec": spec}

    def label(self, name: str) -> str:
        return f"Backup/{self._namespace}/{name}"

    def capture(self, api: Api, timeout: float) -> str:
        name = f"{self._plan.name}-{api.site}-{api.clock.now():%Y%m%d%H%M%S}"
        template = self.backup_template(api.site)
        body = {
            "apiVersion": BACKUP.api_version,
            "kind": BACKUP.kind,
            "metadata": {"name": name, "namespace": self._namespace, "labels": template["labels"]},
            "spec": template["spec"],
        }
        api.create(BACKUP, body)
        self._wait(api, BACKUP, name, BACKUP_DONE, BACKUP_FAILED, timeout)
        return name

    def announce(self, here: Api, there: Api, name: str) -> str:
        """Velero reads the object store once a minute; a site whose object store holds the backup need not wait."""
        try:
            location = backup_location(there, self._namespace, self._plan.metadata.storage_location)
            uid = copy_backup(here, there, self._namespace, name, location)
        except DrError as error:
            return str(error)
        try:
            self.manifests(there, name)
        except DrError as error:
            if uid:
                there.delete(BACKUP, name, self._namespace, uid)
            return str(error)
        return ""

    def mark_incomplete(self, api: Api, name: str, reason: str) -> None:
        """So that no later run chooses this backup silently."""
        api.patch(BACKUP, name, self._namespace, {"metadata": {"annotations": {INCOMPLETE: reason[:500]}}})

    def schedule(self, api: Api, check_mode: bool) -> str:
        """A Schedule of Velero takes the captures."""
        if self._plan.metadata.schedule is None:
            return ""
        name = schedule_name(self._plan.name, api.site)
        template = self.backup_template(api.site)
        spec = {
            "schedule": self._plan.metadata.schedule,
            "template": {"metadata": {"labels": template["labels"]}, **template["spec"]},
        }
        existing = api.find(SCHEDULE, name, self._namespace)
        if existing and all(existing["spec"].get(field) == value for field, value in spec.items()):
            return ""
        if not check_mode:
            api.apply(SCHEDULE, {"metadata": {"name": name, "namespace": self._namespace}, "spec": spec})
        return f"Schedule/{self._namespace}/{name}: {'updated' if existing else 'created'}"

    def unschedule(self, api: Api, check_mode: bool) -> tuple[str, str]:
        return end_schedule(api, self._namespace, self._plan.name, check_mode)

    def remove(self, here: Api, there: Api, name: str) -> None:
        delete_backup(here, self._namespace, name)
        # its content is gone: Velero there would find that out within a minute
        there.delete(BACKUP, name, self._namespace)

    def catalog(self, api: Api) -> list[CaptureInfo]:
        found = [
            CaptureInfo(
                name=item["metadata"]["name"],
                site=item["metadata"]["labels"].get(SITE, ""),
                created=item.get("status", {}).get("startTimestamp") or item["metadata"]["creationTimestamp"],
                phase=item.get("status", {}).get("phase", "New"),
                complete=item.get("status", {}).get("phase") in BACKUP_DONE
                and INCOMPLETE not in (item["metadata"].get("annotations") or {}),
            )
            for item in api.list(BACKUP, self._namespace, labels=f"{PLAN}={self._plan.name}")
        ]
        return sorted(found, key=lambda info: info.created, reverse=True)

    def await_catalog_sync(self, api: Api, last_seen: datetime | None, timeout: float) -> bool:
        """Wait until Velero has read the object store after the source's last sign of life; whether it did.

        Velero reads it once a minute and writes lastSyncedTime. A reading well after last_seen holds all that the
        source wrote; else the next one, seen as a change of lastSyncedTime whatever the clocks say, is waited for.
        """
        before = self._synced(api)
        if last_seen and all(text and datetime.fromisoformat(text) > last_seen + CLOCK_MARGIN for text in before):
            return True

        def read_again() -> tuple[bool, str]:
            now = self._synced(api)
            return now != before, str(now)

        try:
            wait_for(api.clock, timeout, read_again, "read the object store again", api.site, "BackupStorageLocation")
        except Timeout:
            return False
        return True

    def manifests(self, api: Api, name: str) -> Capture:
        return read_archive(name, self._download(api, "BackupContents", name))

    def restore(
        self,
        api: Api,
        name: str,
        run_id: str,
        exclude: Sequence[str],
        timeout: float,
        update: bool,
        verify_lock: Callable[[], None],
    ) -> dict[str, int]:
        restore = f"{run_id}-rest"
        body = {
            "apiVersion": RESTORE.api_version,
            "kind": RESTORE.kind,
            "metadata": {"name": restore, "namespace": self._namespace, "annotations": {CREATED_BY: run_id}},
            "spec": {
                "backupName": name,
                "includedNamespaces": list(self._plan.namespaces),
                "excludedResources": sorted({*NEVER, *exclude}),
                "existingResourcePolicy": "update" if update else "none",
            },
        }
        verify_lock()
        remove_failed_restore(api, self._namespace, restore)
        # an earlier attempt of this run may have made it: its result is what counts
        with suppress(Conflict):
            api.create(RESTORE, body)
        try:
            done = self._wait(api, RESTORE, restore, RESTORE_DONE, RESTORE_FAILED, timeout)
        except TerminalState as error:
            error.seen = f"{error.seen}: {self._restore_errors(api, restore)}"
            raise
        status = done.get("status", {})
        return {
            "items": status.get("progress", {}).get("itemsRestored", 0),
            "warnings": status.get("warnings", 0),
            "errors": status.get("errors", 0),
        }

    def _synced(self, api: Api) -> tuple[str, ...]:
        locations = api.list(STORAGE_LOCATION, self._namespace)
        if not locations:
            raise NotFound(
                "find the backup storage",
                site=api.site,
                on=f"BackupStorageLocation in {self._namespace}",
                seen="none",
                next_step="install OADP there with the same object store, or set metadata.namespace",
            )
        return tuple(item.get("status", {}).get("lastSyncedTime", "") for item in locations)

    def _restore_errors(self, api: Api, name: str) -> str:
        try:
            results = json.loads(gzip.decompress(self._download(api, "RestoreResults", name)))
        except (DrError, OSError, ValueError) as error:
            return f"its results could not be read ({error})"
        texts = [text for part in (results.get("errors") or {}).values() for text in _flat(part)]
        return "; ".join(texts[:5])[:1500] or "no error texts"

    def _download(self, api: Api, kind: str, name: str) -> bytes:
        moment = datetime.now(UTC).strftime("%H%M%S%f")
        request = f"{name}-{kind.lower()}-{moment}"
        body = {
            "apiVersion": DOWNLOAD_REQUEST.api_version,
            "kind": DOWNLOAD_REQUEST.kind,
            "metadata": {"name": request, "namespace": self._namespace},
            "spec": {"target": {"kind": kind, "name": name}},
        }
        api.create(DOWNLOAD_REQUEST, body)

        def signed() -> tuple[str, str]:
            status = api.get(DOWNLOAD_REQUEST, request, self._namespace).get("status", {})
            return status.get("downloadURL", ""), status.get("phase", "New")

        on = f"DownloadRequest/{self._namespace}/{request}"
        url = wait_for(api.clock, DOWNLOAD_TIMEOUT, signed, f"get the address of {kind} of {name}", api.site, on)
        try:
            response = urllib3.PoolManager().request("GET", url, timeout=urllib3.Timeout(connect=5, read=60), retries=2)
        except HTTPError as error:
            # the URL carries a signature: it is a secret as long as it lives
            raise Unreachable(
                f"download {kind} of {name}",
                site=api.site,
                on=on,
                seen=type(error).__name__,
                next_step="the object store's publicUrl must be reachable from the controller",
            ) from None
        if response.status != 200:
            raise Failed(f"download {kind} of {name}", site=api.site, on=on, seen="no content", status=response.status)
        return response.data

    def _wait(
        self, api: Api, kind: Any, name: str, done: frozenset[str], failed: frozenset[str], timeout: float
    ) -> Object:
        on = f"{kind.kind}/{self._namespace}/{name}"

        def ended() -> tuple[Object | None, str]:
            item = api.get(kind, name, self._namespace)
            status = item.get("status", {})
            phase = status.get("phase", "New")
            if phase in failed:
                problems = "; ".join(status.get("validationErrors", [])) or status.get("failureReason", "")
                raise TerminalState(
                    f"wait for {kind.kind}",
                    site=api.site,
                    on=on,
                    seen=f"phase {phase}" + (f" ({problems})" if problems else f", {status.get('errors', 0)} errors"),
                    wanted="phase Completed",
                    next_step=NOT_BEGUN if phase == REFUSED else READ_THE_LOG.format(name=name),
                )
            return (item if phase in done else None), f"phase {phase}"

        return wait_for(api.clock, timeout, ended, f"wait for {kind.kind}", api.site, on)


def _flat(part: Any) -> list[str]:
    if isinstance(part, str):
        return [part]
    values = part.values() if isinstance(part, dict) else part or []
    return [text for value in values for text in _flat(value)]
