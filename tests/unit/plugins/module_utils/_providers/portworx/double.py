# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two sites with portworx_stork behind their API servers, over volumes that are lists of words, in simulated time.

Nothing keeps anybody from writing to a volume, and an object that Stork has seen is gone only when Stork lets it go.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from ansible_collections.ocpvirt.dr.plugins.module_utils._cluster.kinds import Kind
from ansible_collections.ocpvirt.dr.plugins.module_utils._errors import Failed, NotFound, Unreachable
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.portworx.stork import reconcile
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils._providers.portworx.stork_site import (
    CLAIM,
    STORK,
    Object,
)
from ansible_collections.ocpvirt.dr.tests.unit.plugins.module_utils.stand_ins import NOON, MemoryApi, SimulatedTime

TICK, TRANSFER, EVERY = 0.5, 2.0, 60.0


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
    """An API server with Stork behind it, as portworx_stork_site has it. stopped: Stork is down. failures: statuses of
    the next answers. passed_over: claims of another product. unserved: kinds that its version does not have."""

    every = EVERY

    def __init__(self, site: str, time: SimulatedTime, data: Data) -> None:
        super().__init__(site, time.clock())
        self.data = data
        self.reachable = self.served = True
        self.stopped = self.partly = self.forgets = False
        self.failures: list[int] = []
        self.passed_over: set[str] = set()
        self.unserved: set[str] = set()
        self._time = time
        self._uid = 0
        # by uid of a migration: the words that it takes along, and when they will be there
        self._sending: dict[str, tuple[dict[tuple[str, str], list[str]], float]] = {}
        data.apis[site] = self
        time.at(time.seconds + TICK, self._tick)

    def list(self, kind: Kind, *args: Any, **named: Any) -> list[Object]:
        self.check(kind)
        return super().list(kind, *args, **named)

    def get(self, kind: Kind, name: str, namespace: str | None = None) -> Object:
        self.check(kind)
        return super().get(kind, name, namespace)

    def create(self, kind: Kind, body: Object, strict: bool = False) -> Object:
        self.check(kind)
        return super().create(kind, {**body, "metadata": {**body["metadata"], **self._new()}})

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
        if kind.group == STORK and (not self.served or kind.kind in self.unserved):
            raise NotFound("GET", site=self.site, seen="404 page not found", status=404)

    # what follows is Stork's, whoever asks the API server for what

    @property
    def peer(self) -> StorkApi:
        return self.data.apis["west" if self.site == "east" else "east"]

    def reaches_peer(self) -> bool:
        return self.data.paired and self.peer.reachable

    def now(self) -> str:
        return (NOON + timedelta(seconds=self._time.seconds)).isoformat().replace("+00:00", "Z")

    def of(self, kind: str) -> list[Object]:
        found = [item for key, item in list(self.objects.items()) if key[0] == kind]
        return [item for item in found if kind != CLAIM or item["metadata"]["name"] not in self.passed_over]

    def make(self, kind: str, namespace: str, name: str, body: Object) -> Object:
        meta = {"namespace": namespace, "name": name, "resourceVersion": "1", **body["metadata"], **self._new()}
        self.objects[kind, namespace, name] = copy.deepcopy({**body, "kind": kind, "metadata": meta})
        return self.objects[kind, namespace, name]

    def keep_item(self, kind: str, item: Object) -> None:
        """It was changed in place."""

    def end(self, kind: str, item: Object) -> None:
        self.objects.pop((kind, item["metadata"]["namespace"], item["metadata"]["name"]), None)

    def begin(self, uid: str, claims: list[tuple[str, str]]) -> None:
        words = {claim: list(self.data.read(self.site, claim[1])) for claim in claims}
        self._sending[uid] = words, self._time.seconds + TRANSFER

    def has_begun(self, uid: str) -> bool:
        return uid in self._sending

    def is_through(self, uid: str) -> bool:
        return self._time.seconds >= self._sending[uid][1]

    def arrive(self, uid: str) -> dict[tuple[str, str], str]:
        words = self._sending[uid][0]
        failed = {claim: "no route" for claim in words if claim[1] in self.data.breaks or not self.data.linked}
        for claim in words.keys() - failed.keys():
            self.data.words[self.peer.site, claim[1]] = list(words[claim])
        return failed

    def _tick(self) -> None:
        self._time.at(self._time.seconds + TICK, self._tick)
        if not self.stopped:
            reconcile(self)

    def _new(self) -> Object:
        self._uid += 1
        return {"uid": f"{self._uid:07d}-{self.site}", "creationTimestamp": self.now()}
