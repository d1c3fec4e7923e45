# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two sites with Stork's controllers as their source of 2024 has them, over lists of words, in simulated time.

Its traps are here: a source that Stork cannot reach is skipped; a last migration that went in part counts; one of no
volume is successful; a failover that fails leaves its schedule suspended; what was activated is written as best it can;
all copies of a namespace are activated at once; nothing keeps anybody from writing to a volume.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeAlias

from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import Kind
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Failed, NotFound, Unreachable
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.portworx_failover import Failover
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import NOON, MemoryApi, SimulatedTime

SCHEDULE, MIGRATION, ACTION = "MigrationSchedule", "Migration", "Action"
STORK = "stork.libopenstorage.org"
COPIED = f"{STORK}/static-copy"
FINALIZER = f"{STORK}/finalizer-cleanup"
TICK, TRANSFER, EVERY = 0.5, 2.0, 60.0
Object: TypeAlias = "dict[str, Any]"
Key: TypeAlias = "tuple[str, str | None, str]"


@dataclass
class Data:
    """What the volumes hold, by site and claim. linked: the storage clusters reach each other. paired: Stork reaches
    the other API server. breaks: claims that are not transferred."""

    words: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    linked: bool = True
    paired: bool = True
    breaks: set[str] = field(default_factory=set)
    apis: dict[str, StorkApi] = field(default_factory=dict)

    def write(self, site: str, text: str, claim: str = "disk-0") -> None:
        self.read(site, claim).append(text)

    def read(self, site: str, claim: str = "disk-0") -> list[str]:
        return self.words.setdefault((site, claim), [])


class StorkApi(MemoryApi):
    """An API server with Stork behind it. stopped: Stork is down. partly: what breaks is a partial success. forgets: to
    activate the copies. failures: statuses that the next requests are answered with. passed_over: claims of another
    product."""

    def __init__(self, site: str, time: SimulatedTime, data: Data) -> None:
        super().__init__(site, time.clock())
        self.data = data
        self.reachable = self.served = True
        self.stopped = self.partly = self.forgets = False
        self.failures: list[int] = []
        self.passed_over: set[str] = set()
        self._time = time
        self._uid = 0
        # by uid of a Migration: the words that it takes along, and when they will be there
        self._sending: dict[str, tuple[dict[str, list[str]], float]] = {}
        data.apis[site] = self
        time.at(time.seconds + TICK, self._tick)

    @property
    def peer(self) -> StorkApi:
        return self.data.apis["west" if self.site == "east" else "east"]

    def list(self, kind: Kind, *args: Any, **named: Any) -> list[Object]:
        self.check(kind)
        return super().list(kind, *args, **named)

    def get(self, kind: Kind, name: str, namespace: str | None = None) -> Object:
        self.check(kind)
        return super().get(kind, name, namespace)

    def create(self, kind: Kind, body: Object) -> Object:
        self.check(kind)
        stored = copy.deepcopy(body)
        self._uid += 1
        stored["metadata"] |= {"uid": f"{self._uid:07d}-{self.site}", "creationTimestamp": self.now()}
        return super().create(kind, stored)

    def delete(self, kind: Kind, name: str, namespace: str | None = None, uid: str | None = None) -> bool:
        self.check(kind)
        self.writes.append(f"delete {kind.kind}/{namespace}/{name}")
        item = self.objects.get((kind.kind, namespace, name))
        if item and item["metadata"].get("finalizers"):
            item["metadata"].setdefault("deletionTimestamp", self.now())
            return True
        return super().delete(kind, name, namespace, uid)

    def check(self, kind: Kind) -> None:
        if not self.reachable:
            raise Unreachable("GET", site=self.site, seen="timed out")
        if self.failures:
            raise Failed("GET", site=self.site, seen="try again", status=self.failures.pop(0))
        if not self.served and kind.group == STORK:
            raise NotFound("GET", site=self.site, seen="404 page not found", status=404)

    def now(self) -> str:
        return (NOON + timedelta(seconds=self._time.seconds)).isoformat().replace("+00:00", "Z")

    def of(self, kind: str) -> list[Object]:
        return [item for key, item in list(self.objects.items()) if key[0] == kind]

    def find_schedule(self, namespace: str | None, name: str) -> Object | None:
        return self.objects.get((SCHEDULE, namespace, name))

    def make(self, kind: str, namespace: str | None, name: str, body: Object) -> Object:
        """By Stork, whoever asks the API server for what."""
        self._uid += 1
        meta = {"namespace": namespace, "name": name, "uid": f"{self._uid:07d}-{self.site}"}
        meta |= {"creationTimestamp": self.now(), "resourceVersion": "1"} | body.pop("metadata")
        self.objects[kind, namespace, name] = {"kind": kind, "metadata": meta, **body}
        return self.objects[kind, namespace, name]

    def migrations_of(self, schedule: str) -> list[Object]:
        owner = {"kind": SCHEDULE, "name": schedule}
        return [item for item in self.of(MIGRATION) if owner in item["metadata"].get("ownerReferences", [])]

    def _tick(self) -> None:
        self._time.at(self._time.seconds + TICK, self._tick)
        if self.stopped:
            return
        for kind in (SCHEDULE, MIGRATION, ACTION):
            for item in self.of(kind):
                meta = item["metadata"]
                if meta.get("deletionTimestamp"):
                    self._end(kind, meta)
                    continue
                meta["finalizers"] = [FINALIZER]
                if kind == SCHEDULE:
                    self._schedule(item)
                elif kind == MIGRATION:
                    self._migrate(item)
                else:
                    Failover(self, item).step()

    def _end(self, kind: str, meta: Object) -> None:
        del self.objects[kind, meta["namespace"], meta["name"]]
        if kind == SCHEDULE:
            for item in self.migrations_of(meta["name"]):
                self.objects.pop((MIGRATION, meta["namespace"], item["metadata"]["name"]))

    def _schedule(self, item: Object) -> None:
        meta, spec = item["metadata"], item["spec"]
        if (meta.get("annotations") or {}).get(COPIED) or spec["suspend"]:
            return
        if not (self.data.paired and self.peer.reachable):
            return
        remote = self.peer.find_schedule(meta["namespace"], meta["name"])
        if remote is None and spec["autoSuspend"]:
            body = {"metadata": {"labels": dict(meta["labels"]), "annotations": {COPIED: "true"}}}
            body["spec"] = copy.deepcopy(spec) | {"suspend": True}
            self.peer.make(SCHEDULE, meta["namespace"], meta["name"], body)
        elif remote and remote.get("status", {}).get("applicationActivated"):
            spec["suspend"] = True
            return
        mine = self.migrations_of(meta["name"])
        if not any(one["status"]["stage"] != "Final" for one in mine) and not any(
            self._age(one) < EVERY for one in mine
        ):
            owner = {"metadata": {"ownerReferences": [{"kind": SCHEDULE, "name": meta["name"]}]}}
            name = f"{meta['name']}-interval-{int(self._time.seconds * 10)}"
            self.migrate(meta["namespace"], name, owner, spec["template"]["spec"])

    def migrate(self, namespace: str | None, name: str, body: Object, spec: Object) -> Object:
        status = {"stage": "", "status": ""}
        return self.make(MIGRATION, namespace, name, {**body, "spec": copy.deepcopy(spec), "status": status})

    def _migrate(self, item: Object) -> None:
        status, uid = item["status"], item["metadata"]["uid"]
        if status["stage"] == "Final":
            return
        if uid not in self._sending:
            claims = self._claims(item["spec"])
            words = {name: list(self.data.read(self.site, name)) for _space, name in claims}
            self._sending[uid] = (words, self._time.seconds + TRANSFER)
            entries = [{"namespace": space, "persistentVolumeClaim": name} for space, name in claims]
            status |= {"stage": "Volumes", "status": "InProgress", "volumes": entries}
            for entry in entries:
                entry["status"] = "InProgress"
            return
        words, until = self._sending[uid]
        if self._time.seconds >= until:
            self._arrive(status, words)

    def _arrive(self, status: Object, words: dict[str, list[str]]) -> None:
        for entry in status["volumes"]:
            name = entry["persistentVolumeClaim"]
            failed = name in self.data.breaks or not self.data.linked
            entry |= {"status": "Failed" if failed else "Successful", "reason": "no route" if failed else ""}
            if not failed:
                self.data.words[self.peer.site, name] = list(words[name])
        failed = any(entry["status"] == "Failed" for entry in status["volumes"])
        status["stage"] = "Final"
        status["status"] = "Successful" if not failed else "PartialSuccess" if self.partly else "Failed"

    def _claims(self, spec: Object) -> list[tuple[str, str]]:
        """Stork finds the volumes by their claims, and none is no error."""
        return [
            (item["metadata"]["namespace"], item["metadata"]["name"])
            for item in self.of("PersistentVolumeClaim")
            if item["metadata"]["namespace"] in spec["namespaces"]
            and item["metadata"]["name"] not in self.passed_over
            and spec["selectors"].items() <= item["metadata"].get("labels", {}).items()
        ]

    def _age(self, item: Object) -> float:
        made = (NOON.fromisoformat(item["metadata"]["creationTimestamp"]) - NOON).total_seconds()
        return self._time.seconds - made
