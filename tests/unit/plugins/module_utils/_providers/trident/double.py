# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two sites with Trident as its source of 2026 has it, over ONTAP systems that mirror, in simulated time.

What it does in ways that surprise: a status is written only when its state changes; a failed relationship names no
cause, and is tried again only when its spec changes; a volume whose backend cannot mirror is always promoted; any
transfer that ends counts as an update's own; an update that a restart met has failed.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import PVC, Kind
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Conflict, DrError, NotFound, Unreachable
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import (
    NOON,
    MemoryApi,
    SimulatedTime,
    merged,
)

RELATIONSHIP, UPDATE = "TridentMirrorRelationship", "TridentActionMirrorUpdate"
TRANSITIONS = ("establishing", "reestablishing", "promoting")
TRANSFER = 4.0
RETRY = 2.0
Volume = tuple[str, str]


@dataclass
class SnapMirror:
    """source: whose data it takes. ended: when its last transfer did; sending: what the running one brings."""

    source: Volume
    ended: float | None = None
    sending: list[str] | None = None


@dataclass
class Ontap:
    """Volumes at two sites. destinations: read-only; mirrors: by destination; refuses: commands that fail."""

    time: SimulatedTime
    destinations: set[Volume] = field(default_factory=set)
    mirrors: dict[Volume, SnapMirror] = field(default_factory=dict)
    data: dict[Volume, list[str]] = field(default_factory=dict)
    lost: list[tuple[Volume, str]] = field(default_factory=list)
    refuses: dict[str, str] = field(default_factory=dict)
    unable: set[str] = field(default_factory=set)
    linked: bool = True
    policy: str = "MirrorAllSnapshots"

    def begin(self, destination: Volume) -> None:
        """A transfer of what the source has now; nothing where one is running already."""
        mirror = self.mirrors[destination]
        if mirror.sending is None:
            mirror.sending = list(self.copy(mirror.source))
            self._go_on(destination)

    def _go_on(self, destination: Volume) -> None:
        self.time.at(self.time.seconds + TRANSFER, lambda: self._end(destination))

    def _end(self, destination: Volume) -> None:
        mirror = self.mirrors.get(destination)
        if mirror is None or mirror.sending is None:
            return
        if not self.linked:
            self._go_on(destination)
            return
        self.data[destination], mirror.sending, mirror.ended = mirror.sending, None, self.time.seconds

    def resync(self, destination: Volume, source: Volume) -> None:
        self.lost += [(destination, text) for text in self.copy(destination) if text not in self.copy(source)]
        self.destinations.add(destination)
        self.mirrors[destination] = SnapMirror(source)
        self.begin(destination)

    def break_off(self, destination: Volume) -> None:
        self.mirrors.pop(destination, None)
        self.destinations.discard(destination)

    def write(self, site: str, name: str, text: str) -> None:
        assert (site, name) not in self.destinations, f"{name} is not writable at {site}"
        self.copy((site, name)).append(text)

    def copy(self, volume: Volume) -> list[str]:
        return self.data.setdefault(volume, [])


class TridentApi(MemoryApi):
    """An API server with Trident behind it. stopped: Trident is down. answers: what the next lists raise instead."""

    def __init__(self, site: str, time: SimulatedTime, ontap: Ontap) -> None:
        super().__init__(site, time.clock())
        self.ontap = ontap
        self.reachable = True
        self.stopped = False
        self.absent: set[str] = set()
        self.answers: list[DrError] = []
        self.lists: list[str] = []
        self.found: list[str] = []
        self.log: list[str] = []
        self._time = time
        self._uid = 0

    def list(self, kind: Kind, namespace: str | None = None, *args: Any, **named: Any) -> list[dict[str, Any]]:
        self._check(kind)
        self.lists.append(kind.kind)
        if self.answers:
            raise self.answers.pop(0)
        return super().list(kind, namespace, *args, **named)

    def find(self, kind: Kind, name: str, namespace: str | None = None) -> dict[str, Any] | None:
        self._check_reachable()
        self.found.append(f"{kind.kind}/{name}")
        return super().find(kind, name, namespace)

    def create(self, kind: Kind, body: dict[str, Any], strict: bool = False) -> dict[str, Any]:
        self._check(kind)
        with self._lock:
            self._uid += 1
            created = (NOON + timedelta(seconds=self._time.seconds)).isoformat()
            meta = {**body["metadata"], "generation": 1, "uid": str(self._uid), "creationTimestamp": created}
            stored = super().create(kind, {**body, "metadata": meta})
        self._wake(stored)
        return stored

    def patch(self, kind: Kind, name: str, namespace: str | None, body: dict[str, Any]) -> dict[str, Any]:
        self._check(kind)
        with self._lock:
            stored = self.get(kind, name, namespace)
            before = stored.get("spec")
            stored = merged(stored, body)
            changed = stored.get("spec") != before
            stored["metadata"]["generation"] += changed
            found = self._store("patch", (kind.kind, namespace, name), stored)
        if changed:
            self._wake(found)
        return found

    def delete(self, kind: Kind, name: str, namespace: str | None = None, uid: str | None = None) -> bool:
        self._check(kind)
        found = super().find(kind, name, namespace)
        if found is None:
            return False
        if uid not in (None, found["metadata"]["uid"]):
            raise Conflict("DELETE", site=self.site, status=409)
        self.writes.append(f"delete {kind.kind}/{namespace}/{name}")
        if kind.kind == RELATIONSHIP and self.stopped:
            found["metadata"]["deletionTimestamp"] = NOON.isoformat()
            self._store("mark", (kind.kind, namespace, name), found)
            return True
        if kind.kind == RELATIONSHIP:
            self.ontap.break_off(self._volume(found))
        return super().delete(kind, name, namespace)

    def restart(self) -> None:
        """Trident comes back: it looks at every relationship, and fails each update that was under way."""
        self.stopped = False
        for key, item in list(self.objects.items()):
            if key[0] == UPDATE and item.get("status", {}).get("state") == "In progress":
                self._end_update(key, "in-progress update detected at startup, marking as Failed")
            elif key[0] == RELATIONSHIP:
                self._wake(item)

    def _check(self, kind: Kind) -> None:
        self._check_reachable()
        if kind.kind in self.absent:
            raise NotFound("GET", site=self.site, on=kind.resource, seen="404 page not found", status=404)

    def _check_reachable(self) -> None:
        if not self.reachable:
            raise Unreachable("GET", site=self.site, seen="timed out")

    def _wake(self, item: dict[str, Any], after: float = 0.03) -> None:
        look = {RELATIONSHIP: self._reconcile, UPDATE: self._update}.get(item["kind"]) if "kind" in item else None
        if look:
            key = (item["kind"], item["metadata"]["namespace"], item["metadata"]["name"])
            with self._lock:
                self._time.at(self._time.seconds + after, lambda: look(key))

    def _reconcile(self, key: tuple[str, str, str]) -> None:
        if self.stopped or key not in self.objects:
            return
        item = copy.deepcopy(self.objects[key])
        if (PVC.kind, key[1], self._volume(item)[1]) not in self.objects:
            self._wake(item, RETRY)
            return
        before = _condition_of(item)
        state, message = self._state(item, before)
        if state != before.get("state") or not state:
            latest = copy.deepcopy(self.objects[key])
            latest["status"] = {"conditions": [self._condition(latest, state, message)]}
            self._store("status", key, latest)
        if state in TRANSITIONS:
            self._wake(item, RETRY)

    def _condition(self, item: dict[str, Any], state: str, message: str) -> dict[str, Any]:
        mirror = self.ontap.mirrors.get(self._volume(item))
        # of a mirror that is gone it keeps what it knew
        policy = self.ontap.policy if mirror else _condition_of(item).get("replicationPolicy", "")
        svm = "" if self.site in self.ontap.unable else f"svm-{self.site}"
        return {
            "state": state,
            "message": message,
            "observedGeneration": item["metadata"]["generation"],
            "localPVCName": self._volume(item)[1],
            "localVolumeHandle": f"{svm}:{self._volume(item)[1]}",
            "remoteVolumeHandle": item["spec"]["volumeMappings"][0].get("remoteVolumeHandle", ""),
            **({"replicationPolicy": policy} if policy else {}),
        }

    def _state(self, item: dict[str, Any], before: dict[str, Any]) -> tuple[str, str]:
        asked, volume = item["spec"].get("state", ""), self._volume(item)
        remote = item["spec"]["volumeMappings"][0].get("remoteVolumeHandle", "")
        if before.get("remoteVolumeHandle") and remote != before["remoteVolumeHandle"]:
            return "failed", f"remoteVolumeHandle may not be changed from {before['remoteVolumeHandle']}"
        if self.site in self.ontap.unable:
            return (
                ("promoted", "")
                if asked == "promoted"
                else ("invalid", "localPVC's backend does not support mirroring")
            )
        if asked in ("established", "reestablished") and not remote:
            return "invalid", "A remoteVolumeHandle must be provided"
        return self._mirrored(asked, volume, remote)

    def _mirrored(self, asked: str, volume: Volume, remote: str) -> tuple[str, str]:
        mirror, ontap = self.ontap.mirrors.get(volume), self.ontap
        if asked == "promoted" and (mirror is None or not remote):
            return "promoted", ""
        if asked == "promoted":
            if why := ontap.refuses.get("break", ""):
                return self._failed("promote", why)
            ontap.break_off(volume)
            return "promoting", ""
        if asked and mirror is None:
            why = ontap.refuses.get("resync" if asked == "reestablished" else "initialize", "")
            if asked == "established" and volume not in ontap.destinations:
                why = "mirrors can only be established with empty DP volumes as the destination"
            if why:
                return self._failed(asked.removesuffix("ed"), why)
            source = (remote.partition(":")[0].removeprefix("svm-"), remote.partition(":")[2])
            ontap.resync(volume, source)
            mirror = ontap.mirrors[volume]
        if mirror is None:
            return "", ""
        again = "re" if asked == "reestablished" else ""
        return f"{again}establish{'ing' if mirror.ended is None else 'ed'}", ""

    def _failed(self, verb: str, why: str) -> tuple[str, str]:
        """The status names no cause: that is in Trident's log."""
        self.log.append(why)
        return "failed", f"Could not {verb} mirror"

    def _update(self, key: tuple[str, str, str]) -> None:
        if self.stopped or key not in self.objects:
            return
        item = copy.deepcopy(self.objects[key])
        of = self.objects.get((RELATIONSHIP, key[1], item["spec"]["tridentMirrorRelationshipName"]))
        found = (of or {}).get("status", {}).get("conditions", [{}])[0]
        if why := self.ontap.refuses.get("update"):
            self._end_update(key, why)
        elif of is None or found.get("state") not in ("established", "reestablished"):
            self._end_update(key, f"mirror update failed: cannot be executed in {found.get('state')} state")
        elif "status" not in item:
            mirror = self.ontap.mirrors[self._volume(of)]
            handles = {name: found[name] for name in ("localVolumeHandle", "remoteVolumeHandle")}
            item["status"] = {"state": "In progress", **handles, "previousTransferTime": mirror.ended}
            self._store("status", key, item)
            self.ontap.begin(self._volume(of))
            self._wake(item, RETRY)
        else:
            mirror = self.ontap.mirrors[self._volume(of)]
            over = mirror.sending is None and mirror.ended is not None
            if over and (mirror.ended or 0) > (item["status"]["previousTransferTime"] or 0):
                self._end_update(key, "")
            else:
                self._wake(item, RETRY)

    def _end_update(self, key: tuple[str, str, str], why: str) -> None:
        item = copy.deepcopy(self.objects[key])
        completed = (NOON + timedelta(seconds=self._time.seconds)).isoformat()
        state = {"state": "Failed" if why else "Succeeded", "message": why, "completionTime": completed}
        item["status"] = {**item.get("status", {}), **state}
        self._store("status", key, item)

    def _volume(self, item: dict[str, Any]) -> Volume:
        return self.site, item["spec"]["volumeMappings"][0]["localPVCName"]


def _condition_of(item: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = (item.get("status", {}).get("conditions") or [{}])[0]
    return found
