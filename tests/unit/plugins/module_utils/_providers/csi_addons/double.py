# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two sites with csi-addons v0.12.0 as its source has it, over a storage that replicates, in simulated time.

The integration tests run the real controllers; this one reaches states that those do not show on demand.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import PVC, VOLUME_REPLICATION, Kind
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import (
    Conflict,
    DrError,
    Failed,
    NotFound,
    Unreachable,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import (
    NOON,
    MemoryApi,
    SimulatedTime,
    merged,
)

REPLICATIONS = ("VolumeReplication", "VolumeGroupReplication")


class PreconditionFailed(Exception):
    pass


@dataclass
class Storage:
    """Copies of volumes at two sites. forced: every promotion for which force was needed.

    unaware: sites that have not noticed yet what their peer has become.
    """

    roles: dict[tuple[str, str], str] = field(default_factory=dict)
    data: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    forced: list[tuple[str, str]] = field(default_factory=list)
    unaware: set[str] = field(default_factory=set)
    linked: bool = True
    broken: str = ""

    def enable(self, site: str, volume: str) -> None:
        if self.broken == "enable":
            raise PreconditionFailed("mirroring is not enabled on the pool")
        self.roles.setdefault((site, volume), "primary")
        self.roles.setdefault((other(site), volume), "secondary")

    def promote(self, site: str, volume: str, force: bool) -> None:
        if self.broken == "promote":
            raise RuntimeError("the array is on fire")
        if self.roles[site, volume] == "primary":
            return
        clean = self.linked and self.roles[other(site), volume] == "secondary"
        if not (clean and self.copy(site, volume) == self.copy(other(site), volume)):
            # the copy that was demoted last has everything, whatever the peer has got of it
            newest = clean and len(self.copy(site, volume)) >= len(self.copy(other(site), volume))
            if not newest and not force:
                raise PreconditionFailed("the peer is not demoted, or not all has arrived")
            if not newest:
                self.forced.append((site, volume))
        self.roles[site, volume] = "primary"

    def demote(self, site: str, volume: str) -> None:
        if self.broken == "demote":
            raise RuntimeError("the volume is in use")
        self.roles[site, volume] = "secondary"

    def resync(self, site: str, volume: str, force: bool) -> bool:
        """Whether it is ready: both sides demoted, and equal."""
        if self.roles[site, volume] == "primary":
            raise RuntimeError("the volume is primary")
        mine, theirs = self.copy(site, volume), self.copy(other(site), volume)
        if self.roles[other(site), volume] == "primary":
            if not self.linked or site in self.unaware:
                return False
            if mine != theirs[: len(mine)] and not force:
                raise RuntimeError("split brain")
            self.data[site, volume] = list(theirs)
            return False
        if self.linked and len(mine) > len(theirs):
            self.data[other(site), volume] = list(mine)
        return self.linked and self.copy(site, volume) == self.copy(other(site), volume)

    def write(self, site: str, volume: str, text: str) -> None:
        assert self.roles[site, volume] == "primary", f"{volume} is not writable at {site}"
        self.data.setdefault((site, volume), []).append(text)

    def replicate(self) -> None:
        for (site, volume), role in self.roles.items():
            if role == "primary" and self.sends(site, volume):
                self.data[other(site), volume] = list(self.copy(site, volume))

    def sends(self, site: str, volume: str) -> bool:
        """Whether the other site takes what this one writes: it is secondary, and has nothing of its own."""
        theirs = self.copy(other(site), volume)
        diverged = theirs != self.copy(site, volume)[: len(theirs)]
        return self.linked and self.roles[other(site), volume] == "secondary" and not diverged

    def copy(self, site: str, volume: str) -> list[str]:
        return self.data.setdefault((site, volume), [])


def other(site: str) -> str:
    return "west" if site == "east" else "east"


class AddonsApi(MemoryApi):
    """An API server with csi-addons' controller behind it. lists: what was listed; stopped: the controller is down.

    versions: of the replication objects' API that are served. lacks: fields of their spec that the installed definition
    does not know. failures: answers to the next requests. conflicts: so many of the next patches are refused.
    left_out: claims that no group says it holds.
    loses_answers: so many of the next objects are made, and the answer is the one to a request that was sent again.
    """

    def __init__(self, site: str, time: SimulatedTime, storage: Storage) -> None:
        super().__init__(site, time.clock())
        self.storage = storage
        self.lists: list[str] = []
        self.reachable = True
        self.stopped = False
        self.absent: set[str] = set()
        self.versions = {"v1alpha1"}
        self.lacks: set[str] = set()
        self.failures: list[DrError] = []
        self.left_out: set[str] = set()
        self.conflicts = self.loses_answers = 0
        self.reports_info = True
        self.looks_every = 60.0
        self._time = time
        self._uid = 0

    def list(self, kind: Kind, namespace: str | None = None, *args: Any, **named: Any) -> list[dict[str, Any]]:
        self._check(kind)
        self.lists.append(kind.kind)
        return super().list(kind, namespace, *args, **named)

    def find(self, kind: Kind, name: str, namespace: str | None = None) -> dict[str, Any] | None:
        self._check_reachable()
        return super().find(kind, name, namespace)

    def create(self, kind: Kind, body: dict[str, Any], strict: bool = False) -> dict[str, Any]:
        self._check(kind)
        body = self._known(kind, body, strict)
        with self._lock:
            self._uid += 1
            meta = {**body["metadata"], "generation": 1, "uid": str(self._uid)}
            stored = super().create(kind, {**body, "metadata": meta})
        self._wake(kind, stored)
        if self.loses_answers:
            self.loses_answers -= 1
            raise Conflict("POST", site=self.site, seen="it exists already", status=409)
        return stored

    def patch(
        self, kind: Kind, name: str, namespace: str | None, body: dict[str, Any], strict: bool = False
    ) -> dict[str, Any]:
        self._check(kind)
        body = self._known(kind, body, strict)
        if self.conflicts:
            self.conflicts -= 1
            raise Conflict("PATCH", site=self.site, seen="the object has been modified", status=409)
        with self._lock:
            stored = self.get(kind, name, namespace)
            before = stored["spec"]
            stored = merged(stored, body)
            if stored["spec"] != before:
                stored["metadata"]["generation"] += 1
            found = self._store("patch", (kind.kind, namespace, name), stored)
        if stored["spec"] != before:
            self._wake(kind, found)
        return found

    def delete(self, kind: Kind, name: str, namespace: str | None = None, uid: str | None = None) -> bool:
        self._check(kind)
        found = super().find(kind, name, namespace)
        if found is None:
            return False
        if uid not in (None, found["metadata"]["uid"]):
            raise Conflict("DELETE", site=self.site, status=409)
        self.writes.append(f"delete {kind.kind}/{namespace}/{name}")
        if self.stopped:
            found["metadata"]["deletionTimestamp"] = NOON.isoformat()
            self._store("mark", (kind.kind, namespace, name), found)
            return True
        return super().delete(kind, name, namespace)

    def status(self, name: str, **fields: Any) -> None:
        """Write a status by hand, as a controller in that state has left it."""
        stored = self.get(VOLUME_REPLICATION, name, "payroll")
        stored.setdefault("status", {}).update(fields)
        self._store("status", ("VolumeReplication", "payroll", name), stored)

    def _check(self, kind: Kind) -> None:
        self._check_reachable()
        if self.failures:
            raise self.failures.pop(0)
        if kind.kind in self.absent or (kind.kind in REPLICATIONS and kind.version not in self.versions):
            raise NotFound("GET", site=self.site, on=kind.resource, seen="404 page not found", status=404)

    def _known(self, kind: Kind, body: dict[str, Any], strict: bool) -> dict[str, Any]:
        """What the installed definition leaves of a body."""
        # a null of a merge patch names nothing that stays
        named = {name for name, value in body.get("spec", {}).items() if value is not None}
        if not (unknown := self.lacks & named if kind.kind in REPLICATIONS else set()):
            return body
        if strict:
            names = ", ".join(f'unknown field "spec.{name}"' for name in sorted(unknown))
            raise Failed("write", site=self.site, on=kind.kind, seen=f"strict decoding error: {names}", status=400)
        return {**body, "spec": {name: value for name, value in body["spec"].items() if name not in unknown}}

    def _check_reachable(self) -> None:
        if not self.reachable:
            raise Unreachable("GET", site=self.site, seen="timed out")

    def _wake(self, kind: Kind, item: dict[str, Any]) -> None:
        if kind.kind in REPLICATIONS:
            key = (kind.kind, item["metadata"]["namespace"], item["metadata"]["name"])
            with self._lock:
                self._time.at(self._time.seconds + 0.03, lambda: self.reconcile(key))

    def reconcile(self, key: tuple[str, str, str]) -> None:
        if self.stopped or key not in self.objects:
            return
        item = copy.deepcopy(self.objects[key])
        volumes = self._volumes(item)
        status = item.setdefault("status", {})
        asked, again = item["spec"]["replicationState"], 0.0
        try:
            if asked == "primary" and status.get("state") != "Primary":
                self._promote(item, volumes)
            if asked == "primary":
                again = self._info(item, status, volumes)
            elif asked == "secondary":
                again = self._secondary(item, status, volumes)
            else:
                again = self._resync(item, status, volumes, force=True)
                status["state"] = "Secondary" if not again else status.get("state", "Unknown")
        except (PreconditionFailed, RuntimeError) as error:
            status.setdefault("state", "Unknown")
            status["message"] = str(error)
            again = 15.0 if status["state"] == "Secondary" else 5.0
        status["observedGeneration"] = item["metadata"]["generation"]
        if item["kind"] == "VolumeGroupReplication":
            held = [{"name": volume} for volume in volumes if volume not in self.left_out]
            status["persistentVolumeClaimsRefList"] = held
        self._store("status", key, item)
        if again:
            self._time.at(self._time.seconds + again, lambda: self.reconcile(key))

    def _promote(self, item: dict[str, Any], volumes: list[str]) -> None:
        try:
            for volume in volumes:
                self.storage.enable(self.site, volume)
        except PreconditionFailed as error:
            self._set(item, "Completed", "False", "FailedToPromote", "failed to promote volume")
            self._set(item, "Degraded", "True", "Error", "failed to enable volume replication")
            self._set(item, "Resyncing", "False", "NotResyncing")
            self._set(item, "Validated", "False", "PrerequisiteNotMet", f"failed to meet prerequisite: {error}")
            raise
        try:
            for volume in volumes:
                try:
                    self.storage.promote(self.site, volume, force=False)
                except PreconditionFailed:
                    self.storage.promote(self.site, volume, force=True)
        except RuntimeError as error:
            self._fail(item, "FailedToPromote", error)
            raise
        self._set(item, "Completed", "True", "Promoted")
        self._set(item, "Degraded", "False", "Healthy")
        self._set(item, "Resyncing", "False", "NotResyncing")
        item["status"]["state"] = "Primary"

    def _info(self, item: dict[str, Any], status: dict[str, Any], volumes: list[str]) -> float:
        status["state"] = "Primary"
        if not self.reports_info:
            return 0.0
        if all(self.storage.sends(self.site, volume) for volume in volumes):
            self.storage.replicate()
            status["lastSyncTime"] = self._now()
        return self.looks_every

    def _secondary(self, item: dict[str, Any], status: dict[str, Any], volumes: list[str]) -> float:
        first = status.get("state") != "Secondary"
        try:
            for volume in volumes:
                self.storage.roles.setdefault((self.site, volume), "secondary")
                self.storage.demote(self.site, volume)
        except RuntimeError as error:
            self._fail(item, "FailedToDemote", error)
            raise
        self._demoted(item)
        status["state"] = "Secondary"
        if first:
            return 15.0
        again = self._resync(item, status, volumes, force=item["spec"].get("autoResync", False))
        if not again:
            status.pop("lastSyncTime", None)
        return again

    def _resync(self, item: dict[str, Any], status: dict[str, Any], volumes: list[str], force: bool) -> float:
        try:
            answers = [self.storage.resync(self.site, volume, force) for volume in volumes]
        except RuntimeError as error:
            self._fail(item, "FailedToResync", error)
            raise
        self._demoted(item)
        self._set(item, "Resyncing", "True", "ResyncTriggered")
        if not all(answers):
            return 30.0
        self._set(item, "Degraded", "False", "Healthy")
        self._set(item, "Resyncing", "False", "NotResyncing")
        return 0.0

    def _demoted(self, item: dict[str, Any]) -> None:
        self._set(item, "Completed", "True", "Demoted")
        self._set(item, "Degraded", "True", "VolumeDegraded")
        self._set(item, "Resyncing", "False", "NotResyncing")

    def _fail(self, item: dict[str, Any], reason: str, error: Exception) -> None:
        self._set(item, "Completed", "False", reason, "failed")
        self._set(item, "Degraded", "True", "Error", str(error))
        self._set(item, "Resyncing", "False", "NotResyncing" if reason != "FailedToResync" else reason)

    def _set(self, item: dict[str, Any], kind: str, status: str, reason: str, message: str = "") -> None:
        conditions = item.setdefault("status", {}).setdefault("conditions", [])
        found = next((entry for entry in conditions if entry["type"] == kind), None)
        if found is None:
            found = {"type": kind, "lastTransitionTime": self._now()}
            conditions.append(found)
        if found.get("status") != status:
            found["lastTransitionTime"] = self._now()
        found.update(status=status, reason=reason, message=message, observedGeneration=item["metadata"]["generation"])

    def _now(self) -> str:
        return (NOON + timedelta(seconds=self._time.seconds)).isoformat().replace("+00:00", "Z")

    def _volumes(self, item: dict[str, Any]) -> list[str]:
        if item["kind"] == "VolumeReplication":
            return [item["spec"]["dataSource"]["name"]]
        wanted = item["spec"]["source"]["selector"]["matchLabels"]
        return [claim["metadata"]["name"] for claim in MemoryApi.list(self, PVC, item["metadata"]["namespace"])
                if wanted.items() <= claim["metadata"]["labels"].items()]  # fmt: skip
