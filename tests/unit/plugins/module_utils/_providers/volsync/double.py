# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two sites with VolSync's state machine as its source has it, and movers that copy lists of words, in simulated time.

Its traps are here: a trigger is confirmed by the sync that ends after it was set, whenever that sync began; a paused
object keeps the copy it had made before; nothing keeps anybody from writing to a volume.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeAlias

from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import Kind
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Failed, NotFound, Unreachable
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import (
    NOON,
    MemoryApi,
    SimulatedTime,
    merged,
)

SOURCE, DESTINATION = "ReplicationSource", "ReplicationDestination"
Key: TypeAlias = "tuple[str, str | None, str]"
TICK = 0.5
TRANSFER = 2.0
EVERY = 60.0


@dataclass
class Data:
    """What the volumes hold, by site and claim. linked: the movers reach each other."""

    words: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    linked: bool = True
    apis: dict[str, VolsyncApi] = field(default_factory=dict)

    def write(self, site: str, claim: str, text: str) -> None:
        self.words.setdefault((site, claim), []).append(text)

    def read(self, site: str, claim: str) -> list[str]:
        return self.words.setdefault((site, claim), [])


class VolsyncApi(MemoryApi):
    """An API server with VolSync behind it. stopped: the operator is down; slow: seconds that a transfer takes."""

    def __init__(self, site: str, time: SimulatedTime, data: Data) -> None:
        super().__init__(site, time.clock())
        self.data = data
        self.reachable = True
        self.stopped = False
        self.served = True
        self.knows_tls = True
        self.failures: list[int] = []
        self.slow = TRANSFER
        self.lingering: list[dict[str, Any]] = []
        self._time = time
        self._uid = 0
        # the copy that a sync under way sends, and when it will have been sent
        self._sending: dict[Key, tuple[list[str], float]] = {}
        data.apis[site] = self
        time.at(time.seconds + TICK, self._tick)

    def list(self, kind: Kind, namespace: str | None = None, *args: Any, **named: Any) -> list[dict[str, Any]]:
        self._check(kind)
        if kind.kind == "Pod":
            return copy.deepcopy(self.lingering)
        return super().list(kind, namespace, *args, **named)

    def create(self, kind: Kind, body: dict[str, Any], strict: bool = False) -> dict[str, Any]:
        self._check(kind)
        self._uid += 1
        stored = copy.deepcopy(body)
        stored["metadata"] |= {"uid": str(self._uid)}
        if not self.knows_tls:
            if strict:
                raise Failed("POST", site=self.site, seen='unknown field "spec.rsyncTLS"', status=400)
            stored["spec"].pop("rsyncTLS", None)
        return super().create(kind, stored)

    def patch(self, kind: Kind, name: str, namespace: str | None, body: dict[str, Any]) -> dict[str, Any]:
        self._check(kind)
        stored = merged(self.get(kind, name, namespace), body)
        return self._store("patch", (kind.kind, namespace, name), stored)

    def delete(self, kind: Kind, name: str, namespace: str | None = None, uid: str | None = None) -> bool:
        self._check(kind)
        self.writes.append(f"delete {kind.kind}/{namespace}/{name}")
        self._sending.pop((kind.kind, namespace, name), None)
        return super().delete(kind, name, namespace, uid)

    def _check(self, kind: Kind) -> None:
        if not self.reachable:
            raise Unreachable("GET", site=self.site, seen="timed out")
        if self.failures:
            raise Failed("GET", site=self.site, seen="try again", status=self.failures.pop(0))
        if not self.served and kind.group == "volsync.backube":
            raise NotFound("GET", site=self.site, seen="404 page not found", status=404)

    def _tick(self) -> None:
        self._time.at(self._time.seconds + TICK, self._tick)
        if not self.stopped:
            for key in [key for key in self.objects if key[0] in (SOURCE, DESTINATION)]:
                self._reconcile(key)

    def _reconcile(self, key: Key) -> None:
        item = copy.deepcopy(self.objects[key])
        before = copy.deepcopy(item)
        status = item.setdefault("status", {})
        if key[0] == DESTINATION:
            status.setdefault("rsyncTLS", {})["address"] = f"{self.site}-{key[2]}"
        if "lastSyncStartTime" not in status and self._should_sync(item):
            status["lastSyncStartTime"] = self._now()
        if "lastSyncStartTime" in status and key[0] == SOURCE:
            self._send(key, item)
        if item != before:
            self.objects[key] = item

    def _should_sync(self, item: dict[str, Any]) -> bool:
        status, trigger = item["status"], item["spec"].get("trigger") or {}
        if "lastSyncTime" not in status:
            return True
        if trigger.get("manual"):
            return bool(trigger["manual"] != status.get("lastManualSync"))
        if trigger.get("schedule"):
            return bool(self._time.seconds - status["_ended"] >= EVERY)
        return True

    def _send(self, key: Key, item: dict[str, Any]) -> None:
        # the copy is made as soon as a sync has begun, also of what is paused
        words, until = self._sending.setdefault(
            key, (list(self.data.read(self.site, key[2])), self._time.seconds + self.slow)
        )
        if item["spec"].get("paused") or self._time.seconds < until:
            return
        peer = self.data.apis["west" if self.site == "east" else "east"]
        target = peer.objects.get((DESTINATION, key[1], key[2]))
        if not (self.data.linked and target and _listens(target, item)):
            item["status"]["latestMoverStatus"] = {"result": "Failed", "logs": "connection refused"}
            return
        self.data.words[peer.site, key[2]] = list(words)
        peer._end(target)
        self._end(item)
        del self._sending[key]

    def _end(self, item: dict[str, Any]) -> None:
        status = item["status"]
        started = status.pop("lastSyncStartTime")
        status["lastSyncTime"] = self._now()
        status["_ended"] = self._time.seconds
        status["lastSyncDuration"] = f"{self.slow}s" if started else "0s"
        status["lastManualSync"] = (item["spec"].get("trigger") or {}).get("manual")
        status["latestMoverStatus"] = {"result": "Successful"}

    def _now(self) -> str:
        return (NOON + timedelta(seconds=self._time.seconds)).isoformat().replace("+00:00", "Z")


def _listens(target: dict[str, Any], source: dict[str, Any]) -> bool:
    status = target.get("status", {})
    to = source["spec"]["rsyncTLS"].get("address")
    return (
        not target["spec"].get("paused")
        and "lastSyncStartTime" in status
        and to == status["rsyncTLS"]["address"]
        and target["spec"]["rsyncTLS"]["keySecret"] == source["spec"]["rsyncTLS"]["keySecret"]
    )
